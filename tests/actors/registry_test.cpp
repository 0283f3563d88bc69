#include "actors/registry.hpp"

#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "actors/caf/world.hpp"
#include "persistence/memory_journal.hpp"
#include "runtime/node/reader_pool.hpp"
#include "tests/actors/node_kit.hpp"

namespace {

using namespace fasti;
using namespace fasti::test;
using actors::aggregate_registry;

struct registry_kit : node_kit {
  explicit registry_kit(runtime_options o = {})
      : node_kit(std::move(o)), registry(world.host(), services) {}
  ~registry_kit() {
    registry.stop_all();
    run_all();
  }

  /// Refused: the answer is in `answered`.
  void send(std::string_view key, std::int64_t cents = 1) {
    deliver(key, deposit(cents, answered));
  }
  [[nodiscard]] std::int64_t balance(std::string_view key) {
    query_answers to;
    deliver(key, balance_query(to));
    run_all();
    return to.size() == 1 ? cents_of(to[0]) : -3;
  }
  void deliver(std::string_view key, core::incoming arrival) {
    auto delivered = registry.deliver(stream_id::of("ledger", key), decider, std::move(arrival));
    if (!delivered) core::refuse(arrival, delivered.error());
  }
  void idle(int ticks, std::uint64_t idle_ticks_max) {
    for (int i = 0; i < ticks; ++i) registry.tick(idle_ticks_max);
    run();
  }

