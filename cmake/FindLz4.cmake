# Finds LZ4 as lz4::lz4: upstream's own CMake package first (vcpkg, Conan), else the header and
# library of a distribution.
find_package(lz4 CONFIG QUIET)
if(TARGET lz4::lz4)
  set(_lz4_where "${lz4_DIR}")
elseif(TARGET LZ4::lz4_shared OR TARGET LZ4::lz4_static)
  set(_lz4_where "${lz4_DIR}")
  add_library(lz4::lz4 INTERFACE IMPORTED)
  if(TARGET LZ4::lz4_shared)
    target_link_libraries(lz4::lz4 INTERFACE LZ4::lz4_shared)
  else()
    target_link_libraries(lz4::lz4 INTERFACE LZ4::lz4_static)
  endif()
else()
  find_path(Lz4_INCLUDE_DIR lz4.h)
  find_library(Lz4_LIBRARY lz4)
  mark_as_advanced(Lz4_INCLUDE_DIR Lz4_LIBRARY)
  if(Lz4_INCLUDE_DIR AND Lz4_LIBRARY)
    set(_lz4_where "${Lz4_LIBRARY}")
    add_library(lz4::lz4 UNKNOWN IMPORTED)
    set_target_properties(lz4::lz4 PROPERTIES
      IMPORTED_LOCATION "${Lz4_LIBRARY}"
      INTERFACE_INCLUDE_DIRECTORIES "${Lz4_INCLUDE_DIR}")
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Lz4
  REQUIRED_VARS _lz4_where
  REASON_FAILURE_MESSAGE "On Debian: apt-get install liblz4-dev")
