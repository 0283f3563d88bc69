#include <gtest/gtest.h>

#include "tests/actors/node_kit.hpp"

namespace {

using namespace fasti;
using namespace fasti::test;

/// One aggregate, "ledger-a", by itself.
struct aggregate_kit : node_kit {
  explicit aggregate_kit(runtime_options o = {}) : node_kit(std::move(o)), actor(make()) {}
  // Its turns may still come: it must be gone before what it uses.
  ~aggregate_kit() {
    if (actor) actor->stop();
  }

  /// Puts it into the inbox and wakes as `put` says.
  void arrive(core::incoming&& arrival) {
    const auto in_queue = put(std::move(arrival));
    ASSERT_TRUE(in_queue.has_value()) << in_queue.error().to_string();
    if (*in_queue == actors::put_result::wake) {
      ++wakes;
      actor->wake();
    }
  }
  /// Counted as the registry does it.
  [[nodiscard]] result<actors::put_result> put(core::incoming&& arrival) {
    ++figures.in_flight;
    return actor->put(std::move(arrival), 0);
  }
  [[nodiscard]] actors::aggregate_ref make() {
    return actors::make_light<actors::aggregate_actor>(
        world.host(), nowhere, stream_id::of("ledger", "a"), 0, decider, services);
  }
  void ask_balance(query_answers& to) { arrive(balance_query(to)); }