  aggregate_registry registry;
};

TEST(Registry, SpawnsOneAggregateAStream) {
  registry_kit kit;
  for (int i = 0; i < 5; ++i) kit.send("a");
  kit.send("b");
  EXPECT_EQ(kit.registry.live(), 2U);
  EXPECT_EQ(kit.running("aggregate"), 2U);
  kit.run_all();
  ASSERT_EQ(kit.answered.size(), 6U);
  for (const auto& a : kit.answered) EXPECT_TRUE(a.has_value());
  EXPECT_EQ(kit.registry.in_flight(), 0U);
}

TEST(Registry, P6_TheNodeRefusesAtItsLimitAndGivesThePlacesBack) {
  registry_kit kit({.commands_in_flight_max = 3});
  for (int i = 0; i < 4; ++i) kit.send(std::to_string(i));
  ASSERT_EQ(kit.answered.size(), 1U);
  EXPECT_EQ(kit.answered[0].error().code, errc::unavailable);
  EXPECT_EQ(kit.answered[0].error().reason, "node-busy");
  EXPECT_EQ(kit.registry.in_flight(), 3U);
  kit.run_all();
  EXPECT_EQ(kit.registry.in_flight(), 0U);
  kit.send("again");
  kit.run_all();
  EXPECT_TRUE(kit.answered.back().has_value());
}

TEST(Registry, P6_AnAggregateRefusesAtItsLimitAndGivesThePlacesBack) {
  registry_kit kit({.aggregate_queue_max = 2});
  for (int i = 0; i < 3; ++i) kit.send("a");
  kit.send("b");  // others are not touched by it
  ASSERT_EQ(kit.answered.size(), 1U);
  EXPECT_EQ(kit.answered[0].error().code, errc::unavailable);
  EXPECT_EQ(kit.answered[0].error().reason, "queue-full");
  EXPECT_EQ(kit.registry.in_flight(), 3U);
  kit.run();
  kit.send("a");
  EXPECT_EQ(kit.answered.back().error().reason, "queue-full") << "taken, but not answered";
  kit.run_all();
  EXPECT_EQ(kit.registry.in_flight(), 0U);
  kit.send("a");
  kit.run_all();
  EXPECT_TRUE(kit.answered.back().has_value());
}

TEST(Registry, P6_ABusyNodeTakesNoNewAggregateIntoMemory) {
  registry_kit kit({.commands_in_flight_max = 1});
  kit.send("a");
  kit.send("b");
  ASSERT_EQ(kit.answered.size(), 1U);
  EXPECT_EQ(kit.answered[0].error().reason, "node-busy");
  EXPECT_EQ(kit.registry.live(), 1U);
  kit.run_all();
}

TEST(Registry, WhatIsRefusedIsTheCallersToAnswer) {
  registry_kit kit({.aggregate_queue_max = 1});
  kit.send("a");
  auto refused = deposit(1, kit.answered);
  const auto delivered =
      kit.registry.deliver(stream_id::of("ledger", "a"), kit.decider, std::move(refused));
  ASSERT_FALSE(delivered.has_value());
  EXPECT_TRUE(kit.answered.empty());
  core::refuse(refused, delivered.error());
  ASSERT_EQ(kit.answered.size(), 1U);
  EXPECT_EQ(kit.answered[0].error(), delivered.error());
  kit.run_all();
  EXPECT_EQ(kit.registry.in_flight(), 0U);
}

TEST(Registry, WhoIsIdleLeavesMemory) {
  registry_kit kit;
  kit.send("a");
  kit.run_all();
  kit.idle(2, 2);
  EXPECT_EQ(kit.registry.live(), 1U);
  kit.idle(1, 2);
  EXPECT_EQ(kit.registry.live(), 0U);
  EXPECT_EQ(kit.running("aggregate"), 0U);
}

TEST(Registry, WhoIsUsedStays) {
  registry_kit kit;
  for (int i = 0; i < 10; ++i) {
    kit.send("a");
    kit.run_all();
    kit.idle(2, 2);
    EXPECT_EQ(kit.registry.live(), 1U);
  }
}

TEST(Registry, LeavesOnlyWhenNothingIsOutstanding) {
  registry_kit kit;
  kit.send("a");
  kit.run();  // handed to the disk, which stands still
  kit.idle(10, 0);
  EXPECT_EQ(kit.registry.live(), 1U);
  kit.run_all();
  kit.idle(2, 0);
  EXPECT_EQ(kit.registry.live(), 0U);
}

TEST(Registry, P2_TheNextCommandAfterAPassivationSeesAllState) {
  registry_kit kit;
  for (int i = 0; i < 5; ++i) kit.send("a", 10);
  kit.run_all();
  kit.idle(2, 0);
  ASSERT_EQ(kit.registry.live(), 0U);
  EXPECT_EQ(kit.balance("a"), 50);
  kit.send("a", 1);
  kit.run_all();
  EXPECT_EQ(kit.answered.back()->version, version{6});
}

TEST(Registry, P2_ACommandThatComesBeforeTheOldOneEndedSeesAllState) {
  registry_kit kit;
  kit.send("a", 10);
  kit.run_all();
  kit.registry.tick(0);
  kit.registry.tick(0);  // told to stop, has not done so
  EXPECT_EQ(kit.registry.live(), 0U);
  kit.send("a", 1);
  kit.run_all();
  ASSERT_EQ(kit.answered.size(), 2U);
  ASSERT_TRUE(kit.answered[1].has_value()) << kit.answered[1].error().to_string();
  EXPECT_EQ(kit.answered[1]->version, version{2});
  EXPECT_EQ(kit.running("aggregate"), 1U);
}

TEST(Registry, P13_WhoComesBackStartsFromItsSnapshot) {
  registry_kit kit({.snapshot_every_events = 3});
  for (int i = 0; i < 5; ++i) kit.send("a", 10);
  kit.run_all();
  kit.idle(2, 0);
  EXPECT_EQ(kit.balance("a"), 50);
  EXPECT_EQ(kit.figures.snapshots_loaded, 1U);
  EXPECT_EQ(kit.figures.events_replayed, 2U);
}

TEST(Registry, P2_ASnapshotNewerThanTheStreamIsPassedOver) {
  registry_kit kit;
  kit.send("a", 10);
  kit.run_all();
  kit.idle(2, 0);
  snapshot s{stream_id::of("ledger", "a"), version{7}, position{7}, type_id_of<LedgerState>,
             build<LedgerState>([](auto state) { state.setBalance(999); }),
             fingerprint_of<LedgerState>()};
  ASSERT_TRUE(kit.snapshots.save(s).has_value());
  EXPECT_EQ(kit.balance("a"), 10);
  EXPECT_FALSE(kit.logged.empty());
}

TEST(Registry, OverTheLimitTheLongestIdleLeaveFirst) {
  constexpr std::uint64_t never = 1'000'000;
  registry_kit kit({.aggregates_max = 4});
  for (int i = 0; i < 20; ++i) {
    kit.send(std::to_string(i));
    kit.run_all();
    kit.registry.tick(never);
  }
  kit.run();
  EXPECT_EQ(kit.registry.live(), 4U);
  EXPECT_EQ(kit.running("aggregate"), 4U);
  const auto recovered_before = kit.figures.aggregates_recovered.load();
  for (const auto* newest : {"16", "17", "18", "19"}) EXPECT_EQ(kit.balance(newest), 1);
  EXPECT_EQ(kit.figures.aggregates_recovered, recovered_before) << "these were in memory";
  EXPECT_EQ(kit.balance("15"), 1);
  EXPECT_EQ(kit.figures.aggregates_recovered, recovered_before + 1);
}

TEST(Registry, OverTheLimitNoMoreLeaveThanMust) {
  registry_kit kit({.aggregates_max = 10});
  for (int i = 0; i < 30; ++i) kit.send(std::to_string(i));  // all in one tick
  kit.run_all();
  kit.idle(1, 1'000'000);
  EXPECT_EQ(kit.registry.live(), 10U);
}

TEST(Registry, AfterAFaultTheNextCommandFindsAFreshAggregate) {
  bool is_broken = false;
  registry_kit kit({.clock = [&is_broken] {
    if (is_broken) throw std::runtime_error("no time");
    return timestamp{};
  }});
  kit.send("a");
  kit.run_all();
  is_broken = true;
  kit.send("a");
  kit.run_all();
  is_broken = false;
  ASSERT_EQ(kit.world.faults().size(), 1U);
  ASSERT_EQ(kit.answered.size(), 2U);
  EXPECT_EQ(kit.answered[1].error().code, errc::closed);
  for (int i = 0; i < 2; ++i) {
    kit.send("a");
    kit.run_all();
    ASSERT_TRUE(kit.answered.back().has_value()) << kit.answered.back().error().to_string();
  }
  EXPECT_EQ(kit.answered.back()->version, version{3});
  EXPECT_EQ(kit.registry.live(), 1U);
  EXPECT_EQ(kit.running("aggregate"), 1U);
  kit.idle(2, 0);
  EXPECT_EQ(kit.registry.live(), 0U);
}

TEST(Registry, StopAllAnswersWhoWaits) {
  registry_kit kit;
  for (int i = 0; i < 3; ++i) kit.send(std::to_string(i));
  kit.registry.stop_all();
  EXPECT_EQ(kit.registry.live(), 0U);
  kit.run_all();
  EXPECT_EQ(kit.answered.size(), 3U);
  EXPECT_EQ(kit.registry.in_flight(), 0U);
  EXPECT_EQ(kit.running("aggregate"), 0U);
}

TEST(Registry, P1_AnOutcomeFindsItsSenderAfterAllHaveStopped) {
  registry_kit kit;
  kit.send("a");
  kit.run();  // handed to the disk, which stands still
  kit.registry.stop_all();
  kit.run();
  EXPECT_EQ(kit.running("aggregate"), 0U);
  EXPECT_TRUE(kit.answered.empty());
  kit.journal.settle_all();
  ASSERT_EQ(kit.answered.size(), 1U);
  EXPECT_TRUE(kit.answered[0].has_value());
  EXPECT_EQ(kit.registry.in_flight(), 0U);
}

/// The same over real threads and the reference journal.
struct threaded_kit {
  explicit threaded_kit(runtime_options o = {}) : options(std::move(o)) {
    options.clock = system_now;
    options.log = [](log_level, std::string_view) {};
  }
  ~threaded_kit() {
    registry.stop_all();
    readers.close();
    static_cast<void>(journal->close().has_value());
    EXPECT_TRUE(world->shutdown(std::chrono::seconds(10)).empty());
  }

