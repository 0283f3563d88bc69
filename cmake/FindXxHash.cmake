# Finds xxHash as xxhash::xxhash: upstream's own CMake package first (vcpkg, Conan), else the header
# and library of a distribution.
find_package(xxHash CONFIG QUIET)
if(TARGET xxHash::xxhash)
  set(_xxhash_where "${xxHash_DIR}")
  if(NOT TARGET xxhash::xxhash)
    add_library(xxhash::xxhash INTERFACE IMPORTED)
    target_link_libraries(xxhash::xxhash INTERFACE xxHash::xxhash)
  endif()
else()
  find_path(XxHash_INCLUDE_DIR xxhash.h)
  find_library(XxHash_LIBRARY xxhash)
  mark_as_advanced(XxHash_INCLUDE_DIR XxHash_LIBRARY)
  if(XxHash_INCLUDE_DIR AND XxHash_LIBRARY)
    set(_xxhash_where "${XxHash_LIBRARY}")
    if(NOT TARGET xxhash::xxhash)
      add_library(xxhash::xxhash UNKNOWN IMPORTED)
      set_target_properties(xxhash::xxhash PROPERTIES
        IMPORTED_LOCATION "${XxHash_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${XxHash_INCLUDE_DIR}")
    endif()
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(XxHash
  REQUIRED_VARS _xxhash_where
  REASON_FAILURE_MESSAGE "On Debian: apt-get install libxxhash-dev")
