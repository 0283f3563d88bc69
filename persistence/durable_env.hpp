#pragma once
/// LevelDB's door to the disk, as fasti opens it. LevelDB 1.23 out of the box loses acknowledged
/// writes in ways that were measured; most rules here close one of them.
///
/// - The first error of an append, flush, sync or close of a log or MANIFEST latches: from then on
///   nothing is written, made, renamed or removed through this Env, so that nothing is acknowledged
///   behind a hole and whoever opens the directory next has it alone. Reading goes on.
/// - Before a new log is made the old one is synced: `sync` of LevelDB covers the current log only.
/// - The directory is synced after a file is made or renamed and before one is removed.
/// - Which logs there are is kept in a file of its own (`expected_logs.hpp`).
/// - Reads are plain reads: with mmap a truncated file is a SIGBUS.
/// - Each database merges on a thread of its own, which gives way.
/// - LevelDB takes no lock: its own is lost by a second open in the same process. `database` holds
///   one.

#include <leveldb/env.h>

#include <memory>

#include "persistence/disk.hpp"
#include "persistence/expected_logs.hpp"

namespace fasti::persistence {

class durable_env : public leveldb::EnvWrapper {
 public:
  durable_env() : EnvWrapper(leveldb::Env::Default()) {}
  /// Latches now, for the directory is opened anew. Returns when nothing is under way any more.
  virtual void retire() = 0;
};

/// While it lives, this thread's reads of a table's data fetch nothing: the disk is told that they
/// will be wanted, and LevelDB that they failed. What opens a table is read.
class expecting_reads {
 public:
  expecting_reads() noexcept;
  ~expecting_reads();
  expecting_reads(const expecting_reads&) = delete;
  expecting_reads& operator=(const expecting_reads&) = delete;
};
/// How often this thread has read from files. Unchanged: LevelDB had what it gave in its cache.
[[nodiscard]] std::uint64_t file_reads_of_this_thread() noexcept;

/// One for each opening of a database: the latch is the opening's. `logs` must outlive it.
[[nodiscard]] std::unique_ptr<durable_env> make_durable_env(disk& on, expected_logs& logs);

}  // namespace fasti::persistence
