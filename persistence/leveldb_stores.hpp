#pragma once
/// Snapshots and views on LevelDB, each in a database of its own. They are not synced a write: a
/// crash takes the newest back, whole batches at a time, and they are made again from the journal.

#include <memory>

#include "fasti/options.hpp"
#include "fasti/stores.hpp"
#include "persistence/disk.hpp"

namespace fasti::persistence {

/// A snapshot as it is kept, without its stream and version, which are its key. None: not one of
/// this journal, or damaged.
[[nodiscard]] std::vector<word> encode_snapshot(const snapshot& s, unique_id journal);
[[nodiscard]] std::optional<snapshot> decode_snapshot(std::string_view bytes, unique_id journal);

/// A damaged database is removed and made anew, with a warning: snapshots are caches. Of a stream
/// the newest `kept` stay: if one is damaged, there is another.
[[nodiscard]] result<std::unique_ptr<snapshot_store>> open_leveldb_snapshots(
    disk& on, const std::string& path, unique_id journal, const log_sink& log,
    std::size_t kept = 2);

/// A damaged database is removed and made anew, with a warning: projections start over.
[[nodiscard]] result<std::unique_ptr<view_store>> open_leveldb_views(disk& on,
                                                                     const std::string& path,
                                                                     unique_id journal,
                                                                     const log_sink& log);

}  // namespace fasti::persistence
