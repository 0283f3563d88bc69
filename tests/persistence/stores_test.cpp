// Snapshots and views on LevelDB: what a reopen keeps, and what damage does.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "persistence/database.hpp"
#include "persistence/leveldb_stores.hpp"
#include "persistence/memory_stores.hpp"
#include "tests/support/temp_dir.hpp"

namespace fasti::test {
namespace {

const unique_id mine = unique_id::of("mine");
const unique_id foreign = unique_id::of("foreign");
const stream_id a1 = stream_id::of("a", "1");

class Stores : public ::testing::Test {
 protected:
  std::unique_ptr<snapshot_store> snapshots(unique_id journal = mine, std::size_t kept = 2) {
    auto opened =
        persistence::open_leveldb_snapshots(persistence::posix_disk(), path, journal, sink(), kept);
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().to_string());
    return *std::move(opened);
  }
  std::unique_ptr<view_store> views(unique_id journal = mine) {
    auto opened = persistence::open_leveldb_views(persistence::posix_disk(), path, journal, sink());
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().to_string());
    return *std::move(opened);
  }
  log_sink sink() {
    return [this](log_level, std::string_view line) { log.emplace_back(line); };
  }
  /// Of the snapshots 1 to 9, those that are still there.
  static std::vector<std::uint64_t> kept_by(snapshot_store& store) {
    for (std::uint64_t v = 1; v <= 9; ++v) save(store, v);
    std::vector<std::uint64_t> all;
    for (auto below = version{9}; below != no_version;) {
      auto s = store.load(a1, below);
      if (!s || !*s) break;
      all.push_back(count_of((*s)->version));
      below = version{all.back() - 1};
    }
    return all;
  }
  static void save(snapshot_store& store, std::uint64_t v) {
    EXPECT_TRUE(store.save({a1, version{v}, position{v}, type_id{7}, {v, v, v}}));
  }
  static std::uint64_t loaded(const snapshot_store& store) {
    auto s = store.load(a1, latest_version);
    EXPECT_TRUE(s);
    return s && *s ? count_of((*s)->version) : 0;
  }
  void change_all(std::string_view suffix, const std::function<void(std::string&)>& change) {
    auto db = persistence::database::open(persistence::posix_disk(), path,
                                          persistence::create_mode::must_exist, {});
    ASSERT_TRUE(db);
    leveldb::WriteBatch batch;
    auto it = (*db)->iterate();
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      std::string value = it->value().ToString();
      if (!it->key().ToString().ends_with(suffix)) continue;
      change(value);
      batch.Put(it->key(), value);
    }
    it.reset();
    ASSERT_TRUE((*db)->write_synced(batch));
  }

  temp_dir directory;
  const std::string path = directory / "store";
  std::vector<std::string> log;
};

TEST_F(Stores, SnapshotsSurviveAReopen) {
  { save(*snapshots(), 5); }
  EXPECT_EQ(loaded(*snapshots()), 5U);
  EXPECT_TRUE(log.empty());
}

TEST_F(Stores, P10_ADamagedSnapshotIsPassedOverForTheOlderOne) {
  {
    auto store = snapshots();
    save(*store, 5);
    save(*store, 9);
  }
  for (std::size_t at = 0; at < 48; at += 5) {
    const auto flip = [at](std::string& value) { value[at] ^= 0x10; };
    change_all(persistence::big_endian(9), flip);
    EXPECT_EQ(loaded(*snapshots()), 5U) << "byte " << at;
    ASSERT_FALSE(log.empty());
    EXPECT_EQ(log.back(), "snapshot of a-1 at version 9 passed over: its bytes are damaged");
    change_all(persistence::big_endian(9), flip);
  }
  EXPECT_EQ(loaded(*snapshots()), 9U);
  change_all({}, [](std::string& value) { value.assign(value.size(), '\0'); });
  EXPECT_EQ(loaded(*snapshots()), 0U);
}

TEST_F(Stores, AsManySnapshotsOfAStreamStayAsWasSaid) {
  using numbers = std::vector<std::uint64_t>;
  for (const auto& [kept, stay] :
       std::map<std::size_t, numbers>{{0, {9}}, {1, {9}}, {2, {9, 8}}, {4, {9, 8, 7, 6}}}) {
    auto opened = persistence::open_leveldb_snapshots(
        persistence::posix_disk(), path + std::to_string(kept), mine, sink(), kept);
    ASSERT_TRUE(opened);
    EXPECT_EQ(kept_by(**opened), stay) << kept;
    EXPECT_EQ(kept_by(*persistence::make_memory_snapshots(kept)), stay) << kept;
  }
}

