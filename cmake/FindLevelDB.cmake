# Finds LevelDB as leveldb::leveldb.
#
# LevelDB's own CMake package comes first. Debian's puts a bare `snappy` on the link line although its
# shared library has resolved snappy already, which fails where libsnappy-dev is not installed; the
# name is dropped there.
find_package(leveldb CONFIG QUIET)
if(TARGET leveldb::leveldb)
  get_target_property(_leveldb_type leveldb::leveldb TYPE)
  if(_leveldb_type STREQUAL "SHARED_LIBRARY")
    get_target_property(_leveldb_links leveldb::leveldb INTERFACE_LINK_LIBRARIES)
    list(REMOVE_ITEM _leveldb_links snappy NOTFOUND _leveldb_links-NOTFOUND)
    set_target_properties(leveldb::leveldb PROPERTIES INTERFACE_LINK_LIBRARIES "${_leveldb_links}")
  endif()
  set(LevelDB_VERSION "${leveldb_VERSION}")
  set(_leveldb_where "${leveldb_DIR}")
else()
  find_path(LevelDB_INCLUDE_DIR leveldb/db.h)
  find_library(LevelDB_LIBRARY leveldb)
  mark_as_advanced(LevelDB_INCLUDE_DIR LevelDB_LIBRARY)
  if(LevelDB_INCLUDE_DIR AND LevelDB_LIBRARY)
    set(_leveldb_where "${LevelDB_LIBRARY}")
    file(STRINGS "${LevelDB_INCLUDE_DIR}/leveldb/db.h" _leveldb_version REGEX "k(Major|Minor)Version = ")
    string(REGEX REPLACE "[^0-9]*([0-9]+)[^0-9]+([0-9]+).*" "\\1.\\2" LevelDB_VERSION "${_leveldb_version}")
    add_library(leveldb::leveldb UNKNOWN IMPORTED)
    set_target_properties(leveldb::leveldb PROPERTIES
      IMPORTED_LOCATION "${LevelDB_LIBRARY}"
      INTERFACE_INCLUDE_DIRECTORIES "${LevelDB_INCLUDE_DIR}"
      INTERFACE_LINK_LIBRARIES Threads::Threads)
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LevelDB
  REQUIRED_VARS _leveldb_where VERSION_VAR LevelDB_VERSION
  REASON_FAILURE_MESSAGE "On Debian: apt-get install libleveldb-dev")
