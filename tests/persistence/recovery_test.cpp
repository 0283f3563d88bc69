// After a storage error: what each waiting command is told, and how the journal goes on.

#include <cerrno>
#include <future>
#include <set>
#include <thread>

#include "tests/persistence/disk_kit.hpp"
#include "tests/support/fault_disk.hpp"

namespace fasti::test {
namespace {

using kind = disk_op::kind;

class Recovery : public Disk {
 protected:
  Recovery() { options.path = "/journal"; }

  [[nodiscard]] std::unique_ptr<journal> open_faulty() {
    auto opened = persistence::open_leveldb_journal(
        options, on, {.recovery_pause = std::chrono::milliseconds{1}});
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().to_string());
    return opened ? *std::move(opened) : nullptr;
  }
  /// The next `times` operations of this kind on the journal's truth fail.
  void fail_next(kind what, int times = 1, int code = EIO) {
    on.set_judge([=, left = times](const disk_op& op, std::size_t) mutable -> fault_disk::verdict {
      if (op.what != what || !op.path.starts_with("/journal/events") || left == 0) return {};
      --left;
      return {.code = code};
    });
  }
  void fail_all() {
    on.set_judge([](const disk_op& op, std::size_t) -> fault_disk::verdict {
      return {.code = op.what == kind::read || op.what == kind::open ? 0 : EIO};
    });
  }
  bool is_closed(journal& j) {
    auto refused = j.append(barrier(), nullptr, probes.observer());
    return !refused && refused.error().code == errc::closed;
  }
  static void wait_until_it_goes_on(const journal& j) {
    while (j.failure()) std::this_thread::yield();
  }

