#include "tests/contracts/store_contract.hpp"

#include "persistence/leveldb_stores.hpp"
#include "persistence/memory_stores.hpp"
#include "tests/support/temp_dir.hpp"

namespace fasti::test {
namespace {

using ::testing::Values;

const unique_id journal_id = unique_id::of("journal");

/// A store with the directory in which it lives.
template <class Store>
struct housed {
  temp_dir directory;
  std::unique_ptr<Store> store;
};

template <class Store, class Open>
std::shared_ptr<Store> house(Open&& open) {
  auto home = std::make_shared<housed<Store>>();
  auto opened = open(home->directory / "store");
  if (!opened) throw std::runtime_error(opened.error().to_string());
  home->store = *std::move(opened);
  return {home, home->store.get()};
}

const store_kind<snapshot_store> leveldb_snapshots{
    "leveldb", [] {
      return house<snapshot_store>([](const std::string& path) {
        return persistence::open_leveldb_snapshots(persistence::posix_disk(), path, journal_id,
                                                   [](auto, auto) {});
      });
    }};
const store_kind<snapshot_store> memory_snapshots{
    "memory", [] { return std::shared_ptr<snapshot_store>(persistence::make_memory_snapshots()); }};
const store_kind<view_store> leveldb_views{"leveldb", [] {
                                             return house<view_store>([](const std::string& path) {
                                               return persistence::open_leveldb_views(
                                                   persistence::posix_disk(), path, journal_id,
                                                   [](auto, auto) {});
                                             });
                                           }};
const store_kind<view_store> memory_views{
    "memory", [] { return std::shared_ptr<view_store>(persistence::make_memory_views()); }};

INSTANTIATE_TEST_SUITE_P(leveldb, SnapshotContract, Values(leveldb_snapshots));
INSTANTIATE_TEST_SUITE_P(memory, SnapshotContract, Values(memory_snapshots));
INSTANTIATE_TEST_SUITE_P(leveldb, ViewContract, Values(leveldb_views));
INSTANTIATE_TEST_SUITE_P(memory, ViewContract, Values(memory_views));

}  // namespace
}  // namespace fasti::test
