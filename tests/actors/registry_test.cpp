#include <thread>

#include "small_node.hpp"

namespace fasti::test {
namespace {

class Registry : public SmallNode {
 protected:
  using place = actors::aggregate_registry::place;

  Registry() {
    options.commands_in_flight_max = 8;
    options.aggregate_queue_max = 4;
    options.aggregates_max = 1'000;
  }

  std::shared_ptr<receipts> deposit(std::string_view stream, std::int64_t cents) {
    return send<Deposit>(stream, [cents](auto c) { c.setCents(cents); });
  }
  std::shared_ptr<receipts> withdraw(std::string_view stream, std::int64_t cents) {
    return send<Withdraw>(stream, [cents](auto c) { c.setCents(cents); });
  }

  template <class Command, class Fill>
  std::shared_ptr<receipts> send(std::string_view stream, Fill&& fill) {
    auto answers = std::make_shared<receipts>();
    const auto id = *stream_id::parse(stream);
    auto at = registry.enter(id, decider);
    if (!at) {
      answers->push_back(std::move(at).error());
      return answers;
    }
    core::incoming_command c;
    c.type = type_id_of<Command>;
    c.body = build<Command>(std::forward<Fill>(fill));
    c.origin.id = command_id::generate();
    c.reply = std::make_unique<core::command_reply>(
        id, c.origin.id, [answers](result<receipt> r) { answers->push_back(std::move(r)); },
        std::move(at->permit));
    EXPECT_TRUE(actors::aggregate_registry::deliver(*at, std::move(c)));
    return answers;
  }

  static const error& error_of(const std::shared_ptr<receipts>& answers) {
    return answers->at(0).error();
  }

  actors::aggregate_registry registry{world.host(), node};
};

TEST_F(Registry, CommandGoesThroughItsAggregateIntoTheJournal) {
  const auto answer = deposit("ledger-1", 5);
  EXPECT_EQ(registry.live(), 1U);
  EXPECT_EQ(registry.in_flight(), 1U);
  world.run();
  EXPECT_EQ(runner.tasks.size(), 1U) << "it loads on a reader thread, not on a worker";
  settle();
  ASSERT_EQ(answer->size(), 1U);
  ASSERT_TRUE(answer->front());
  EXPECT_EQ(answer->front()->version, version{1});
  EXPECT_EQ(registry.in_flight(), 0U);
  EXPECT_EQ(journal->head(), position{1});
}

TEST_F(Registry, OneAggregateForAStreamAndOneForEachOther) {
  const auto a = deposit("ledger-1", 5);
  const auto b = withdraw("ledger-1", 5);
  const auto c = deposit("ledger-2", 5);
  EXPECT_EQ(registry.live(), 2U);
  settle();
  EXPECT_TRUE(a->at(0) && b->at(0) && c->at(0));
  EXPECT_EQ(b->at(0)->version, version{2});
}

TEST_F(Registry, P6_FullQueueIsToldToTheSenderAndHasRoomAgainLater) {
  for (int i = 0; i < 4; ++i) static_cast<void>(deposit("ledger-1", 5));
  const auto fifth = deposit("ledger-1", 5);
  EXPECT_EQ(error_of(fifth).code, errc::unavailable);
  EXPECT_EQ(error_of(fifth).reason, "queue-full");
  EXPECT_EQ(registry.in_flight(), 4U) << "a refusal takes no place";
  settle();
  const auto later = deposit("ledger-1", 5);
  settle();
  ASSERT_TRUE(later->at(0));
  EXPECT_EQ(later->at(0)->version, version{5});
}

TEST_F(Registry, P6_BusyNodeIsToldToTheSender) {
  for (int i = 0; i < 8; ++i) {
    static_cast<void>(deposit("ledger-" + std::to_string(i), 5));
  }
  const auto ninth = deposit("ledger-9", 5);
  EXPECT_EQ(error_of(ninth).reason, "node-busy");
  settle();
  EXPECT_EQ(registry.in_flight(), 0U);
}

TEST_F(Registry, IdleAggregateLeavesAndComesBackWithItsState) {
  static_cast<void>(deposit("ledger-1", 5));
  registry.tick(0);
  EXPECT_EQ(registry.live(), 1U) << "it has a command outstanding";
  settle();
  registry.tick(0);
  EXPECT_EQ(registry.live(), 0U);
  world.run();
  EXPECT_TRUE(world.running().empty());
  const auto again = withdraw("ledger-1", 5);
  settle();
  ASSERT_TRUE(again->at(0)) << "the deposit is remembered";
  EXPECT_EQ(figures.aggregates_recovered, 1U);
}

TEST_F(Registry, WhoWasUsedLatelyStays) {
  static_cast<void>(deposit("ledger-1", 5));
  settle();
  registry.tick(2);
  registry.tick(2);
  EXPECT_EQ(registry.live(), 1U);
  registry.tick(2);
  registry.tick(2);
  EXPECT_EQ(registry.live(), 0U);
}

TEST_F(Registry, TooManyAggregatesMakeTheLongestIdleLeave) {
  options.aggregates_max = 0;  // one a shard
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i < 8; ++i) {
      static_cast<void>(deposit("ledger-" + std::to_string(round * 8 + i), 5));
    }
    settle();
  }
  EXPECT_EQ(registry.live(), 320U);
  registry.tick(1'000'000);
  EXPECT_LE(registry.live(), 64U);
  world.run();
}

