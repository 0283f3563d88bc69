#pragma once
/// The file that makes a directory a journal: `identity`, four lines of text.
///
///     fasti journal
///     format 1
///     id 0193…                     (32 hexadecimal digits)
///     checksum 5a3e…               (XXH3-64 of the lines above)

#include <optional>
#include <string>

#include "fasti/ids.hpp"
#include "fasti/options.hpp"
#include "persistence/disk.hpp"

namespace fasti::persistence {

inline constexpr int journal_format = 1;

/// The journal's id; none when the directory is missing or holds no identity. Errors: `invalid` for
/// a newer format (both are named) or a restore that was cut short, `corrupt` when the file is not
/// what was written.
[[nodiscard]] result<std::optional<unique_id>> find_identity(disk& on,
                                                             const std::string& directory);

/// Makes the directory ready for a new journal. The identity comes last, so a creation that was cut
/// short has none: what it left (it has a file `creating`) is removed. Hold what is returned until
/// the journal is made: it keeps a second creator from sweeping this one's files away. Errors:
/// `invalid` when `missing` says no, or when the directory has files of somebody else's in it;
/// `unavailable` when another one is making a journal there.
[[nodiscard]] result<std::unique_ptr<disk_lock>> begin_creation(disk& on,
                                                                const std::string& directory,
                                                                when_missing missing);

/// A journal that was closed says where it ended, in the file `closed` (`head 42`, and a checksum):
/// rot at the very end of the newest log looks like a write that was cut short, but for this.
[[nodiscard]] result<void> note_closed(disk& on, const std::string& directory, position head);
/// What it says; nothing when the journal was not closed, or the file is damaged.
[[nodiscard]] std::optional<position> closed_at(disk& on, const std::string& directory);
/// From here on it may grow: gone from the disk when it returns.
[[nodiscard]] result<void> forget_closed(disk& on, const std::string& directory);

/// A journal whose batches are not synced one by one says so, in the file `relaxed`, from before
/// its first append until it was closed: after a power cut its log may have holes.
[[nodiscard]] result<void> note_relaxed(disk& on, const std::string& directory);
[[nodiscard]] bool was_relaxed(const disk& on, const std::string& directory);
[[nodiscard]] result<void> forget_relaxed(disk& on, const std::string& directory);

/// Other notes of one number: a file `name` with the line `word 42`, and a checksum.
[[nodiscard]] result<void> write_marker(disk& on, const std::string& directory, const char* name,
                                        const char* word, std::uint64_t number);
/// Nothing when it is not there, or damaged.
[[nodiscard]] std::optional<std::uint64_t> read_marker(disk& on, const std::string& directory,
                                                       const char* name, const char* word);
/// Gone from the disk when it returns.
[[nodiscard]] result<void> forget_marker(disk& on, const std::string& directory, const char* name);

/// Makes the directory a journal: written beside, synced, renamed, directory synced.
[[nodiscard]] result<unique_id> finish_creation(disk& on, const std::string& directory);

/// Makes an empty or missing directory ready for a journal from elsewhere; until it is finished
/// it has a file `restoring`, and whoever opens it is refused.
[[nodiscard]] result<void> begin_restore(disk& on, const std::string& directory);
[[nodiscard]] result<void> finish_restore(disk& on, const std::string& directory, unique_id id);

}  // namespace fasti::persistence
