# The package that `find_package(fasti)` finds. The Find modules and fasti_add_schema go along, so that
# a user's project needs nothing of ours but the package.
include(CMakePackageConfigHelpers)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/fasti")

get_property(rooms GLOBAL PROPERTY FASTI_ROOMS)
# An export of its own for each that stands on a library of its own: where that is missing the rest of
# the package is found all the same.
foreach(optional IN ITEMS histories sqlite)
  if(TARGET fasti_${optional})
    list(REMOVE_ITEM rooms fasti_${optional})
    install(TARGETS fasti_${optional} EXPORT fasti-${optional}
      ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
    install(EXPORT fasti-${optional} NAMESPACE fasti:: FILE fasti-${optional}-targets.cmake
      DESTINATION "${package_dir}")
  endif()
endforeach()
install(TARGETS ${rooms} EXPORT fasti
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(EXPORT fasti NAMESPACE fasti:: FILE fasti-targets.cmake DESTINATION "${package_dir}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/runtime/include/fasti"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.hpp")

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/fasti-config.cmake.in"
  "${PROJECT_BINARY_DIR}/fasti-config.cmake" INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/fasti-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/fasti-config.cmake"
  "${PROJECT_BINARY_DIR}/fasti-config-version.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindCAF.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindLevelDB.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindLz4.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindXxHash.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/fasti_add_schema.cmake"
  DESTINATION "${package_dir}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
