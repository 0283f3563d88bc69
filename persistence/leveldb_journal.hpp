#pragma once
/// The journal on LevelDB. `persistence/README.md` tells the layout and what is promised.

#include <memory>

#include "fasti/journal.hpp"
#include "fasti/options.hpp"
#include "persistence/disk.hpp"

namespace fasti::persistence {

/// Sizes that nobody needs to turn but those who want to see every turning in a small journal.
struct leveldb_tuning {
  /// LevelDB begins a new log when the one at hand has so much. Keys only grow, so the size hardly
  /// matters for what is written; a larger one makes larger first tables and fewer of them.
  std::size_t log_bytes = 32U << 20;
  /// Events kept in the index's memory before a flush: a few tens of megabytes, and at most half a
  /// second to index again after a crash.
  std::size_t index_events_in_memory = 1U << 18;
  /// While a group is synced, so many bytes that wait are worth placing in the next one; and four
  /// times as many, each further time: to wake a thread costs as much as a dozen commits.
  std::size_t ahead_bytes_min = 32U << 10;
  /// After a storage error the journal is opened anew at once; if that fails, after this pause, and
  /// then after longer ones, up to five seconds.
  std::chrono::milliseconds recovery_pause{50};
};

/// Opens `options.path`; `options.log` and `options.clock` must be set. Blocks until the tail
/// behind the index's watermark is indexed and the window of command ids is filled. Errors as
/// `runtime::open` says.
[[nodiscard]] result<std::unique_ptr<journal>> open_leveldb_journal(const runtime_options& options,
                                                                    disk& on = posix_disk(),
                                                                    leveldb_tuning tuning = {});

}  // namespace fasti::persistence