TEST_F(Registry, SnapshotIsSavedAndUsedWhenTheAggregateComesBack) {
  for (int i = 0; i < 4; ++i) static_cast<void>(deposit("ledger-1", 10));
  settle();
  EXPECT_EQ(figures.snapshots_saved, 1U);
  const auto saved = snapshots->load(stream_id::of("ledger", "1"), latest_version);
  ASSERT_TRUE(saved && *saved);
  EXPECT_EQ((*saved)->version, version{3});
  registry.tick(0);
  world.run();
  const auto all = withdraw("ledger-1", 40);
  settle();
  EXPECT_TRUE(all->at(0)) << "P13: snapshot and tail are the whole state";
  EXPECT_EQ(figures.snapshots_loaded, 1U);
  EXPECT_EQ(figures.events_replayed, 1U);
}

TEST_F(Registry, SnapshotNewerThanTheStreamIsPassedOver) {
  snapshot s;
  s.stream = stream_id::of("ledger", "1");
  s.version = version{9};
  s.type = type_id_of<LedgerState>;
  s.body = build<LedgerState>([](auto b) { b.setBalance(1'000'000); });
  ASSERT_TRUE(snapshots->save(s));
  deposit_in_journal("ledger-1", 5);
  const auto too_much = withdraw("ledger-1", 6);
  settle();
  EXPECT_EQ(error_of(too_much).reason, "insufficient-funds");
  EXPECT_FALSE(logged.empty());
}

TEST_F(Registry, StopAnswersWhoWaits) {
  const auto waits = deposit("ledger-1", 5);
  world.run();
  registry.stop_all();
  world.run();
  ASSERT_EQ(waits->size(), 1U);
  EXPECT_EQ(error_of(waits).code, errc::closed);
  EXPECT_EQ(registry.in_flight(), 0U);
  while (runner.run_one()) {
  }
}

TEST_F(Registry, ClosedReadersFailTheLoadWithAnAnswer) {
  runner.closed = true;
  const auto waits = deposit("ledger-1", 5);
  world.run();
  ASSERT_EQ(waits->size(), 1U);
  EXPECT_EQ(error_of(waits).code, errc::closed);
}

TEST_F(Registry, OvertakenAggregateAnswersConflictOnceAndLoadsAgain) {
  static_cast<void>(deposit("ledger-1", 5));
  settle();
  deposit_in_journal("ledger-1", 7);  // beside the aggregate
  const auto first = withdraw("ledger-1", 1);
  settle();
  EXPECT_EQ(error_of(first).code, errc::conflict);
  const auto second = withdraw("ledger-1", 12);
  settle();
  ASSERT_TRUE(second->at(0));
  EXPECT_EQ(second->at(0)->version, version{3});
}

TEST_F(Registry, PlacesAreCountedRightUnderManyThreads) {
  options.commands_in_flight_max = 1'000'000;
  options.aggregate_queue_max = 1'000'000;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 2'000; ++i) {
        const auto stream = stream_id::of("ledger", std::to_string((t + i) % 16));
        ASSERT_TRUE(registry.enter(stream, decider));  // the place is given back at once
      }
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(registry.in_flight(), 0U);
  EXPECT_EQ(registry.live(), 16U);
}

}  // namespace
}  // namespace fasti::test
