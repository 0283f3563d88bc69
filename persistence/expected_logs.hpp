#pragma once
/// Which logs a LevelDB must have. LevelDB itself opens clean, and empty, when its log has
/// vanished, and takes an old state for the newest when the end of its MANIFEST is damaged. The
/// file `LOGS` beside them tells; one line each, in the order in which it happened:
///
///     +000012 1c9a…      the log has been made and may hold acknowledged writes
///     -000009 83b0…      the log is about to be removed: all of it is in tables that MANIFEST
///     names
///
/// The second word is XXH3-64 of the first. A line is synced before what it tells counts, so after
/// a crash a log may be there that is not expected (it is empty) or one that was to go (it is not
/// needed), never the other way round. A line that is damaged is as if it were not there.

#include <map>
#include <memory>
#include <mutex>

#include "fasti/ids.hpp"
#include "persistence/disk.hpp"

namespace fasti::persistence {

class expected_logs {
 public:
  /// Reads `directory`/LOGS. Not there: nothing is expected.
  [[nodiscard]] static result<std::unique_ptr<expected_logs>> read(disk& on,
                                                                   const std::string& directory);

  /// Logs numbered `from` and above that must be there and are not, or that `MANIFEST` wants though
  /// they were let go: `corrupt` ("log-missing").
  [[nodiscard]] result<void> check(std::uint64_t from) const;

  /// Begins a new file with what is known; until then nothing can be noted.
  [[nodiscard]] io_code begin();
  [[nodiscard]] io_code note_made(std::uint64_t log);
  [[nodiscard]] io_code note_removed(std::uint64_t log);

 private:
  expected_logs(disk& on, std::string directory) : on_(on), directory_(std::move(directory)) {}
  void take(std::string_view line);
  io_code note(char what, std::uint64_t log);
  [[nodiscard]] std::string file() const { return directory_ + "/LOGS"; }

  disk& on_;
  const std::string directory_;
  std::mutex mutex_;
  // Protected by mutex_:
  std::map<std::uint64_t, bool> logs_;  // true: made, false: let go
  std::unique_ptr<disk_file> out_;
};

/// 12 → "000012", as LevelDB names its files.
[[nodiscard]] std::string file_number_text(std::uint64_t number);
/// "000012.log" → 12; 0 for every other name.
[[nodiscard]] std::uint64_t log_number(std::string_view name);

}  // namespace fasti::persistence
