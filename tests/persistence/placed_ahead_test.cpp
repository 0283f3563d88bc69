// What comes while a group is synced is placed on top of it before that is durable: what may be
// seen of it, and what becomes of it when the sync fails.

#include <cerrno>
#include <thread>

#include "tests/persistence/disk_kit.hpp"
#include "tests/support/fault_disk.hpp"

namespace fasti::test {
namespace {

using kind = disk_op::kind;

class nothing_lasts final : public survival {
 public:
  bool keeps() override { return false; }
  std::size_t torn_to(std::size_t) override { return 0; }
};

class PlacedAhead : public Disk {
 protected:
  PlacedAhead() { options.path = "/journal"; }

  [[nodiscard]] std::unique_ptr<journal> open(std::size_t index_events = 1U << 18) {
    auto opened =
        persistence::open_leveldb_journal(options, on,
                                          {.index_events_in_memory = index_events,
                                           .ahead_bytes_min = 1,
                                           .recovery_pause = std::chrono::milliseconds{1}});
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().to_string());
    return opened ? *std::move(opened) : nullptr;
  }
  /// Hands over; the outcomes of those given are told in this order.
  void give(journal& j, commit c, std::shared_ptr<commit_session> session = nullptr) {
    ASSERT_TRUE(j.append(std::move(c), std::move(session), all.observer(given++)));
  }
  /// It is at the disk, which holds it there.
  void give_first(journal& j, commit c, std::shared_ptr<commit_session> session = nullptr) {
    on.hold_syncs();
    give(j, std::move(c), std::move(session));
    on.wait_for_sync();
  }
  /// All but the first.
  void wait_until_placed(const journal& j) const {
    while (j.stats().placed_ahead + 1 < static_cast<std::uint64_t>(given)) {
      std::this_thread::yield();
    }
  }
  /// Behind it: a stranger, one that builds on it, and itself once more.
  void give_first_and_what_leans_on_it(journal& j) {
    const commit first = commit_to("a-1");
    give_first(j, first);
    give(j, commit_to("b-1"));
    give(j, commit_to("a-1", 1, expected_version::exactly(version{1})));
    give(j, first);
    wait_until_placed(j);
  }
  void release_and_wait() {
    on.release_syncs();
    all.wait_for(static_cast<std::size_t>(given));
  }
  void fail_the_sync() {
    on.set_judge([left = 1](const disk_op& op, std::size_t) mutable -> fault_disk::verdict {
      if (op.what != kind::sync || !op.path.starts_with("/journal/events") || left == 0) return {};
      --left;
      return {.code = EIO};
    });
  }
  /// … and what was written since the last one is not there either.
  void lose_what_is_not_synced() {
    nothing_lasts all_gone;
    on.put(on.tree().after_cut(all_gone));
    fail_the_sync();
  }