  runtime_options options;
  std::unique_ptr<fasti::journal> journal = persistence::make_memory_journal(options);
  std::unique_ptr<snapshot_store> snapshots = persistence::make_memory_snapshots();
  fasti::node::reader_pool readers{2};
  actors::actor_figures figures;
  actors::services services{*journal, *snapshots, readers, options, figures};
  fasti::detail::decider_port decider = fasti::detail::port_of_decider<ledger>();
  std::unique_ptr<actors::actor_world> world = *actors::actor_world::open({.worker_threads = 2});
  aggregate_registry registry{world->host(), services};
};

TEST(Registry, P7_ManyThreadsSendAndThereIsOneAggregateAStream) {
  constexpr int threads_count = 4;
  constexpr int streams_count = 50;
  threaded_kit kit;
  std::latch start(threads_count);
  std::latch answered(threads_count * streams_count);
  std::vector<std::thread> threads;
  for (int t = 0; t < threads_count; ++t) {
    threads.emplace_back([&] {
      start.arrive_and_wait();
      for (int s = 0; s < streams_count; ++s) {
        const auto sent = kit.registry.deliver(
            stream_id::of("ledger", std::to_string(s)), kit.decider,
            command<Deposit>([](auto c) { c.setCents(1); },
                             [&answered](const result<receipt>&) { answered.count_down(); }));
        EXPECT_TRUE(sent.has_value());
      }
    });
  }
  for (auto& t : threads) t.join();
  answered.wait();
  EXPECT_EQ(kit.registry.live(), std::size_t{streams_count});
  EXPECT_EQ(kit.registry.in_flight(), 0U);
  const auto running = kit.world->host().census().running();
  ASSERT_EQ(running.size(), 1U);
  EXPECT_EQ(running[0].count, std::size_t{streams_count});
}

TEST(Registry, P8_ThreadsSendWhileAggregatesComeAndGo) {
  constexpr int threads_count = 3;
  constexpr int sends_each = 300;
  threaded_kit kit;
  std::atomic<int> stored{0};
  std::atomic<int> answered{0};
  std::atomic<int> senders{threads_count};
  std::vector<std::thread> threads;
  for (int t = 0; t < threads_count; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < sends_each; ++i) {
        auto c = command<Deposit>([](auto d) { d.setCents(1); },
                                  [&](const result<receipt>& r) {
                                    if (r) ++stored;
                                    ++answered;
                                  });
        const auto sent = kit.registry.deliver(stream_id::of("ledger", std::to_string((t + i) % 5)),
                                               kit.decider, std::move(c));
        if (!sent) core::refuse(c, sent.error());
      }
      --senders;
    });
  }
  while (senders > 0) kit.registry.tick(0);
  for (auto& t : threads) t.join();
  while (answered < threads_count * sends_each) std::this_thread::yield();
  EXPECT_EQ(stored, threads_count * sends_each) << "no place was lost to a passivation";
  EXPECT_EQ(count_of(kit.journal->head()), static_cast<std::uint64_t>(stored));
}

}  // namespace
