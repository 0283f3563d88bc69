#pragma once
/// Backups of a journal while it is in use, and journals made from backups. A backup is an archive:
/// one file (or stream) with the journal's events up to one position, checksummed from end to end.
/// Views and snapshots are not in it: they are made again from the events.
///
///     auto whole = fasti::back_up(rt.journal(), "monday.fastiarc");
///     auto more  = fasti::back_up(rt.journal(), "tuesday.fastiarc", whole->last);
///     …
///     fasti::restore("monday.fastiarc", "elsewhere.fasti");
///     fasti::import_archive("tuesday.fastiarc", "elsewhere.fasti");
///
/// All of it blocks; call it from a thread of your own.

#include <string>

#include "fasti/journal.hpp"

namespace fasti {

/// Writes what lies behind `after`, up to the head at this moment, to a new file. Reading only:
/// commits go on meanwhile. The file has its name only when all of it is on the disk.
/// Errors: `invalid` ("file-exists"; "no-archive" for a journal in memory), `corrupt` when the
/// journal is damaged, `unavailable` when the disk says no.
[[nodiscard]] result<archive_summary> back_up(const journal& from, const std::string& file,
                                              position after = no_position);

/// Reads all of a backup and checks it. Errors: `corrupt` ("archive-damaged"), naming byte and
/// position.
[[nodiscard]] result<archive_summary> verify_backup(const std::string& file);

/// Makes the journal anew in a directory that is missing or empty. It keeps its id: it *is* that
/// journal, so do not go on with both. Cut short it leaves a directory that is refused when it is
/// opened; remove it and restore again.
[[nodiscard]] result<archive_summary> restore(const std::string& file,
                                              const std::string& directory);

/// Adds the events of a later backup to a journal that is closed. Cut short it leaves a beginning,
/// and goes on from there when it is called again. Errors: `invalid` ("foreign-archive",
/// "archive-gap").
[[nodiscard]] result<archive_summary> import_archive(const std::string& file,
                                                     const std::string& directory);

}  // namespace fasti
