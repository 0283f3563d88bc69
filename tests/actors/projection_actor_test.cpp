#include "actors/projection_actor.hpp"

#include <gtest/gtest.h>

#include "actors/bus_actor.hpp"
#include "tests/actors/node_kit.hpp"

namespace {

using namespace fasti;
using namespace fasti::test;
using namespace std::chrono_literals;
using clock_point = std::chrono::steady_clock::time_point;

/// The view "balances" over a manual journal.
struct projection_kit : node_kit {
  explicit projection_kit(runtime_options o = {}, projection_options p = {})
      : node_kit(std::move(o)), how(p), bus(world.spawn<actors::bus_actor_impl>(no_position)) {
    start();
  }
  /// Bus and projection hold each other: stopped, they let go.
  ~projection_kit() {
    actors::stop(bus);
    actors::stop(actor);
    world.run();
  }

  void start() {
    board = std::make_shared<actors::projection_board>(port.name, options.queries_waiting_max);
    auto machine = std::make_unique<core::projection_machine>(
        core::projection_surroundings{port, journal, *views, options}, how);
    EXPECT_TRUE(machine->open());
    actor = world.spawn<actors::projection_actor_impl>(std::move(machine), board, bus, services);
    actors::send(bus, actors::subscribe{actor});
  }
  void put(std::int64_t cents, std::string_view stream = "ledger-a") {
    journal.put(stream, type_id_of<Deposited>, deposited(cents));
  }
  void put_withdrawal(std::string_view note) {
    journal.put("ledger-a", type_id_of<Withdrawn>, build<Withdrawn>([note](auto e) {
                  e.setCents(1);
                  e.setNote(std::string(note).c_str());
                }));
  }
  void rise() {
    actors::send(bus, actors::head_rose{journal.head()});
    run();
  }
  [[nodiscard]] actors::put_result ask(view_answers& to, position visible_at = no_position,
                                       clock_point deadline = clock_point::max()) {
    core::view_query q{type_id_of<GetBalance>, build<GetBalance>([](auto b) { b.setAccount("a"); }),
                       visible_at, deadline, std::make_unique<core::view_reply>(into(to))};
    const auto put = board->queries.put(std::move(q));
    if (put == actors::put_result::wake) actors::send(actor, actors::queries_ready{});
    return put;
  }
  [[nodiscard]] std::int64_t balance() {
    view_answers asked;
    static_cast<void>(ask(asked));
    run();
    return asked.size() == 1 ? cents_of(asked[0]) : -2;
  }

  /// Called between two steps.
  void act(std::function<void(core::projection_machine&)> what) {
    actors::send(actor, actors::between_steps{std::move(what), [] {}});
    run();
  }