  fault_disk on;
  outcome_log all;
  int given = 0;
};

TEST_F(PlacedAhead, P4_BecomesDurableBehindTheGroupBeforeIt) {
  auto j = open();
  const auto syncs_before = j->stats().syncs;
  give_first(*j, commit_to("a-1"));
  give(*j, commit_to("b-1", 2));
  give(*j, commit_to("a-1", 1, expected_version::exactly(version{1})));
  wait_until_placed(*j);
  release_and_wait();
  EXPECT_EQ(all.of(0)->last_position, position{1});
  EXPECT_EQ(all.of(1)->last_position, position{3});
  EXPECT_EQ(all.of(2)->last_position, position{4});
  EXPECT_GE(j->stats().syncs, syncs_before + 2) << "each group has a sync of its own";
  EXPECT_EQ(read_all(*j).positions(), (std::vector<std::uint64_t>{1, 2, 3, 4}));
}

TEST_F(PlacedAhead, P2_NobodySeesItBeforeItsOwnSync) {
  auto j = open();
  give_first(*j, commit_to("a-1"));
  commit c = commit_to("b-1");
  const auto id = c.origin.id;
  give(*j, std::move(c));
  wait_until_placed(*j);
  EXPECT_EQ(j->head(), no_position);
  EXPECT_EQ(all.size(), 0U);
  EXPECT_FALSE(j->find_command(id));
  EXPECT_EQ(*j->stream_version(stream("b-1")), no_version);
  EXPECT_TRUE(read_all(*j).events.empty());
  release_and_wait();
  EXPECT_TRUE(j->find_command(id));
}

TEST_F(PlacedAhead, P11_GoesToAnotherPlaceWhenTheGroupBeforeItIsLost) {
  auto j = open();
  give_first_and_what_leans_on_it(*j);
  lose_what_is_not_synced();
  release_and_wait();
  EXPECT_EQ(all.of(0).error().reason, "storage-failed");
  EXPECT_EQ(all.of(1)->last_position, position{1}) << all.of(1).error().to_string();
  EXPECT_EQ(all.of(2).error().code, errc::conflict) << "the version it expects never was";
  EXPECT_EQ(all.of(3)->what, committed::kind::fresh) << "the first one of it had no effect";
  EXPECT_EQ(all.of(3)->last_position, position{2});
  EXPECT_EQ(read_all(*j).positions(), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(read_stream(*j, "a-1").versions(), (std::vector<std::uint64_t>{1}));
}

TEST_F(PlacedAhead, P12_KeepsItsPlaceWhenTheGroupBeforeItIsFoundStored) {
  auto j = open();
  give_first_and_what_leans_on_it(*j);
  fail_the_sync();
  release_and_wait();
  EXPECT_EQ(all.of(0)->last_position, position{1});
  EXPECT_EQ(all.of(1)->last_position, position{2});
  EXPECT_EQ(all.of(2)->last_position, position{3});
  EXPECT_EQ(all.of(3)->what, committed::kind::repeat);
  EXPECT_EQ(all.of(3)->last_position, position{1});
  EXPECT_EQ(j->stats().recoveries, 1U);
  EXPECT_EQ(read_all(*j).positions(), (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST_F(PlacedAhead, P3_ASessionThatLostACommitStoresNothingAfterIt) {
  auto j = open();
  auto session = std::make_shared<commit_session>();
  give_first(*j, commit_to("a-1"), session);
  give(*j, commit_to("a-1", 1, expected_version::any()), session);
  give(*j, commit_to("b-1"));
  wait_until_placed(*j);
  lose_what_is_not_synced();
  release_and_wait();
  EXPECT_TRUE(session->is_broken());
  EXPECT_EQ(all.of(1).error().reason, "session-broken");
  EXPECT_EQ(all.of(2)->last_position, position{1});
  EXPECT_EQ(read_all(*j).events.size(), 1U);
}

TEST_F(PlacedAhead, P12_IsCertainlyNotStoredWhenTheDiskIsGone) {
  auto j = open();
  give_first(*j, commit_to("a-1"));
  commit c = commit_to("b-1");
  const auto id = c.origin.id;
  give(*j, std::move(c));
  wait_until_placed(*j);
  on.set_judge([](const disk_op& op, std::size_t) -> fault_disk::verdict {
    return {.code = op.what == kind::read || op.what == kind::open ? 0 : EIO};
  });
  release_and_wait();
  EXPECT_EQ(all.of(0).error().code, errc::unknown);
  EXPECT_EQ(all.of(1).error().reason, "journal-stopped");
  on.set_judge({});
  while (j->failure()) std::this_thread::yield();
  EXPECT_FALSE(j->find_command(id));
  const auto head = count_of(j->head());
  EXPECT_EQ(must_append(*j, commit_to("b-1")).last_position, position{head + 1});
  EXPECT_EQ(*j->stream_version(stream("b-1")), version{1});
}

TEST_F(PlacedAhead, P1_AJournalThatClosesStoresItFirst) {
  auto j = open();
  give_first(*j, commit_to("a-1"));
  give(*j, commit_to("b-1"));
  wait_until_placed(*j);
  std::thread closer([&j] { EXPECT_TRUE(j->close()); });
  release_and_wait();
  closer.join();
  EXPECT_EQ(all.of(1)->last_position, position{2});
  j.reset();
  j = open();
  EXPECT_EQ(read_all(*j).positions(), (std::vector<std::uint64_t>{1, 2}));
}

class everything_lasts final : public survival {
 public:
  bool keeps() override { return true; }
  std::size_t torn_to(std::size_t bytes) override { return bytes; }
};

/// After a cut of which the index kept everything, and everything else what was synced.
disk_tree index_ahead(const disk_tree& now) {
  nothing_lasts nothing;
  everything_lasts everything;
  disk_tree left = now.after_cut(nothing);
  const disk_tree kept = now.after_cut(everything);
  for (const auto& [path, id] : kept.files()) {
    const auto there = left.find(path);
    if (path.starts_with("/journal/index/") && there != 0) left.replace(there, *kept.at(id).now);
  }
  return left;
}

/// The index must not be told of what is only placed: it would be there after a cut, the events
/// not.
TEST_F(PlacedAhead, P5_TheIndexIsNeverAheadOfTheEventsOnTheDisk) {
  constexpr int rounds = 30;
  constexpr int patience = 1000;
  auto j = open(2);
  const auto begun = on.operations();
  for (int i = 0; i < rounds; ++i) {
    const auto placed = j->stats().placed_ahead;
    give_first(*j, commit_to("a-" + std::to_string(i)));
    give(*j, commit_to("b-" + std::to_string(i)));
    // Not when the index is to be flushed: then it waits.
    for (int k = 0; k < patience && j->stats().placed_ahead == placed; ++k) {
      std::this_thread::yield();
    }
    release_and_wait();
  }
  j.reset();
  disk_tree now;
  const auto history = on.history();
  for (std::size_t n = 0; n < history.size(); ++n) {
    ASSERT_EQ(now.apply(history[n]), 0);
    if (n < begun) continue;
    fault_disk left(index_ahead(now));
    auto opened = persistence::open_leveldb_journal(options, left);
    ASSERT_TRUE(opened) << opened.error().to_string();
    // Whoever is next at that place begins his stream, as far as anybody knows.
    const auto next = "b-" + std::to_string(read_all(**opened).events.size() / 2);
    const auto appended =
        append_and_wait(**opened, commit_to(next, 1, expected_version::no_stream()));
    ASSERT_TRUE(appended) << next << " after operation " << n << ": "
                          << appended.error().to_string();
    ASSERT_EQ(read_stream(**opened, next).versions(), (std::vector<std::uint64_t>{1}));
  }
}

}  // namespace
}  // namespace fasti::test
