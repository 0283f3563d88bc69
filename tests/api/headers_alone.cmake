# Every public header compiles alone, as the first thing a user's file includes, under our warnings.
# The list is read from the folder: a header cannot be forgotten.
file(GLOB headers CONFIGURE_DEPENDS RELATIVE "${fasti_SOURCE_DIR}/runtime/include"
  "${fasti_SOURCE_DIR}/runtime/include/fasti/*.hpp"
  "${fasti_SOURCE_DIR}/runtime/include/fasti/testing/*.hpp")
set(alone)
set(together "")
foreach(header IN LISTS headers)
  string(MAKE_C_IDENTIFIER "${header}" id)
  set(source "${CMAKE_CURRENT_BINARY_DIR}/alone/${id}.cpp")
  file(CONFIGURE OUTPUT "${source}"
    CONTENT "#include <@header@>\n#include <@header@> // twice: the guard holds\n" @ONLY)
  if(header STREQUAL "fasti/caf.hpp")
    set(caf_source "${source}")
  else()
    list(APPEND alone "${source}")
    if(NOT header MATCHES "/testing/") # tests pay for that
      string(APPEND together "#include <${header}>\n")
    endif()
  endif()
endforeach()
set(everything "${CMAKE_CURRENT_BINARY_DIR}/alone/everything.cpp")
file(CONFIGURE OUTPUT "${everything}" CONTENT "${together}int main() {}\n")

# Not part of `all`, so that a header in the middle of an edit fails this one test and not the build.
add_library(fasti_headers_alone OBJECT EXCLUDE_FROM_ALL ${alone})
fasti_own_target(fasti_headers_alone)
target_link_libraries(fasti_headers_alone PRIVATE fasti::api)
if(caf_source)
  add_library(fasti_caf_header_alone OBJECT EXCLUDE_FROM_ALL "${caf_source}")
  fasti_own_target(fasti_caf_header_alone)
  target_link_libraries(fasti_caf_header_alone PRIVATE fasti::api CAF::core)
  add_dependencies(fasti_headers_alone fasti_caf_header_alone)
endif()
add_test(NAME api.public_headers_compile_alone COMMAND "${CMAKE_COMMAND}"
  --build "${CMAKE_BINARY_DIR}" --target fasti_headers_alone)
set_tests_properties(api.public_headers_compile_alone PROPERTIES
  TIMEOUT 300 LABELS api RESOURCE_LOCK build_tree)

# What all of them cost a user's file (less than a second on an idle machine), as a ratio to the std
# headers that such a file includes anyway; the figures are printed.
if(NOT FASTI_SANITIZED)
  set(dirs "$<TARGET_PROPERTY:fasti::api,INTERFACE_INCLUDE_DIRECTORIES>")
  add_test(NAME api.public_headers_are_cheap_to_include
    COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/compile_time.sh" 250 "${CMAKE_CXX_COMPILER}" "${everything}"
      "$<$<BOOL:${dirs}>:-isystem$<JOIN:${dirs},;-isystem>>"
    COMMAND_EXPAND_LISTS)
  set_tests_properties(api.public_headers_are_cheap_to_include PROPERTIES
    TIMEOUT 120 LABELS api RUN_SERIAL ON)
endif()
