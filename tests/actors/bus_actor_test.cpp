#include "actors/bus_actor.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "actors/caf/test_world.hpp"

namespace {

using namespace fasti;
using namespace fasti::actors;

/// Notes what the bus says. Says "caught up" only when the test does.
class listener final : public actor_base<subscriber_actor> {
 public:
  static constexpr std::string_view actor_name = "listener";
  listener(const actor_setup& setup, std::vector<std::uint64_t>& told)
      : actor_base(setup), told_(told) {}

 private:
  behavior make_behavior() override { return handlers(&listener::on_head_rose); }
  void on_head_rose(const head_rose& m) { told_.push_back(count_of(m.head)); }
  std::vector<std::uint64_t>& told_;
};

using numbers = std::vector<std::uint64_t>;

struct bus_kit {
  explicit bus_kit(std::uint64_t head = 0) : bus(world.spawn<bus_actor_impl>(position{head})) {}
  void rise(std::uint64_t head) { send(bus, head_rose{position{head}}); }
  void caught(const subscriber_actor& who, std::uint64_t at) {
    send(bus, caught_up{who, position{at}});
  }

  numbers told;
  numbers told_other;
  test_world world;
  bus_actor bus;
  subscriber_actor first = world.spawn<listener>(told);
  subscriber_actor other = world.spawn<listener>(told_other);
};

TEST(BusActor, TellsASubscriberOnceUntilItHasCaughtUp) {
  bus_kit kit;
  send(kit.bus, subscribe{kit.first});
  for (std::uint64_t head = 1; head <= 10; ++head) {
    kit.rise(head);
    kit.world.run();
  }
  EXPECT_EQ(kit.told, numbers{1});
  kit.caught(kit.first, 1);
  kit.world.run();
  EXPECT_EQ(kit.told, (numbers{1, 10})) << "the newest, not each";
}

TEST(BusActor, WhoHasCaughtUpWithEverythingIsLeftAlone) {
  bus_kit kit(5);
  send(kit.bus, subscribe{kit.first});
  kit.world.run();
  kit.caught(kit.first, 5);
  kit.world.run();
  EXPECT_EQ(kit.told, numbers{5});
  kit.rise(6);
  kit.world.run();
  EXPECT_EQ(kit.told, (numbers{5, 6}));
}

TEST(BusActor, ALateSubscriberIsToldWhereTheJournalIs) {
  bus_kit kit;
  kit.rise(7);
  kit.world.run();
  send(kit.bus, subscribe{kit.first});
  kit.world.run();
  EXPECT_EQ(kit.told, numbers{7});
}

TEST(BusActor, AnEmptyJournalSaysNothing) {
  bus_kit kit;
  send(kit.bus, subscribe{kit.first});
  kit.world.run();
  EXPECT_TRUE(kit.told.empty());
}

TEST(BusActor, P4_SubscribersSeeRisingPositionsOnly) {
  bus_kit kit;
  send(kit.bus, subscribe{kit.first});
  for (const std::uint64_t head : numbers{3, 1, 3, 2, 9, 9, 4, 12}) {
    kit.rise(head);
    kit.world.run();
    if (!kit.told.empty()) kit.caught(kit.first, kit.told.back());
    kit.world.run();
  }
  EXPECT_EQ(kit.told, (numbers{3, 9, 12}));
}

TEST(BusActor, WhoHasSeenMoreThanTheBusIsNotTold) {
  bus_kit kit(3);
  send(kit.bus, subscribe{kit.first});
  kit.world.run();
  kit.caught(kit.first, 9);
  kit.rise(8);
  kit.world.run();
  EXPECT_EQ(kit.told, numbers{3});
  kit.rise(10);
  kit.world.run();
  EXPECT_EQ(kit.told, (numbers{3, 10}));
}

TEST(BusActor, ASlowSubscriberDoesNotHoldUpAnother) {
  bus_kit kit;
  send(kit.bus, subscribe{kit.first});
  send(kit.bus, subscribe{kit.other});
  for (std::uint64_t head = 1; head <= 3; ++head) {
    kit.rise(head);
    kit.world.run();
    kit.caught(kit.other, head);
    kit.world.run();
  }
  EXPECT_EQ(kit.told, numbers{1});
  EXPECT_EQ(kit.told_other, (numbers{1, 2, 3}));
}

TEST(BusActor, ASubscriberThatStoppedDisturbsNobody) {
  bus_kit kit;
  send(kit.bus, subscribe{kit.first});
  send(kit.bus, subscribe{kit.other});
  kit.world.run();
  stop(kit.first);
  kit.world.run();
  kit.rise(1);
  kit.world.run();
  EXPECT_TRUE(kit.told.empty());
  EXPECT_EQ(kit.told_other, numbers{1});
  EXPECT_TRUE(kit.world.faults().empty());
}

}  // namespace