TEST_F(Stores, WhereFewerSnapshotsAreKeptThanBeforeAllThatAreTooManyGo) {
  {
    const auto store = snapshots(mine, 9);
    EXPECT_EQ(kept_by(*store).size(), 9U);
  }
  const auto store = snapshots(mine, 2);
  save(*store, 10);
  EXPECT_EQ(loaded(*store), 10U);
  EXPECT_EQ((*store->load(a1, version{9}))->version, version{9});
  EXPECT_EQ((*store->load(a1, version{8})), std::nullopt);
  save(*store, 11);
  EXPECT_EQ((*store->load(a1, version{9})), std::nullopt);
  EXPECT_EQ((*store->load(a1, version{10}))->version, version{10});
}

/// To save pushes out the oldest, one at a time: not what was deleted before is in its way.
TEST_F(Stores, OfABusyStreamOnlyTheLastSnapshotsAreThere) {
  const auto store = snapshots(mine, 2);
  for (std::uint64_t v = 1; v <= 500; ++v) save(*store, v);
  EXPECT_EQ((*store->load(a1, version{500}))->version, version{500});
  EXPECT_EQ((*store->load(a1, version{499}))->version, version{499});
  for (const std::uint64_t v : {1U, 250U, 498U}) {
    EXPECT_EQ((*store->load(a1, version{v})), std::nullopt) << v;
  }
  save(*store, 500);  // again: it takes no place of another
  EXPECT_EQ((*store->load(a1, version{499}))->version, version{499});
}

TEST_F(Stores, SnapshotsOfAnotherJournalAreNotThere) {
  { save(*snapshots(foreign), 5); }
  EXPECT_EQ(loaded(*snapshots(mine)), 0U);
}

TEST_F(Stores, ADamagedSnapshotDatabaseIsThrownAwayWithAWarning) {
  { save(*snapshots(), 5); }
  std::ofstream(path + "/CURRENT") << "MANIFEST-999999\n";
  auto store = snapshots();
  EXPECT_EQ(loaded(*store), 0U);
  save(*store, 6);
  EXPECT_EQ(loaded(*store), 6U);
  ASSERT_EQ(log.size(), 1U);
  EXPECT_NE(log[0].find("snapshots made anew"), std::string::npos);
}

TEST_F(Stores, P9_ViewsSurviveAReopenWithTheirCheckpoint) {
  EXPECT_TRUE(views()->write("v", {{{"k", "row"}}, position{9}}));
  auto store = views();
  EXPECT_EQ(*store->checkpoint("v"), position{9});
  EXPECT_EQ(**store->row("v", "k"), "row");
}

TEST_F(Stores, AForeignCheckpointIsRefused) {
  EXPECT_TRUE(views(foreign)->write("v", {{{"k", "row"}}, position{9}}));
  auto store = views(mine);
  auto refused = store->checkpoint("v");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::invalid);
  EXPECT_EQ(refused.error().reason, "foreign-checkpoint");
  EXPECT_TRUE(store->clear("v"));
  EXPECT_EQ(*store->checkpoint("v"), no_position) << "cleared, it is a new view";
}

TEST_F(Stores, P10_ADamagedCheckpointIsRefused) {
  EXPECT_TRUE(views()->write("v", {{}, position{9}}));
  change_all("cv", [](std::string& value) { value.pop_back(); });
  EXPECT_FALSE(views()->checkpoint("v"));
}

TEST_F(Stores, ADamagedViewDatabaseIsMadeAnewWithAWarning) {
  EXPECT_TRUE(views()->write("v", {{{"k", "row"}}, position{9}}));
  std::filesystem::remove(path + "/CURRENT");
  auto store = views();
  EXPECT_EQ(*store->checkpoint("v"), no_position) << "the projection starts over";
  ASSERT_EQ(log.size(), 1U);
  EXPECT_NE(log.front().find("views made anew"), std::string::npos);
}

TEST_F(Stores, OneOpenerAtATime) {
  auto held = views();
  auto refused = persistence::open_leveldb_views(persistence::posix_disk(), path, mine, sink());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::unavailable);
}

}  // namespace
}  // namespace fasti::test
