#pragma once
/// LevelDB's door to the disk, as fasti opens it. LevelDB 1.23 out of the box loses acknowledged
/// writes in ways that were measured; each rule here closes one of them.
///
/// - The first error of an append, flush, sync or close of a log or MANIFEST latches: from then on
///   all of them fail, so that nothing is acknowledged behind a hole. Only a new open goes on.
/// - Before a new log is made the old one is synced: `sync` of LevelDB covers the current log only.
/// - The directory is synced after a file is made or renamed and before one is removed.
/// - Reads are `pread`: with mmap a truncated file is a SIGBUS.
/// - The lock is taken on the file itself (device and inode), in a table of this process before the
///   file is even opened, so that a second open, by whatever spelling of the path, cannot release
///   it.
/// - Files are 0600, directories 0700.

#include <leveldb/env.h>

#include <memory>

namespace fasti::persistence {

/// Wraps `base` (LevelDB's default one as a rule), which must outlive it. One for each database:
/// the latch is the database's.
[[nodiscard]] std::unique_ptr<leveldb::Env> make_durable_env(leveldb::Env* base);

}  // namespace fasti::persistence
