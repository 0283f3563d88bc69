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

  [[nodiscard]] result<aggregate_registry::place> enter(std::string_view key) {
    return registry.enter(stream_id::of("ledger", key), decider);
  }
  /// Refused: the answer is in `answered`.
  void send(std::string_view key, std::int64_t cents = 1) {
    auto place = enter(key);
    if (!place) return answered.emplace_back(std::move(place).error()), void();
    core::incoming item(deposit(cents, answered, std::move(place->permit)));
    auto delivered = aggregate_registry::deliver(*place, std::move(item));
    if (!delivered) std::get<core::incoming_command>(item).reply->answer(delivered.error());
  }
  [[nodiscard]] std::int64_t balance(std::string_view key) {
    query_answers to;
    auto place = enter(key);
    if (!place) return -2;
    const auto delivered = aggregate_registry::deliver(
        *place, core::incoming_query{type_id_of<GetBalance>, build<GetBalance>([](auto) {}),
                                     reply_into(to, std::move(place->permit))});
    run_all();
    return delivered && to.size() == 1 ? cents_of(to[0]) : -3;
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

TEST(Registry, APlaceThatIsNotUsedIsGivenBack) {
  registry_kit kit({.commands_in_flight_max = 1});
  { const auto place = kit.enter("a"); }
  EXPECT_EQ(kit.registry.in_flight(), 0U);
  EXPECT_TRUE(kit.enter("a").has_value());
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
  {
    const auto place = kit.enter("b");
    kit.idle(10, 0);
    EXPECT_EQ(kit.registry.live(), 2U) << "who has a place keeps it in memory";
  }
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
             build<LedgerState>([](auto state) { state.setBalance(999); })};
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
  std::unique_ptr<view_store> views = persistence::make_memory_views();
  fasti::node::reader_pool readers{2};
  actors::actor_figures figures;
  actors::services services{*journal, *snapshots, *views, readers, options, figures};
  fasti::detail::decider_port decider = fasti::detail::port_of_decider<ledger>();
  std::unique_ptr<actors::actor_world> world = *actors::actor_world::open({.worker_threads = 2});
  aggregate_registry registry{world->host(), services};
};

TEST(Registry, P7_ManyThreadsEnterAndThereIsOneAggregateAStream) {
  constexpr int threads_count = 4;
  constexpr int streams_count = 50;
  threaded_kit kit;
  std::vector<std::vector<actors::aggregate_actor>> owners(threads_count);
  std::latch start(threads_count);
  std::vector<std::thread> threads;
  for (int t = 0; t < threads_count; ++t) {
    threads.emplace_back([&, t] {
      start.arrive_and_wait();
      for (int s = 0; s < streams_count; ++s) {
        auto place = kit.registry.enter(stream_id::of("ledger", std::to_string(s)), kit.decider);
        owners[static_cast<std::size_t>(t)].push_back(place->owner);
      }
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(kit.registry.live(), std::size_t{streams_count});
  EXPECT_EQ(kit.registry.in_flight(), 0U);
  for (const auto& of_thread : owners) EXPECT_EQ(of_thread, owners[0]);
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
      answers unused;
      for (int i = 0; i < sends_each; ++i) {
        const auto stream = stream_id::of("ledger", std::to_string((t + i) % 5));
        auto place = kit.registry.enter(stream, kit.decider);
        core::incoming_command c = deposit(1, unused);
        c.reply->answer(error{});  // replaced
        c.reply = std::make_unique<core::command_reply>(
            stream, c.origin.id,
            [&](const result<receipt>& r) {
              if (r) ++stored;
              ++answered;
            },
            std::move(place->permit));
        core::incoming item(std::move(c));
        if (!aggregate_registry::deliver(*place, std::move(item))) {
          std::get<core::incoming_command>(item).reply->answer(error{errc::unavailable, "", ""});
        }
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
