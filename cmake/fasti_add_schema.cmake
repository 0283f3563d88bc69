# fasti_add_schema(<target> [BASE <dir>] [IMPORT_DIRS <dir>...] <file.capnp>...)
#
# Compiles Cap'n Proto schemas into <target>. A schema `bank.capnp` is then included as "bank.capnp.h";
# one in a folder, `schemas/bank.capnp`, as "schemas/bank.capnp.h" or "bank.capnp.h". Whoever links
# <target> can include them too.
#
# BASE         what the paths of the generated headers are relative to; default is the current folder
# IMPORT_DIRS  more places where `import "/dir/file.capnp"` is looked for; Cap'n Proto's own
#              `import "/capnp/c++.capnp"` always works
#
# Call it in the folder that made <target>. Each target gets headers of its own, so two targets may
# compile the same schema; link only one of the two into a program.
include_guard(GLOBAL)

function(fasti_add_schema target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "BASE" "IMPORT_DIRS")
  fasti_check_schema_call("${target}" "${arg_UNPARSED_ARGUMENTS}")
  if(NOT arg_BASE)
    set(arg_BASE "${CMAKE_CURRENT_SOURCE_DIR}")
  endif()
  get_filename_component(base "${arg_BASE}" ABSOLUTE)

  set(schemas)
  foreach(file IN LISTS arg_UNPARSED_ARGUMENTS)
    get_filename_component(schema "${file}" ABSOLUTE)
    if(NOT EXISTS "${schema}")
      message(FATAL_ERROR "fasti_add_schema(${target}): there is no file ${schema}")
    endif()
    list(APPEND schemas "${schema}")
  endforeach()

  set(imports -I "${base}" -I "${CAPNP_INCLUDE_DIRECTORY}")
  foreach(dir IN LISTS arg_IMPORT_DIRS)
    get_filename_component(dir "${dir}" ABSOLUTE)
    list(APPEND imports -I "${dir}")
  endforeach()

  set(out "${CMAKE_CURRENT_BINARY_DIR}/${target}.schemas")
  set(include_dirs "${out}")
  foreach(schema IN LISTS schemas)
    file(RELATIVE_PATH name "${base}" "${schema}")
    if(name MATCHES "^\\.\\./")
      message(FATAL_ERROR "fasti_add_schema(${target}): ${schema} is not below ${base}; say BASE <dir>")
    endif()
    get_filename_component(dir "${out}/${name}" DIRECTORY)
    file(MAKE_DIRECTORY "${dir}")
    list(APPEND include_dirs "${dir}")
    # All schemas of the call are dependencies of each: they may import one another.
    add_custom_command(
      OUTPUT "${out}/${name}.c++" "${out}/${name}.h"
      COMMAND "${CAPNP_EXECUTABLE}" compile "-o${CAPNPC_CXX_EXECUTABLE}:${out}"
        "--src-prefix=${base}" ${imports} "${schema}"
      DEPENDS ${schemas}
      COMMENT "Compiling schema ${name}"
      VERBATIM)
    target_sources(${target} PRIVATE "${out}/${name}.c++" "${out}/${name}.h")
    set_source_files_properties("${out}/${name}.c++" PROPERTIES
      COMPILE_OPTIONS -w LANGUAGE CXX SKIP_LINTING ON)
  endforeach()

  list(REMOVE_DUPLICATES include_dirs)
  foreach(dir IN LISTS include_dirs)
    # SYSTEM: generated code is not held to the includer's warnings.
    target_include_directories(${target} SYSTEM PUBLIC "$<BUILD_INTERFACE:${dir}>")
  endforeach()
  # As properties, because target_link_libraries() would force the caller into one of its two dialects.
  set_property(TARGET ${target} APPEND PROPERTY LINK_LIBRARIES CapnProto::capnp)
  set_property(TARGET ${target} APPEND PROPERTY INTERFACE_LINK_LIBRARIES CapnProto::capnp)
endfunction()

# Every mistake of a caller ends in one line that says what to do.
function(fasti_check_schema_call target files)
  if(NOT TARGET "${target}")
    message(FATAL_ERROR "fasti_add_schema: there is no target `${target}`; make it first")
  endif()
  if(NOT files)
    message(FATAL_ERROR "fasti_add_schema(${target}): name at least one .capnp file")
  endif()
  get_target_property(home "${target}" SOURCE_DIR)
  if(NOT home STREQUAL CMAKE_CURRENT_SOURCE_DIR)
    message(FATAL_ERROR "fasti_add_schema(${target}): call it in ${home}, where the target is made")
  endif()
  if(NOT CAPNP_EXECUTABLE OR NOT EXISTS "${CAPNP_EXECUTABLE}")
    message(FATAL_ERROR "fasti_add_schema: the Cap'n Proto compiler `capnp` is missing; "
      "on Debian: apt-get install capnproto")
  endif()
endfunction()
