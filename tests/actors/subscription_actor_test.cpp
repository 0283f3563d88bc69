#include "actors/subscription_actor.hpp"

#include <gtest/gtest.h>

#include "actors/bus_actor.hpp"
#include "tests/actors/node_kit.hpp"

namespace {

using namespace fasti;
using namespace fasti::test;

/// A subscription to all deposits of a manual journal.
struct subscription_kit : node_kit {
  subscription_kit() : bus(world.spawn<actors::bus_actor_impl>(no_position)) {}
  /// Bus and subscription hold each other: stopped, they let go.
  ~subscription_kit() {
    actors::stop(bus);
    actors::stop(actor);
    world.run();
  }

  void start(subscription_options o = {}) {
    o.only.types = {type_id_of<Deposited>};
    board = std::make_shared<actors::subscription_board>(
        o.name, o.batches_held_max,
        [this](result<event_batch> r) { came.push_back(std::move(r)); });
    actor = world.spawn<actors::subscription_actor_impl>(std::move(o), no_position, board, bus,
                                                         services);
    board->wake_by([to = actor, this] {
      ++woken;
      actors::send(to, actors::demand_changed{});
    });
    actors::send(bus, actors::subscribe{actor});
    run();
  }
  void put(int n) {
    for (int i = 0; i < n; ++i) journal.put("ledger-a", type_id_of<Deposited>, deposited(1));
    actors::send(bus, actors::head_rose{journal.head()});
  }

  std::vector<result<event_batch>> came;
  int woken = 0;
  std::shared_ptr<actors::subscription_board> board;
  actors::bus_actor bus;
  actors::subscription_actor actor;
};

TEST(SubscriptionActor, OneReadAtATimeHoweverOftenTheHeadRises) {
  subscription_kit kit;
  kit.start();
  for (int i = 0; i < 10; ++i) {
    kit.put(1);
    kit.world.run();
    EXPECT_EQ(kit.readers.waiting(), 1U);
  }
  kit.run();
  std::size_t events = 0;
  for (const auto& batch : kit.came) events += batch->size();
  EXPECT_EQ(events, 10U);
}

TEST(SubscriptionActor, P6_BatchesThatGoTogetherWakeItOnce) {
  subscription_kit kit;
  kit.start({.batch_events_max = 1, .batches_held_max = 5});
  kit.put(20);
  kit.run();
  ASSERT_EQ(kit.came.size(), 5U);
  EXPECT_EQ(kit.readers.waiting(), 0U) << "nothing is read for who holds all it may";
  kit.came.clear();
  EXPECT_EQ(kit.woken, 1);
  kit.run();
  EXPECT_EQ(kit.came.size(), 5U);
}

TEST(SubscriptionActor, AReadThatFailsIsTheLastCall) {
  subscription_kit kit;
  kit.start({.name = "s"});
  kit.journal.reads_fail = error{errc::corrupt, "block-damaged", "as the test wants"};
  kit.put(1);
  kit.run();
  ASSERT_EQ(kit.came.size(), 1U);
  EXPECT_EQ(kit.came[0].error().reason, "block-damaged");
  EXPECT_EQ(kit.logged.size(), 1U);
  EXPECT_EQ(kit.running("subscription"), 0U);
  kit.journal.reads_fail.reset();
  kit.put(1);
  kit.run();
  EXPECT_EQ(kit.came.size(), 1U);
}

TEST(SubscriptionActor, WhoHasHadEnoughIsForgottenByAll) {
  subscription_kit kit;
  kit.start();
  kit.put(1);
  kit.run();
  kit.board->end();
  kit.run();
  EXPECT_EQ(kit.running("subscription"), 0U);
  kit.put(1);
  kit.run();
  EXPECT_EQ(kit.came.size(), 1U);
  EXPECT_EQ(kit.board.use_count(), 2) << "of the kit, and of the batch that it holds";
}

TEST(SubscriptionActor, ItsEndWhileItReadsIsOneLastCall) {
  subscription_kit kit;
  kit.start();
  kit.put(1);
  kit.world.run();
  ASSERT_EQ(kit.readers.waiting(), 1U);
  actors::stop(kit.actor);
  kit.world.run();
  EXPECT_TRUE(kit.came.empty()) << "the read has the bench";
  kit.run();
  ASSERT_EQ(kit.came.size(), 2U);
  EXPECT_TRUE(kit.came[0]);
  EXPECT_EQ(kit.came[1].error().code, errc::closed);
}

}  // namespace
