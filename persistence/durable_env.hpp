#pragma once
/// LevelDB's door to the disk, as fasti opens it. LevelDB 1.23 out of the box loses acknowledged
/// writes in ways that were measured; each rule here closes one of them.
///
/// - The first error of an append, flush, sync or close of a log or MANIFEST latches: from then on
///   all of them fail, so that nothing is acknowledged behind a hole. Only a new open goes on.
/// - Before a new log is made the old one is synced: `sync` of LevelDB covers the current log only.
/// - The directory is synced after a file is made or renamed and before one is removed.
/// - Which logs there are is kept in a file of its own (`expected_logs.hpp`).
/// - Reads are plain reads: with mmap a truncated file is a SIGBUS.
/// - LevelDB takes no lock: its own is lost by a second open in the same process. `database` holds
///   one.

#include <leveldb/env.h>

#include <memory>

#include "persistence/disk.hpp"
#include "persistence/expected_logs.hpp"

namespace fasti::persistence {

/// One for each opening of a database: the latch is the opening's. `logs` must outlive it.
[[nodiscard]] std::unique_ptr<leveldb::Env> make_durable_env(disk& on, expected_logs& logs);

}  // namespace fasti::persistence
