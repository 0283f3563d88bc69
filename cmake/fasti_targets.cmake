# What every target of this repository shares. Nothing here is global: a project that adds fasti with
# add_subdirectory() keeps its own flags.

# Warnings for our own code, and only when fasti is the project being built.
function(fasti_own_target target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES
    CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
  # What is fetched ahead is written to next (fasti/detail/fetch.hpp). Every x86-64 processor knows
  # that instruction; an old one takes no notice of it.
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    target_compile_options(${target} PRIVATE -mprfchw)
  endif()
  if(PROJECT_IS_TOP_LEVEL)
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
      -Wsign-conversion -Wold-style-cast
      # g++ 12 warns of overlaps inside its own std::string (GCC PR 105651).
      $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict> $<$<BOOL:${FASTI_WERROR}>:-Werror>)
    # Instrumented, or inlining all it can, g++ 12 loses track of what <regex> and std::optional set;
    # the plain build keeps the warning.
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND
       (CMAKE_CXX_FLAGS MATCHES "-fsanitize" OR CMAKE_BUILD_TYPE STREQUAL "Release"))
      target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
    endif()
  endif()
endfunction()

# fasti_room(core) makes the target fasti_core, called fasti::core by everyone else. Inside the house
# an include names the room it enters ("runtime/core/aggregate.hpp"), so the layer rules can be read
# off the include lines; the tidy test reads them.
# A room without a source yet is an INTERFACE library, so that the house builds while it is furnished.
function(fasti_room name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;SCHEMAS;PUBLIC;PRIVATE")
  set(target fasti_${name})
  if(arg_SOURCES OR arg_SCHEMAS)
    add_library(${target} STATIC ${arg_SOURCES})
    fasti_own_target(${target})
    target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${fasti_SOURCE_DIR}>)
    target_link_libraries(${target} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE})
    if(arg_SCHEMAS)
      fasti_add_schema(${target} BASE ${fasti_SOURCE_DIR} ${arg_SCHEMAS})
    endif()
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE $<BUILD_INTERFACE:${fasti_SOURCE_DIR}>)
    target_link_libraries(${target} INTERFACE ${arg_PUBLIC} ${arg_PRIVATE})
  endif()
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  add_library(fasti::${name} ALIAS ${target})
  set_property(GLOBAL APPEND PROPERTY FASTI_ROOMS ${target})
endfunction()