  fault_disk on;
  outcome_log probes;
};

TEST_F(Recovery, P12_ACommitThatIsFoundStoredIsCommitted) {
  auto j = open_faulty();
  must_append(*j, commit_to("a-1"));
  fail_next(kind::sync);  // its bytes are written, but whether they last is not known
  const auto outcome = append_and_wait(*j, commit_to("a-1"));
  ASSERT_TRUE(outcome) << outcome.error().to_string();
  EXPECT_EQ(outcome->last_position, position{2});
  EXPECT_EQ(j->stats().recoveries, 1U);
  EXPECT_EQ(must_append(*j, commit_to("a-1")).last_position, position{3});
  EXPECT_EQ(read_stream(*j, "a-1").positions(), (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST_F(Recovery, P12_ACommitThatIsFoundMissingIsCertainlyNotStored) {
  auto j = open_faulty();
  must_append(*j, commit_to("a-1"));
  fail_next(kind::write, 1, ENOSPC);
  commit c = commit_to("a-1", 3);
  const auto id = c.origin.id;
  auto session = std::make_shared<commit_session>();
  outcome_log all;
  ASSERT_TRUE(j->append(std::move(c), session, all.observer()));
  all.wait_for(1);
  const auto outcome = all.of(0);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, errc::unavailable);
  EXPECT_EQ(outcome.error().reason, "storage-failed");
  EXPECT_TRUE(session->is_broken());
  EXPECT_FALSE(j->find_command(id));
  EXPECT_EQ(*j->stream_version(stream("a-1")), version{1});
  // The same command may be sent again, and goes where it would have gone.
  commit again = commit_to("a-1", 3, expected_version::exactly(version{1}));
  again.origin.id = id;
  EXPECT_EQ(must_append(*j, std::move(again)).last_position, position{4});
}

TEST_F(Recovery, P12_UnknownWhileTheDiskIsGoneAndKnownAfterwards) {
  auto j = open_faulty();
  must_append(*j, commit_to("a-1"));
  fail_all();
  commit c = commit_to("a-1");
  const auto id = c.origin.id;
  const auto outcome = append_and_wait(*j, std::move(c));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, errc::unknown);
  ASSERT_TRUE(j->failure());
  const auto refused = append_and_wait(*j, commit_to("a-1"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "journal-stopped");
  EXPECT_EQ(read_all(*j).events.size(), 1U) << "reading goes on";
  on.set_judge({});
  wait_until_it_goes_on(*j);
  const auto head = count_of(j->head());
  EXPECT_EQ(j->find_command(id).has_value(), head == 2);
  EXPECT_EQ(must_append(*j, commit_to("a-1")).last_position, position{head + 1});
  EXPECT_EQ(read_stream(*j, "a-1").events.size(), head + 1);
}

TEST_F(Recovery, TheHeadIsToldWhenAnUnknownCommitIsFound) {
  auto j = open_faulty();
  std::mutex mutex;
  std::condition_variable came;
  position told{};
  j->on_head([&](position p) {
    const std::lock_guard lock(mutex);
    told = p;
    came.notify_all();
  });
  // The sync fails, and so does the first try to open it anew.
  on.set_judge([left = 2](const disk_op& op, std::size_t) mutable -> fault_disk::verdict {
    if (left == 0 || (op.what != kind::sync && op.what != kind::create)) return {};
    if (!op.path.starts_with("/journal/events")) return {};
    --left;
    return {.code = EIO};
  });
  commit c = commit_to("a-1");
  const auto id = c.origin.id;
  const auto outcome = append_and_wait(*j, std::move(c));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, errc::unknown);
  std::unique_lock lock(mutex);
  came.wait(lock, [&] { return told == position{1}; });
  lock.unlock();
  EXPECT_EQ(j->head(), position{1});
  j->on_head({});
  // P8: its id is known then, also after the index was written and the journal opened again.
  EXPECT_TRUE(j->find_command(id));
  while (j->failure()) std::this_thread::yield();
  must_append(*j, commit_to("a-1"));
  EXPECT_TRUE(j->close());
  j.reset();
  j = open_faulty();
  ASSERT_TRUE(j->find_command(id));
  EXPECT_EQ(j->find_command(id)->outcome.last_position, position{1});
}

TEST_F(Recovery, P11_ARepeatOfAStoredCommandStaysARepeatUnderAFailedBatch) {
  auto j = open_faulty();
  commit first = commit_to("a-1");
  commit repeat = first;
  must_append(*j, std::move(first));
  fail_next(kind::write, 1, ENOSPC);
  outcome_log all;
  clock.hold();
  ASSERT_TRUE(j->append(barrier(), nullptr, all.observer()));
  clock.wait_for_waiter();  // so that the next two are one batch
  ASSERT_TRUE(j->append(commit_to("b-1"), nullptr, all.observer(2)));
  ASSERT_TRUE(j->append(std::move(repeat), nullptr, all.observer(1)));
  clock.release();
  all.wait_for(3);
  ASSERT_TRUE(all.of(1));
  EXPECT_EQ(all.of(1)->what, committed::kind::repeat);
  EXPECT_EQ(j->head(), position{1});
}

TEST_F(Recovery, AReaderThatIsAtWorkReadsOn) {
  auto j = open_faulty();
  for (int i = 0; i < 20; ++i) must_append(*j, commit_to("a-1"));
  int seen = 0;
  const auto read = j->read({}, [&](const recorded_event&) {
    if (++seen == 3) {
      fail_next(kind::sync);
      EXPECT_TRUE(append_and_wait(*j, commit_to("a-1")));
      EXPECT_EQ(j->stats().recoveries, 1U);
    }
    return visit::more;
  });
  EXPECT_TRUE(read);
  EXPECT_EQ(seen, 20);
}

TEST_F(Recovery, ASlowSyncLetsTheNextBatchGather) {
  auto j = open_faulty();
  on.hold_syncs();
  outcome_log all;
  ASSERT_TRUE(j->append(commit_to("a-1"), nullptr, all.observer(0)));
  on.wait_for_sync();
  for (int i = 1; i <= 50; ++i) ASSERT_TRUE(j->append(commit_to("a-1"), nullptr, all.observer(i)));
  EXPECT_EQ(all.size(), 0U) << "P1: nothing is said before the sync";
  EXPECT_EQ(j->head(), no_position) << "P2";
  EXPECT_TRUE(read_all(*j).events.empty()) << "P2";
  const auto before = j->stats().syncs;
  on.release_syncs();
  all.wait_for(51);
  EXPECT_EQ(j->stats().syncs, before + 2) << "one for the first, one for all the others";
}

/// Stays in its call until it is let go.
class slow_observer final : public commit_observer {
 public:
  slow_observer(std::promise<void>& called, std::shared_future<void> go, outcome_log& log)
      : called_(called), go_(std::move(go)), then_(log.observer(0)) {}
  void on_outcome(result<committed> outcome) noexcept override {
    called_.set_value();
    go_.wait();
    then_->on_outcome(std::move(outcome));
  }

 private:
  std::promise<void>& called_;
  const std::shared_future<void> go_;
  const std::unique_ptr<commit_observer> then_;
};

/// A commit to a-1 whose observer is at its call, until `go` is set.
struct one_told_slowly {
  one_told_slowly(journal& j, outcome_log& all) {
    EXPECT_TRUE(j.append(commit_to("a-1"), nullptr,
                         std::make_unique<slow_observer>(called, go.get_future().share(), all)));
    called.get_future().wait();
  }
  std::promise<void> called;
  std::promise<void> go;
};

TEST_F(Recovery, ASlowObserverDoesNotHoldUpTheDisk) {
  auto j = open_faulty();
  outcome_log all;
  one_told_slowly first(*j, all);
  for (int i = 1; i <= 3; ++i) {
    on.hold_syncs();
    ASSERT_TRUE(j->append(commit_to("a-1"), nullptr, all.observer(i)));
    on.wait_for_sync();  // the disk is at work all the same
    on.release_syncs();
  }
  EXPECT_EQ(all.size(), 0U) << "outcomes keep their order";
  first.go.set_value();
  all.wait_for(4);
  for (int i = 0; i <= 3; ++i) EXPECT_EQ(all.outcomes()[static_cast<std::size_t>(i)].first, i);
  ASSERT_TRUE(all.of(3));
  EXPECT_EQ(all.of(3)->last_position, position{4});
}

/// A sync waits for who tells where much is to be told, but not for long.
TEST_F(Recovery, ASlowObserverWithMuchBehindItDoesNotHoldUpTheDisk) {
  constexpr int behind = 3000;
  auto j = open_faulty();
  outcome_log all;
  one_told_slowly first(*j, all);
  for (int round = 1; round <= 3; ++round) {
    for (int i = 0; i < behind; ++i) {
      ASSERT_TRUE(j->append(commit_to("a-1"), nullptr, all.observer(round)));
    }
    const position durable{1U + static_cast<std::uint64_t>(round * behind)};
    while (j->head() < durable) std::this_thread::yield();
    EXPECT_EQ(all.size(), 0U);
  }
  first.go.set_value();
  all.wait_for(1 + 3 * behind);
}

/// Remembers on which thread it was called.
class thread_observer final : public commit_observer {
 public:
  explicit thread_observer(std::promise<std::thread::id>& called) : called_(called) {}
  void on_outcome(result<committed> outcome) noexcept override {
    EXPECT_TRUE(outcome);
    called_.set_value(std::this_thread::get_id());
  }

 private:
  std::promise<std::thread::id>& called_;
};

TEST_F(Recovery, WhoHandsOverInPersonWritesIfNothingElseIsUnderWay) {
  auto j = open_faulty();
  std::thread::id teller;
  // Not at once: the journal's own threads take their time to come to rest.
  for (int i = 0; i < 10'000 && teller != std::this_thread::get_id(); ++i) {
    std::promise<std::thread::id> told;
    auto told_by = told.get_future();
    ASSERT_TRUE(
        j->append_in_person(commit_to("a-1"), nullptr, std::make_unique<thread_observer>(told)));
    teller = told_by.get();
  }
  EXPECT_EQ(teller, std::this_thread::get_id());
  EXPECT_EQ(j->stats().commits, count_of(j->head()));
}

TEST_F(Recovery, WhatComesWhileACallerWritesIsToldByTheJournal) {
  auto j = open_faulty();
  must_append(*j, commit_to("a-1"));
  on.hold_syncs();
  std::thread caller([&j] { EXPECT_TRUE(append_and_wait(*j, commit_to("a-1"))); });
  on.wait_for_sync();
  std::promise<std::thread::id> told;
  auto told_by = told.get_future();
  ASSERT_TRUE(j->append(commit_to("a-1"), nullptr, std::make_unique<thread_observer>(told)));
  const auto of_caller = caller.get_id();
  on.release_syncs();
  const auto teller = told_by.get();
  caller.join();
  EXPECT_NE(teller, of_caller);
  EXPECT_NE(teller, std::this_thread::get_id());
  EXPECT_EQ(read_stream(*j, "a-1").positions(), (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST_F(Recovery, AJournalThatClosesWhileACallerWritesWaitsForIt) {
  auto j = open_faulty();
  must_append(*j, commit_to("a-1"));
  on.hold_syncs();
  result<committed> outcome = error{};
  std::thread caller([&] { outcome = append_and_wait(*j, commit_to("a-1")); });
  on.wait_for_sync();
  std::thread closer([&j] { EXPECT_TRUE(j->close()); });
  while (!is_closed(*j)) std::this_thread::yield();
  on.release_syncs();
  caller.join();
  closer.join();
  ASSERT_TRUE(outcome) << outcome.error().to_string();
  EXPECT_EQ(outcome->last_position, position{2});
}

class Relaxed : public Recovery {
 protected:
  Relaxed() { options.durability = durability::relaxed; }
};

/// Nothing, everything, or some of what is not synced survives.
class by_number final : public survival {
 public:
  explicit by_number(std::uint64_t number) : number_(number) {}
  bool keeps() override {
    number_ = number_ * 0x9e3779b97f4a7c15ULL + 1;
    return (number_ >> 61U) > 2;
  }
  std::size_t torn_to(std::size_t bytes) override { return bytes / 2; }

 private:
  std::uint64_t number_;
};

TEST_F(Relaxed, CommitsAreToldBeforeTheSyncWhichFollowsByItself) {
  auto j = open_faulty();
  EXPECT_NE(log.lines().front().find("durability is relaxed"), std::string::npos);
  on.hold_syncs();
  EXPECT_EQ(must_append(*j, commit_to("a-1")).last_position, position{1});
  on.wait_for_sync();
  on.release_syncs();
}

TEST_F(Relaxed, P5_APowerCutTakesFromTheEndOnly) {
  options.relaxed_sync_interval = std::chrono::hours{1};
  std::vector<kept_event> good;
  std::vector<disk_tree> left;
  {
    auto j = open_faulty();
    for (int i = 0; i < 40; ++i) must_append(*j, commit_to("a-1", 1, expected_version::any(), 300));
    good = read_all(*j).events;
    for (std::uint64_t n = 0; n < 60; ++n) {
      by_number what(n);
      left.push_back(on.tree().after_cut(what));
    }
    ASSERT_TRUE(j->close());
  }
  std::set<std::size_t> sizes;
  options.durability = durability::synced;
  for (auto& tree : left) {
    on.put(std::move(tree));
    auto j = open_faulty();
    ASSERT_TRUE(j);
    const auto events = read_all(*j).events;
    ASSERT_LE(events.size(), good.size());
    EXPECT_TRUE(std::equal(events.begin(), events.end(), good.begin()));
    must_append(*j, commit_to("a-1"));
    sizes.insert(events.size());
  }
  EXPECT_GT(sizes.size(), 3U) << "some cuts took something";
}

TEST_F(Relaxed, P12_AFailedSyncSaysNothingOfTheCommitThatComesNext) {
  options.relaxed_sync_interval = std::chrono::milliseconds{0};
  auto j = open_faulty();
  outcome_log all;
  clock.hold();
  ASSERT_TRUE(j->append(commit_to("a-1"), nullptr, all.observer(0)));
  clock.wait_for_waiter();
  ASSERT_TRUE(j->append(commit_to("a-1"), nullptr, all.observer(1)));
  fail_next(kind::sync);  // it falls between the two groups
  clock.release();
  all.wait_for(2);
  EXPECT_TRUE(all.of(0)) << all.of(0).error().to_string();
  ASSERT_TRUE(all.of(1)) << all.of(1).error().to_string();
  EXPECT_EQ(all.of(1)->last_position, position{2});
  EXPECT_EQ(read_all(*j).events.size(), 2U);
}

TEST_F(Relaxed, CloseSyncs) {
  options.relaxed_sync_interval = std::chrono::hours{1};
  auto j = open_faulty();
  for (int i = 0; i < 10; ++i) must_append(*j, commit_to("a-1"));
  ASSERT_TRUE(j->close());
  j.reset();
  by_number none(0);
  on.put(on.tree().after_cut(none));
  EXPECT_EQ(open_faulty()->head(), position{10});
}

TEST_F(Recovery, ATornTailIsCutAndTheJournalOpens) {
  std::vector<kept_event> good;
  {
    auto j = open_faulty();
    for (int i = 0; i < 5; ++i) must_append(*j, commit_to("a-1", 1, expected_version::any(), 3000));
    good = read_all(*j).events;
    fail_all();  // no close either
  }
  on.set_judge({});
  auto tree = on.tree();
  std::string newest;
  for (const auto& [path, id] : tree.files()) {
    if (path.starts_with("/journal/events/") && path.ends_with(".log")) newest = path;
  }
  ASSERT_FALSE(newest.empty());
  std::string bytes = *tree.at(tree.find(newest)).now;
  // A record over three blocks of which only the last one reached the disk.
  bytes += std::string(40'000, '\0') + std::string("\x12\x34\x56\x78\x10\x00\x04garbage", 14);
  tree.replace(tree.find(newest), bytes);
  on.put(tree);
  auto j = open_faulty();
  ASSERT_TRUE(j);
  EXPECT_EQ(read_all(*j).events, good);
}

}  // namespace
}  // namespace fasti::test