  no_home nowhere;
  actors::aggregate_ref actor;
  int wakes = 0;
};

TEST(AggregateActor, P6_WakesOnceHoweverMuchComes) {
  aggregate_kit kit;
  for (int i = 0; i < 50; ++i) kit.arrive(deposit(1, kit.answered));
  EXPECT_EQ(kit.wakes, 1);
  EXPECT_EQ(kit.world.run(), 1U) << "one turn for fifty commands";
  kit.run_all();
  ASSERT_EQ(kit.answered.size(), 50U);
  EXPECT_EQ(kit.answered.back()->version, version{50});
}

TEST(AggregateActor, P6_CommandsBeforeTheLoadAreHandledInOrder) {
  aggregate_kit kit;
  kit.arrive(deposit(10, kit.answered));
  kit.world.run();
  ASSERT_EQ(kit.readers.waiting(), 1U) << "loading";
  kit.arrive(withdraw(10, kit.answered));
  kit.arrive(withdraw(1, kit.answered));  // only refused when it comes third
  kit.arrive(deposit(5, kit.answered));
  kit.world.run();
  EXPECT_EQ(kit.readers.waiting(), 1U) << "one load however much comes";
  EXPECT_EQ(kit.journal.queued(), 0U);
  kit.run_all();
  ASSERT_EQ(kit.answered.size(), 4U);
  EXPECT_EQ(kit.answered[0]->version, version{1});
  EXPECT_EQ(kit.answered[1]->version, version{2});
  EXPECT_EQ(kit.answered[2].error().code, errc::rejected);
  EXPECT_EQ(kit.answered[3]->version, version{3});
}

TEST(AggregateActor, MoreThanATurnTakesIsAllHandledInOrder) {
  aggregate_kit kit;
  for (int i = 0; i < 600; ++i) kit.arrive(deposit(1, kit.answered));
  EXPECT_EQ(kit.wakes, 1);
  kit.run_all();
  ASSERT_EQ(kit.answered.size(), 600U);
  EXPECT_EQ(kit.answered.back()->version, version{600});
}

/// What comes between two turns of a long queue wakes nobody later.
TEST(AggregateActor, WhatComesBehindMoreThanATurnTakesIsHandledToo) {
  aggregate_kit kit;
  kit.arrive(deposit(1, kit.answered));
  kit.run_all();  // alive: no load comes in between
  for (int i = 0; i < 300; ++i) kit.arrive(deposit(1, kit.answered));
  ASSERT_TRUE(kit.world.run_once());
  EXPECT_LT(kit.journal.queued(), 300U) << "one turn does not take them all";
  kit.arrive(deposit(1, kit.answered));
  kit.run_all();
  ASSERT_EQ(kit.answered.size(), 302U);
  EXPECT_EQ(kit.answered.back()->version, version{302});
}

TEST(AggregateActor, P1_AnswersOnlyAfterTheDisk) {
  aggregate_kit kit;
  kit.arrive(deposit(10, kit.answered));
  kit.run();
  EXPECT_EQ(kit.journal.queued(), 1U);
  EXPECT_TRUE(kit.answered.empty());
  kit.journal.settle(1);
  ASSERT_EQ(kit.answered.size(), 1U);
  EXPECT_EQ(kit.answered[0]->position, position{1});
}

TEST(AggregateActor, P2_ARejectionOnStateThatIsNotDurableWaitsForTheDisk) {
  aggregate_kit kit;
  kit.arrive(deposit(10, kit.answered));
  kit.arrive(withdraw(11, kit.answered));
  kit.run();
  EXPECT_TRUE(kit.answered.empty());
  kit.journal.settle(1);
  EXPECT_EQ(kit.answered.size(), 1U);
  kit.journal.settle(1);
  ASSERT_EQ(kit.answered.size(), 2U);
  EXPECT_EQ(kit.answered[1].error().reason, "insufficient-funds");
}

TEST(AggregateActor, P2_AQueryWaitsForTheDiskToo) {
  query_answers asked;
  aggregate_kit kit;
  kit.arrive(deposit(10, kit.answered));
  kit.ask_balance(asked);
  kit.run();
  EXPECT_TRUE(asked.empty());
  kit.run_all();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(cents_of(asked[0]), 10);
}

TEST(AggregateActor, ALoadThatFailsAnswersAndAfterAPauseTheNextCommandLoadsAgain) {
  timestamp now{};
  aggregate_kit kit({.clock = [&now] { return now; }});
  kit.journal.reads_fail = error{errc::corrupt, "damaged", "as the test wants"};
  kit.arrive(deposit(10, kit.answered));
  kit.arrive(deposit(10, kit.answered));
  kit.run_all();
  ASSERT_EQ(kit.answered.size(), 2U);
  for (const auto& a : kit.answered) EXPECT_EQ(a.error().code, errc::corrupt);
  EXPECT_FALSE(kit.logged.empty());
  kit.journal.reads_fail.reset();
  now += std::chrono::seconds{1};
  kit.arrive(deposit(10, kit.answered));
  kit.run_all();
  ASSERT_EQ(kit.answered.size(), 3U);
  EXPECT_EQ(kit.answered[2]->version, version{1});
}

TEST(AggregateActor, WhenNoReaderTakesTheLoadItAnswersClosed) {
  aggregate_kit kit;
  kit.readers.closed = true;
  kit.arrive(deposit(10, kit.answered));
  kit.run_all();
  ASSERT_EQ(kit.answered.size(), 1U);
  EXPECT_EQ(kit.answered[0].error().code, errc::closed);
}

TEST(AggregateActor, AStopAnswersWhoWaitsForTheLoadAndWhoIsInTheInbox) {
  aggregate_kit kit;
  kit.arrive(deposit(10, kit.answered));
  kit.world.run();  // loading
  ASSERT_EQ(*kit.put(deposit(10, kit.answered)), actors::put_result::wake);
  kit.actor->stop();
  kit.world.run();
  ASSERT_EQ(kit.answered.size(), 2U);
  for (const auto& a : kit.answered) EXPECT_EQ(a.error().code, errc::closed);
  EXPECT_TRUE(kit.actor->is_closed());
  kit.run_all();  // the load comes too late and meets nobody
  EXPECT_EQ(kit.running("aggregate"), 0U);
}

TEST(AggregateActor, AnOutcomeReachesItsSenderAfterTheAggregateIsGone) {
  aggregate_kit kit;
  kit.arrive(deposit(10, kit.answered));
  kit.run();
  kit.actor->stop();
  kit.actor.reset();
  kit.run();
  EXPECT_EQ(kit.running("aggregate"), 0U);
  kit.journal.settle_all();
  ASSERT_EQ(kit.answered.size(), 1U);
  EXPECT_TRUE(kit.answered[0].has_value());
}

TEST(AggregateActor, SavesASnapshotOnlyAfterWhatItShowsIsDurable) {
  aggregate_kit kit({.snapshot_every_events = 3});
  for (int i = 0; i < 4; ++i) kit.arrive(deposit(10, kit.answered));
  kit.run();
  EXPECT_TRUE(kit.snapshots.saved.empty());
  kit.journal.settle(3);
  kit.run();
  EXPECT_TRUE(kit.snapshots.saved.empty()) << "three are durable, its barrier is not through";
  kit.run_all();
  ASSERT_EQ(kit.snapshots.saved.size(), 1U);
  EXPECT_EQ(kit.snapshots.saved[0].version, version{3});
  EXPECT_EQ(kit.snapshots.saved[0].position, position{3});
  EXPECT_EQ(kit.figures.snapshots_saved, 1U);
}

TEST(AggregateActor, ASnapshotOfASessionThatBrokeIsNotSaved) {
  aggregate_kit kit({.snapshot_every_events = 2});
  kit.arrive(deposit(10, kit.answered));
  kit.run();
  kit.journal.put("ledger-a", type_id_of<Deposited>, deposited(1));  // somebody was faster
  kit.arrive(deposit(10, kit.answered));
  kit.run_all();
  ASSERT_EQ(kit.answered.size(), 2U);
  for (const auto& a : kit.answered) EXPECT_EQ(a.error().code, errc::conflict);
  EXPECT_TRUE(kit.snapshots.saved.empty());
}

TEST(AggregateActor, ASnapshotIsLeftOutWhenReadersAreBusy) {
  aggregate_kit kit({.snapshot_every_events = 2});
  kit.readers.busy = true;
  for (int i = 0; i < 3; ++i) kit.arrive(deposit(10, kit.answered));
  kit.run_all();
  EXPECT_EQ(kit.answered.size(), 3U);
  EXPECT_TRUE(kit.snapshots.saved.empty());
}

TEST(AggregateActor, AConflictReloadsBehindTheDiskAndGoesOn) {
  aggregate_kit kit;
  kit.arrive(deposit(10, kit.answered));
  kit.run_all();
  kit.journal.put("ledger-a", type_id_of<Deposited>, deposited(5));
  kit.arrive(deposit(10, kit.answered));
  kit.run_all();
  ASSERT_EQ(kit.answered.size(), 2U);
  EXPECT_EQ(kit.answered[1].error().code, errc::conflict);
  query_answers asked;
  kit.ask_balance(asked);
  kit.run_all();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(cents_of(asked[0]), 15);
}

TEST(AggregateActor, AJournalThatRefusesIsPassedOnAndTheStateIsReadAgain) {
  aggregate_kit kit;
  kit.arrive(deposit(10, kit.answered));
  kit.run_all();
  kit.journal.refuse = true;
  kit.arrive(deposit(10, kit.answered));
  kit.run_all();
  ASSERT_EQ(kit.answered.size(), 2U);
  EXPECT_EQ(kit.answered[1].error().reason, "queue-full");
  kit.journal.refuse = false;
  kit.arrive(deposit(10, kit.answered));
  kit.run_all();
  ASSERT_EQ(kit.answered.size(), 3U);
  EXPECT_EQ(kit.answered[2]->version, version{2});
}

TEST(AggregateActor, UserCodeThatThrowsEndsNoActor) {
  aggregate_kit kit;
  for (const auto how : {Misbehave::How::THROW_IN_DECIDE, Misbehave::How::THROW_IN_EVOLVE,
                         Misbehave::How::UNDECLARED_EVENT}) {
    kit.arrive(command<Misbehave>([how](auto c) { c.setHow(how); }, kit.answered));
  }
  kit.arrive(deposit(10, kit.answered));
  kit.run_all();
  ASSERT_EQ(kit.answered.size(), 4U);
  EXPECT_EQ(kit.answered[0].error().reason, "decide-failed");
  EXPECT_EQ(kit.answered[1].error().reason, "evolve-failed");
  EXPECT_EQ(kit.answered[2].error().reason, "evolve-failed");
  ASSERT_TRUE(kit.answered[3].has_value());
  EXPECT_EQ(kit.answered[3]->version, version{1});
  EXPECT_TRUE(kit.world.faults().empty());
  EXPECT_EQ(kit.running("aggregate"), 1U);
}

TEST(AggregateActor, P12_OneThatHasStoppedLeavesNobodyWithoutAnAnswer) {
  aggregate_kit kit;
  kit.arrive(deposit(10, kit.answered));
  kit.actor->stop();
  kit.world.run();
  ASSERT_EQ(kit.answered.size(), 1U) << "who waited for the load";
  EXPECT_EQ(kit.answered[0].error().reason, "closed");
  EXPECT_TRUE(kit.actor->is_closed());
  // It came between the look at whether it is closed and its queue.
  auto late = deposit(10, kit.answered);
  const auto refused = kit.put(std::move(late));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, errc::unavailable);
  EXPECT_EQ(refused.error().reason, "aggregate-restarting");
  core::refuse(late, refused.error());  // NOLINT(bugprone-use-after-move): still ours
  ASSERT_EQ(kit.answered.size(), 2U);
  EXPECT_EQ(kit.figures.in_flight, 0U);
}

}  // namespace
