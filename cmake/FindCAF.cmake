# Finds the C++ Actor Framework as CAF::core, CAF::io, CAF::openssl (and CAF::test where it exists).
#
# Upstream's own CMake package comes first: it is what vcpkg, Conan and an installed build of a recent
# tag provide, and -DCMAKE_PREFIX_PATH=... is all it needs. Debian's libcaf-dev ships no CMake files, so
# its headers and libraries are looked up one by one.
#
# Find Threads and OpenSSL before this module: CAF's exported targets use theirs.
find_package(CAF CONFIG QUIET)

if(TARGET CAF::core)
  set(_caf_where "${CAF_DIR}")
  foreach(_caf_component core io openssl test)
    if(TARGET CAF::${_caf_component})
      set(CAF_${_caf_component}_FOUND TRUE)
    endif()
  endforeach()
else()
  find_path(CAF_INCLUDE_DIR caf/config.hpp)
  mark_as_advanced(CAF_INCLUDE_DIR)
  if(CAF_INCLUDE_DIR)
    set(_caf_where "${CAF_INCLUDE_DIR}")
    # 0.17 spells its version as one number: 1706 is 0.17.6, 10100 would be 1.1.0.
    file(STRINGS "${CAF_INCLUDE_DIR}/caf/config.hpp" _caf_version
      REGEX "^#define CAF_VERSION [0-9]+")
    string(REGEX MATCH "[0-9]+" _caf_version "${_caf_version}")
    if(_caf_version)
      math(EXPR _caf_major "${_caf_version} / 10000")
      math(EXPR _caf_minor "${_caf_version} / 100 % 100")
      math(EXPR _caf_patch "${_caf_version} % 100")
      set(CAF_VERSION "${_caf_major}.${_caf_minor}.${_caf_patch}")
    endif()
  endif()
  foreach(_caf_component core io openssl)
    find_library(CAF_${_caf_component}_LIBRARY caf_${_caf_component})
    mark_as_advanced(CAF_${_caf_component}_LIBRARY)
    if(CAF_INCLUDE_DIR AND CAF_${_caf_component}_LIBRARY)
      set(CAF_${_caf_component}_FOUND TRUE)
      add_library(CAF::${_caf_component} UNKNOWN IMPORTED)
      set_target_properties(CAF::${_caf_component} PROPERTIES
        IMPORTED_LOCATION "${CAF_${_caf_component}_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${CAF_INCLUDE_DIR}")
    endif()
  endforeach()
  if(TARGET CAF::core)
    set_property(TARGET CAF::core PROPERTY INTERFACE_LINK_LIBRARIES Threads::Threads)
  endif()
  if(TARGET CAF::io)
    set_property(TARGET CAF::io PROPERTY INTERFACE_LINK_LIBRARIES CAF::core)
  endif()
  if(TARGET CAF::openssl)
    set_property(TARGET CAF::openssl PROPERTY
      INTERFACE_LINK_LIBRARIES CAF::io OpenSSL::SSL OpenSSL::Crypto)
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CAF
  REQUIRED_VARS _caf_where VERSION_VAR CAF_VERSION HANDLE_COMPONENTS
  REASON_FAILURE_MESSAGE "On Debian: apt-get install libcaf-dev")
