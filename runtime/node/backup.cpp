#include "fasti/backup.hpp"

#include "persistence/backup.hpp"

namespace fasti {

result<archive_summary> back_up(const journal& from, const std::string& file, position after) {
  return persistence::back_up(persistence::posix_disk(), from, file, after);
}

result<archive_summary> verify_backup(const std::string& file) {
  return persistence::verify_backup(persistence::posix_disk(), file);
}

result<archive_summary> restore(const std::string& file, const std::string& directory) {
  return persistence::restore(persistence::posix_disk(), file, directory);
}

result<archive_summary> import_archive(const std::string& file, const std::string& directory) {
  return persistence::import_archive(persistence::posix_disk(), file, directory);
}

}  // namespace fasti
