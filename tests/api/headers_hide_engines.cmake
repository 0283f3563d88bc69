# What a user's file includes through the public headers, all the way down, holds no engine's header.
# fasti/caf.hpp is left out of `everything`: it is there for CAF's users.
set(dirs "$<TARGET_PROPERTY:fasti::api,INTERFACE_INCLUDE_DIRECTORIES>")
add_test(NAME api.public_headers_hide_the_engines
  COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/headers_hide_engines.sh" "${CMAKE_CXX_COMPILER}" "${everything}"
    "$<$<BOOL:${dirs}>:-isystem$<JOIN:${dirs},;-isystem>>"
  COMMAND_EXPAND_LISTS)
set_tests_properties(api.public_headers_hide_the_engines PROPERTIES TIMEOUT 60 LABELS api)
