// Truncation through the runtime: refused unless a proven snapshot and all views cover it.

#include <filesystem>

#include "persistence/leveldb_stores.hpp"
#include "tests/runtime/ledger_kit.hpp"

namespace {

using namespace fasti;
using namespace fasti::test;
namespace fs = std::filesystem;

class Truncate : public ledger_test {
 protected:
  [[nodiscard]] runtime open_with_snapshots() const {
    auto o = options();
    o.snapshot_every_events = 10;
    return open(std::move(o));
  }
  /// 25 deposits of 1, snapshots at 10 and 20, folded into the view.
  static void fill(runtime& rt) {
    for (int i = 0; i < 25; ++i) ASSERT_TRUE(deposit(rt, "ledger-a", 1).has_value());
    ASSERT_TRUE(comes_true([&rt] { return rt.stats().snapshots_saved >= 2; }));
    ASSERT_EQ(view_balance(rt, "a"), 25);
  }
  static int truncated_in(const journal& j) {
    int n = 0;
    auto read = j.read_stream(stream_id::of("ledger", "a"), {}, [&n](const recorded_event& e) {
      n += e.is_truncated() ? 1 : 0;
      return visit::more;
    });
    EXPECT_TRUE(read.has_value());
    return n;
  }
};

TEST_F(Truncate, TheStateIsTheSameBeforeAndAfterAndOverAReopen) {
  {
    auto rt = open_with_snapshots();
    fill(rt);
    const auto done = rt.truncate("ledger-a", version{15}, "kept for a year");
    ASSERT_TRUE(done.has_value()) << done.error().to_string();
    EXPECT_EQ(done->base.version, version{20});
    EXPECT_EQ(done->reason, "kept for a year");
    EXPECT_EQ(truncated_in(rt.journal()), 15);
    EXPECT_EQ(state_balance(rt, "ledger-a"), 25);
    EXPECT_EQ(deposit(rt, "ledger-a", 1)->version, version{26});
  }
  auto rt = open_with_snapshots();
  EXPECT_EQ(state_balance(rt, "ledger-a"), 26);
  EXPECT_EQ(view_balance(rt, "a"), 26);
}

TEST_F(Truncate, P13_WithoutAnySnapshotTheBaseInTheJournalBringsTheStateBack) {
  {
    auto rt = open_with_snapshots();
    fill(rt);
    ASSERT_TRUE(rt.truncate("ledger-a", version{20}, "").has_value());
  }
  fs::remove_all(dir_ / "journal/snapshots");
  auto rt = open_with_snapshots();
  EXPECT_EQ(state_balance(rt, "ledger-a"), 25);
  EXPECT_EQ(deposit(rt, "ledger-a", 1)->version, version{26});
  EXPECT_EQ(rt.stats().events_replayed, 5U);
}

TEST_F(Truncate, ASecondOneGoesOnFromTheFirst) {
  auto rt = open_with_snapshots();
  fill(rt);
  ASSERT_TRUE(rt.truncate("ledger-a", version{10}, "").has_value());
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(deposit(rt, "ledger-a", 1).has_value());
  ASSERT_TRUE(comes_true([&rt] { return rt.stats().snapshots_saved >= 3; }));
  ASSERT_EQ(view_balance(rt, "a"), 35);
  const auto second = rt.truncate("ledger-a", version{30}, "");
  ASSERT_TRUE(second.has_value()) << second.error().to_string();
  EXPECT_EQ(truncated_in(rt.journal()), 30);
}

TEST_F(Truncate, RefusedWithoutASnapshotThatCoversIt) {
  auto rt = open_with_snapshots();
  ASSERT_TRUE(deposit(rt, "ledger-a", 1).has_value());
  EXPECT_EQ(rt.truncate("ledger-a", version{1}, "").error().reason, "no-snapshot");
  for (int i = 0; i < 14; ++i) ASSERT_TRUE(deposit(rt, "ledger-a", 1).has_value());
  ASSERT_TRUE(comes_true([&rt] { return rt.stats().snapshots_saved >= 1; }));
  const auto beyond = rt.truncate("ledger-a", version{11}, "");
  EXPECT_EQ(beyond.error().code, errc::conflict);
  EXPECT_EQ(beyond.error().reason, "no-snapshot");
  EXPECT_EQ(truncated_in(rt.journal()), 0);
}

TEST_F(Truncate, RefusedWhenTheSnapshotDoesNotEqualAReplay) {
  {
    auto rt = open_with_snapshots();
    fill(rt);
  }
  {
    auto rt = open_with_snapshots();  // its journal's id
    const auto id = rt.journal().id();
    ASSERT_TRUE(rt.close().has_value());
    auto store = persistence::open_leveldb_snapshots(persistence::posix_disk(),
                                                     dir_ / "journal/snapshots", id, options().log);
    ASSERT_TRUE(store.has_value());
    snapshot forged{stream_id::of("ledger", "a"), version{22}, position{22},
                    type_id_of<LedgerState>,
                    build<LedgerState>([](auto s) { s.setBalance(999'999); })};
    ASSERT_TRUE((*store)->save(forged).has_value());
  }
  auto rt = open_with_snapshots();
  const auto refused = rt.truncate("ledger-a", version{15}, "");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, errc::conflict);
  EXPECT_EQ(refused.error().reason, "snapshot-differs");
  EXPECT_EQ(truncated_in(rt.journal()), 0);
}

TEST_F(Truncate, RefusedWhileAViewHasNotFoldedIt) {
  {
    auto o = options();
    o.snapshot_every_events = 10;
    auto rt = runtime::open<ledger, balances>(o);
    ASSERT_TRUE(rt.has_value());
    ASSERT_EQ(deposit(*rt, "ledger-b", 1)->position, position{1});
    ASSERT_EQ(view_balance(*rt, "b"), 1);
  }
  auto o = options();
  o.snapshot_every_events = 10;
  auto rt = runtime::open<ledger>(o);  // the view is in the store, but nobody folds it
  ASSERT_TRUE(rt.has_value());
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(deposit(*rt, "ledger-a", 1).has_value());
  ASSERT_TRUE(comes_true([&rt] { return rt->stats().snapshots_saved >= 1; }));
  const auto refused = rt->truncate("ledger-a", version{5}, "");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, errc::conflict);
  EXPECT_EQ(refused.error().reason, "view-behind");
  EXPECT_NE(refused.error().detail.find("balances"), std::string::npos);
  EXPECT_EQ(truncated_in(rt->journal()), 0);
  ASSERT_TRUE(rt->forget_view("balances").has_value());
  EXPECT_TRUE(rt->truncate("ledger-a", version{5}, "").has_value());
  ASSERT_TRUE(rt->add<balances>().has_value());
  EXPECT_EQ(rt->forget_view("balances").error().reason, "projection-in-use");
}

TEST_F(Truncate, P9_ARebuildStopsInsteadOfShowingABeginningAsTheWhole) {
  auto rt = open_with_snapshots();
  fill(rt);
  ASSERT_TRUE(rt.truncate("ledger-a", version{10}, "").has_value());
  auto rebuilt = rt.rebuild<balances>();
  ASSERT_TRUE(rebuilt.has_value());
  const auto came_to = rebuilt->wait(answer_limit);
  ASSERT_TRUE(came_to.has_value());
  EXPECT_EQ(came_to->phase, rebuild_phase::failed);
  EXPECT_EQ(came_to->failure->reason, "projection-stopped");
  EXPECT_NE(came_to->failure->detail.find("truncated"), std::string::npos);
  EXPECT_TRUE(view_row(rt, "a", {.visible_at = rt.journal().head()}).has_value()) << "the old one";
}

TEST_F(Truncate, UnknownStreamsAndCategoriesAreRefused) {
  auto rt = open_with_snapshots();
  EXPECT_EQ(rt.truncate("ledger-z", version{1}, "").error().reason, "no-snapshot");
  EXPECT_EQ(rt.truncate("other-1", version{1}, "").error().reason, "unknown-category");
  ASSERT_TRUE(rt.close().has_value());
  EXPECT_EQ(rt.truncate("ledger-a", version{1}, "").error().code, errc::closed);
}

}  // namespace
