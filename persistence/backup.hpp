#pragma once
/// Archives as files, and journals made from them. `fasti/backup.hpp` is the way in for users.

#include "persistence/archive.hpp"
#include "persistence/disk.hpp"

namespace fasti::persistence {

/// Writes an archive of everything behind `after` to a new file. It has its name only when all of
/// it is on the disk. Errors: `invalid` ("file-exists"), what the journal or the disk says.
[[nodiscard]] result<archive_summary> back_up(disk& on, const journal& from,
                                              const std::string& file, position after);
/// Reads all of it, and changes nothing.
[[nodiscard]] result<archive_summary> verify_backup(disk& on, const std::string& file);
/// Makes a journal from an archive that begins at the beginning, in a directory that is missing or
/// empty. One that was cut short has a file `restoring` in it and is refused when it is opened.
[[nodiscard]] result<archive_summary> restore(disk& on, byte_source from,
                                              const std::string& directory);
[[nodiscard]] result<archive_summary> restore(disk& on, const std::string& file,
                                              const std::string& directory);
/// Adds what a journal that is closed does not have yet from a later archive of the same journal.
/// Cut short it leaves a beginning; again it goes on from there. Errors: `invalid`
/// ("foreign-archive") for another journal, ("archive-gap") when events between are missing.
[[nodiscard]] result<archive_summary> import_archive(disk& on, byte_source from,
                                                     const std::string& directory);
[[nodiscard]] result<archive_summary> import_archive(disk& on, const std::string& file,
                                                     const std::string& directory);

}  // namespace fasti::persistence