  projection_options how;
  fasti::detail::projection_port port = fasti::detail::port_of_projection<balances>();
  std::shared_ptr<actors::projection_board> board;
  actors::bus_actor bus;
  actors::projection_actor actor;
};

TEST(ProjectionActor, FoldsToTheHead) {
  projection_kit kit;
  for (int i = 0; i < 10; ++i) kit.put(5);
  kit.rise();
  EXPECT_EQ(kit.board->status().checkpoint, position{10});
  EXPECT_EQ(kit.balance(), 50);
  kit.put(1);
  kit.rise();
  EXPECT_EQ(kit.balance(), 51);
  EXPECT_EQ(*kit.views->checkpoint("balances"), position{11});
}

TEST(ProjectionActor, StartsBehindItsCheckpoint) {
  projection_kit kit;
  kit.put(5);
  kit.rise();
  actors::stop(kit.actor);
  kit.run();
  kit.put(7);
  kit.start();
  kit.rise();
  ASSERT_FALSE(kit.journal.ranges.empty());
  EXPECT_EQ(kit.journal.ranges.back().after, position{1});
  EXPECT_EQ(kit.balance(), 12);
}

TEST(ProjectionActor, FoldsInBatchesWithACheckpointEach) {
  projection_kit kit({.projection_batch_events = 4});
  for (int i = 0; i < 10; ++i) kit.put(1);
  kit.rise();
  ASSERT_GE(kit.journal.ranges.size(), 3U);
  EXPECT_EQ(kit.journal.ranges[0].after, position{0});
  EXPECT_EQ(kit.journal.ranges[1].after, position{4});
  EXPECT_EQ(kit.journal.ranges[2].after, position{8});
  for (const auto& range : kit.journal.ranges) EXPECT_EQ(range.events_max, 4U);
  EXPECT_EQ(kit.balance(), 10);
}

TEST(ProjectionActor, HasOneStepAtWorkHoweverMuchComes) {
  view_answers asked;
  projection_kit kit;
  kit.put(1);
  actors::send(kit.bus, actors::head_rose{kit.journal.head()});
  kit.world.run();
  for (int i = 0; i < 20; ++i) static_cast<void>(kit.ask(asked));
  for (int i = 0; i < 20; ++i) actors::send(kit.actor, actors::deadline_tick{});
  kit.world.run();
  EXPECT_EQ(kit.readers.waiting(), 1U);
  kit.run();
  EXPECT_EQ(asked.size(), 20U);
}

TEST(ProjectionActor, HearsOfNewsUnderQueriesWithoutEnd) {
  projection_kit kit;
  bool is_over = false;
  std::function<void()> ask = [&] {
    core::view_query q{type_id_of<GetBalance>, build<GetBalance>([](auto b) { b.setAccount("a"); }),
                       no_position, clock_point::max(),
                       std::make_unique<core::view_reply>([&](const auto&) {
                         if (!is_over) ask();
                       })};
    if (kit.board->queries.put(std::move(q)) == actors::put_result::wake) {
      actors::send(kit.actor, actors::queries_ready{});
    }
  };
  ask();
  for (int news = 1; news <= 3; ++news) {
    kit.put(1);
    actors::send(kit.bus, actors::head_rose{kit.journal.head()});
    for (int steps = 0; steps < 5; ++steps) {
      kit.world.run();
      ASSERT_TRUE(kit.readers.run_once()) << "there is always a query";
    }
    EXPECT_EQ(kit.board->status().checkpoint, kit.journal.head());
  }
  is_over = true;
  kit.run();
}

TEST(ProjectionActor, EventsOfOtherTypesMoveTheCheckpointOn) {
  projection_kit kit;
  kit.put(1);
  kit.journal.put("other-x", type_id_of<Undeclared>, build<Undeclared>([](auto) {}));
  kit.rise();
  EXPECT_EQ(kit.board->status().checkpoint, position{2});
}

TEST(ProjectionActor, AQueryWaitsForItsPosition) {
  view_answers asked;
  projection_kit kit;
  static_cast<void>(kit.ask(asked, position{2}));
  kit.run();
  EXPECT_TRUE(asked.empty());
  EXPECT_EQ(kit.board->status().queries_waiting, 1U);
  kit.put(5);
  kit.rise();
  EXPECT_TRUE(asked.empty());
  kit.put(6);
  kit.rise();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(cents_of(asked[0]), 11);
  EXPECT_EQ(kit.board->status().queries_waiting, 0U);
}

TEST(ProjectionActor, ATickTellsThoseWhoseTimeIsUp) {
  view_answers late;
  view_answers patient;
  projection_kit kit;
  static_cast<void>(kit.ask(patient, position{1}));
  static_cast<void>(kit.ask(late, position{1}, clock_point::min()));
  kit.run();
  actors::send(kit.actor, actors::deadline_tick{});
  kit.run();
  ASSERT_EQ(late.size(), 1U);
  EXPECT_EQ(late[0].error().reason, "not-visible-in-time");
  EXPECT_TRUE(patient.empty());
}

TEST(ProjectionActor, APoisonedEventStopsItAndShowsOnTheBoard) {
  view_answers waiting;
  projection_kit kit;
  kit.put(10);
  kit.put_withdrawal("poison");
  kit.put(100);
  static_cast<void>(kit.ask(waiting, position{3}));
  kit.rise();
  const auto stopped = kit.board->status().stopped;
  ASSERT_TRUE(stopped.has_value());
  EXPECT_EQ(stopped->code, errc::corrupt);
  EXPECT_NE(stopped->detail.find("position 2"), std::string::npos) << stopped->detail;
  EXPECT_EQ(kit.board->status().checkpoint, position{1}) << "what is before the poison is folded";
  ASSERT_EQ(waiting.size(), 1U);
  EXPECT_EQ(waiting[0].error().reason, "projection-stopped");
  EXPECT_EQ(kit.balance(), 10) << "who asks for no position sees what there is";
  EXPECT_EQ(kit.logged.size(), 1U);
  kit.put(1000);
  kit.rise();
  EXPECT_EQ(kit.board->status().checkpoint, position{1}) << "nothing is skipped";
}

TEST(ProjectionActor, AJournalThatCannotBeReadStopsIt) {
  projection_kit kit;
  kit.put(10);
  kit.journal.reads_fail = error{errc::corrupt, "damaged", "as the test wants"};
  kit.rise();
  ASSERT_TRUE(kit.board->status().stopped.has_value());
  EXPECT_EQ(kit.board->status().stopped->reason, "damaged");
}

TEST(ProjectionActor, ARebuildTakesTheOldOnesPlaceAndStartsAStoppedOne) {
  projection_kit kit;
  kit.put(10);
  kit.journal.reads_fail = error{errc::corrupt, "damaged", "as the test wants"};
  kit.rise();
  kit.journal.reads_fail.reset();
  kit.act([](auto& m) { EXPECT_TRUE(m.start_rebuild(no_position, when_caught_up::switch_over)); });
  EXPECT_FALSE(kit.board->status().stopped.has_value());
  ASSERT_TRUE(kit.board->status().rebuild.has_value());
  EXPECT_EQ(kit.board->status().rebuild->phase, rebuild_phase::switched_over);
  EXPECT_EQ(kit.balance(), 10);
  kit.put(5);
  kit.rise();
  EXPECT_EQ(kit.balance(), 15) << "the bus goes on telling";
}

TEST(ProjectionActor, WhatIsToBeDoneBetweenStepsIsDoneAlsoDuringOne) {
  projection_kit kit;
  kit.put(10);
  actors::send(kit.bus, actors::head_rose{kit.journal.head()});
  kit.world.run();
  int acts = 0;
  int done = 0;
  for (int i = 0; i < 3; ++i) {
    actors::send(kit.actor, actors::between_steps{[&](auto&) { ++acts; }, [&] { ++done; }});
  }
  kit.run();
  EXPECT_EQ(acts, 3);
  EXPECT_EQ(done, 3);
  EXPECT_EQ(kit.balance(), 10);
}

TEST(ProjectionActor, ARetryWaitsForATick) {
  projection_kit kit({}, {.on_failure = {.retries_max = 1, .backoff = 0ms}});
  kit.put(10);
  kit.put_withdrawal("poison");
  kit.rise();
  EXPECT_EQ(kit.board->status().checkpoint, position{1});
  EXPECT_TRUE(kit.board->status().stopped.has_value() || kit.board->wants_ticks());
  actors::send(kit.actor, actors::deadline_tick{});
  kit.run();
  EXPECT_TRUE(kit.board->status().stopped.has_value());
  EXPECT_FALSE(kit.board->wants_ticks());
}

TEST(ProjectionActor, P6_ItsInboxIsBounded) {
  view_answers asked;
  projection_kit kit({.queries_waiting_max = 4});
  for (int i = 0; i < 4; ++i) EXPECT_NE(kit.ask(asked), actors::put_result::full);
  EXPECT_EQ(kit.ask(asked), actors::put_result::full);
  kit.run();
  EXPECT_EQ(kit.ask(asked), actors::put_result::wake);
}

TEST(ProjectionActor, P6_ThoseWhoWaitForAPositionAreBoundedToo) {
  view_answers asked;
  projection_kit kit({.queries_waiting_max = 2});
  for (int i = 0; i < 3; ++i) {
    static_cast<void>(kit.ask(asked, position{1}));
    kit.run();
  }
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].error().reason, "queue-full");
}

TEST(ProjectionActor, AStopAnswersWhoIsInTheInboxAndWhoWaits) {
  view_answers asked;
  projection_kit kit;
  static_cast<void>(kit.ask(asked, position{5}));
  kit.run();
  ASSERT_EQ(kit.board->status().queries_waiting, 1U);
  static_cast<void>(kit.ask(asked));
  actors::stop(kit.actor);
  kit.actor = actors::projection_actor();
  actors::stop(kit.bus);
  kit.bus = actors::bus_actor();
  kit.world.run();
  kit.readers.drop_all();
  kit.run();
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(kit.ask(asked), actors::put_result::closed);
  EXPECT_EQ(kit.running("projection"), 0U);
}

TEST(ProjectionActor, AStopDuringAStepLetsTheStepEnd) {
  projection_kit kit;
  kit.put(10);
  actors::send(kit.bus, actors::head_rose{kit.journal.head()});
  kit.world.run();
  ASSERT_EQ(kit.readers.waiting(), 1U);
  actors::stop(kit.actor);
  kit.actor = actors::projection_actor();
  kit.world.run();
  kit.run();
  EXPECT_EQ(*kit.views->checkpoint("balances"), position{1});
  EXPECT_TRUE(kit.world.faults().empty());
}

}  // namespace
