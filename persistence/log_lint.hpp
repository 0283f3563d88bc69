#pragma once
/// Reads a LevelDB's MANIFEST and logs before LevelDB does, and tells a write that a crash cut
/// short (it was never acknowledged: LevelDB may drop it) from damage (LevelDB 1.23 drops what
/// follows within the last 32 KiB of a log and at the end of a MANIFEST, and says OK).
///
/// With every batch synced before the next one begins, only the last record of the newest log can
/// be torn. So anything unreadable with the beginning of a later record behind it, or in a log that
/// is not the newest, is damage. What cannot be told: rot in the very last record of all looks like
/// a torn write. A journal that was closed has its last position in a file of its own for that.
///
/// The layout that is read (LevelDB, doc/log_format.md): blocks of 32 KiB; records of
/// crc32c u32 (masked), length u16, type u8 (1 whole, 2 first, 3 middle, 4 last), data.

#include <functional>
#include <map>
#include <string_view>
#include <vector>

#include "persistence/disk.hpp"
#include "persistence/expected_logs.hpp"

namespace fasti::persistence {

/// What one log holds.
struct log_scan {
  enum class state : std::uint8_t { whole, torn, damaged };
  state found = state::whole;
  std::uint64_t bad_at = 0;    ///< Offset of what cannot be read, if there is such a thing.
  std::uint64_t later_at = 0;  ///< Damaged: a later record begins here.
  std::uint64_t records = 0;   ///< Good ones, before `bad_at`.
  std::string last_record;     ///< The last good one.
};

enum class log_kind : std::uint8_t { batches, manifest };

/// `each`, if there is one, is called with every good record, in order.
[[nodiscard]] log_scan scan_log(std::string_view bytes, log_kind kind,
                                const std::function<void(std::string_view)>& each = {});

/// What a MANIFEST says is there, as far as opening depends on it.
struct manifest_state {
  std::uint64_t log_number = 0;                   ///< Logs from here on are needed.
  std::map<std::uint64_t, std::uint64_t> tables;  ///< Number → bytes.
};
/// Applies one record of a MANIFEST; false: it is not one.
[[nodiscard]] bool apply_edit(std::string_view record, manifest_state& state);

/// What the end of the newest log may look like. A journal that was closed cannot have a torn
/// record. One that was not synced a batch had many records on their way: a cut may have kept a
/// later one of them and not an earlier, so what follows the first that is bad was never owed.
enum class log_tail : std::uint8_t { may_be_torn, must_be_whole, may_have_holes };

/// A log that ends in a record that was cut short.
struct torn_log {
  std::string file;
  std::uint64_t good_bytes = 0;
};

/// Checks a database that nobody has open, and says which logs are torn. Errors: `corrupt`, naming
/// file, offset and the last good position before it. The directory is untouched. No CURRENT:
/// nothing to check.
[[nodiscard]] result<std::vector<torn_log>> lint_database(disk& on, const std::string& directory,
                                                          const expected_logs& logs, log_tail tail);

}  // namespace fasti::persistence
