#include "runtime/node/storage.hpp"

#include "persistence/disk.hpp"
#include "persistence/leveldb_journal.hpp"
#include "persistence/leveldb_stores.hpp"
#include "persistence/memory_journal.hpp"
#include "persistence/memory_stores.hpp"

namespace fasti::node {
namespace {

result<opened_storage> open_leveldb(const runtime_options& options) {
  if (options.path.empty()) {
    return error{errc::invalid, "no-path", "options.path must name the journal's directory"};
  }
  auto& disk = persistence::posix_disk();
  auto journal = persistence::open_leveldb_journal(options, disk);
  if (!journal) return std::move(journal).error();
  const auto id = (*journal)->id();
  auto snapshots = persistence::open_leveldb_snapshots(disk, options.path + "/snapshots", id,
                                                       options.log, options.snapshots_kept);
  if (!snapshots) return std::move(snapshots).error();
  auto views = persistence::open_leveldb_views(disk, options.path + "/views", id, options.log);
  if (!views) return std::move(views).error();
  return opened_storage{*std::move(journal), *std::move(snapshots), *std::move(views),
                        persistence::make_memory_views()};
}

}  // namespace

result<opened_storage> open_storage(const runtime_options& options) {
  if (options.storage == storage::leveldb) return open_leveldb(options);
  return opened_storage{persistence::make_memory_journal(options),
                        persistence::make_memory_snapshots(options.snapshots_kept),
                        persistence::make_memory_views(), persistence::make_memory_views()};
}

}  // namespace fasti::node
