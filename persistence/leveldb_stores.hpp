#pragma once
/// Snapshots and views on LevelDB, each in a database of its own. They are not synced a write: a
/// crash takes the newest back, whole batches at a time, and they are made again from the journal.

#include <memory>

#include "fasti/options.hpp"
#include "fasti/stores.hpp"

namespace fasti::persistence {

/// A damaged database is removed and made anew, with a warning: snapshots are caches.
[[nodiscard]] result<std::unique_ptr<snapshot_store>> open_leveldb_snapshots(
    const std::string& path, unique_id journal, const log_sink& log);

/// A damaged database is refused: what it showed may have been believed. Remove it to rebuild.
[[nodiscard]] result<std::unique_ptr<view_store>> open_leveldb_views(const std::string& path,
                                                                     unique_id journal);

}  // namespace fasti::persistence
