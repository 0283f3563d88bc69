# fasti_test(NAME persistence SOURCES a_test.cpp b_test.cpp LIBS fasti::persistence
#            [LABELS ...] [DEFINES ...] [NEEDS <target>...] [TIMEOUT_S n])
#
# Makes the program persistence_tests from one folder's tests and registers every TEST of it with ctest
# as persistence.<Suite>.<Name>. NEEDS names programs the tests start, so that they are built first.
function(fasti_test)
  cmake_parse_arguments(arg "" "NAME;TIMEOUT_S" "SOURCES;LIBS;LABELS;DEFINES;NEEDS" ${ARGN})
  if(NOT arg_TIMEOUT_S)
    set(arg_TIMEOUT_S 60)
  endif()
  if(FASTI_SANITIZED)
    math(EXPR arg_TIMEOUT_S "${arg_TIMEOUT_S} * 4")
  endif()
  set(target ${arg_NAME}_tests)
  add_executable(${target} ${arg_SOURCES})
  fasti_own_target(${target})
  target_include_directories(${target} PRIVATE "${fasti_SOURCE_DIR}")
  target_compile_definitions(${target} PRIVATE ${arg_DEFINES})
  target_link_libraries(${target} PRIVATE ${arg_LIBS} GTest::gtest_main)
  if(arg_NEEDS)
    add_dependencies(${target} ${arg_NEEDS})
  endif()
  # Discovered when the tests run, not when they are built: building needs no run of a slow program.
  gtest_discover_tests(${target} DISCOVERY_MODE PRE_TEST TEST_PREFIX "${arg_NAME}."
    PROPERTIES TIMEOUT ${arg_TIMEOUT_S} LABELS "${arg_NAME};${arg_LABELS}")
endfunction()

# fasti_compile_fail_test(NAME decider_without_evolve SOURCE case.cpp EXPECT "account.*evolve" [LIBS ...])
#
# Passes when the compiler refuses SOURCE and the first line that says "error:" matches EXPECT. The build's
# compiler and clang++, if it is there, are a test each. LIBS give include folders and definitions.
function(fasti_compile_fail_test)
  cmake_parse_arguments(arg "" "NAME;SOURCE;EXPECT" "LIBS" ${ARGN})
  fasti_syntax_test(compile_fail.${arg_NAME} "${arg_SOURCE}" "${arg_EXPECT}" "${arg_LIBS}")
endfunction()

# fasti_compile_pass_test(NAME ... SOURCE ... [LIBS ...]): the twin, without which a refusal proves little.
function(fasti_compile_pass_test)
  cmake_parse_arguments(arg "" "NAME;SOURCE" "LIBS" ${ARGN})
  fasti_syntax_test(compile_pass.${arg_NAME} "${arg_SOURCE}" "" "${arg_LIBS}")
endfunction()

function(fasti_syntax_test name source expect libs)
  if(NOT libs)
    set(libs fasti::api)
  endif()
  get_filename_component(source "${source}" ABSOLUTE)
  set(flags)
  foreach(lib IN LISTS libs)
    list(APPEND flags "$<TARGET_PROPERTY:${lib},INTERFACE_INCLUDE_DIRECTORIES>")
  endforeach()
  find_program(FASTI_CLANGXX clang++)
  mark_as_advanced(FASTI_CLANGXX)
  set(brands)
  foreach(compiler IN ITEMS "${CMAKE_CXX_COMPILER}" "${FASTI_CLANGXX}")
    get_filename_component(brand "${compiler}" NAME)
    if(compiler AND NOT brand IN_LIST brands)
      list(APPEND brands "${brand}")
      add_test(NAME ${name}.${brand} COMMAND "${CMAKE_COMMAND}"
        "-Dcompiler=${compiler}" "-Dsource=${source}" "-Dexpect=${expect}"
        "-Dinclude_dirs=$<JOIN:${flags},|>"
        -P "${fasti_SOURCE_DIR}/tests/compile_fail/run.cmake")
      set_tests_properties(${name}.${brand} PROPERTIES TIMEOUT 120 LABELS compile_fail)
    endif()
  endforeach()
endfunction()
