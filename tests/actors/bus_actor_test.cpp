#include "small_node.hpp"

namespace fasti::test {
namespace {

using actors::actor_base;
using actors::actor_setup;
using actors::caught_up;
using actors::head_rose;
using actors::subscriber_actor;

/// Writes down what it is told.
class listener final : public actor_base<subscriber_actor> {
 public:
  static constexpr std::string_view actor_name = "listener";
  listener(const actor_setup& setup, std::vector<position>* told)
      : actor_base(setup), told_(told) {}

 private:
  behavior make_behavior() override { return handlers(&listener::on_head); }
  void on_head(const head_rose& m) { told_->push_back(m.head); }
  std::vector<position>* told_;
};

class Bus : public SmallNode {
 protected:
  void rise(std::uint64_t to) {
    actors::send(bus, head_rose{position{to}});
    world.run();
  }
  void subscribe() {
    actors::send(bus, actors::subscribe{who});
    world.run();
  }
  void catch_up(std::uint64_t at) {
    actors::send(bus, caught_up{who, position{at}});
    world.run();
  }
  static std::vector<position> positions(std::initializer_list<std::uint64_t> list) {
    std::vector<position> p;
    for (const auto n : list) p.push_back(position{n});
    return p;
  }

  std::vector<position> told;
  actors::bus_actor bus = world.spawn<actors::bus_actor_impl>(no_position);
  subscriber_actor who = world.spawn<listener>(&told);
};

TEST_F(Bus, TellsASubscriberOnceUntilItHasCaughtUp) {
  subscribe();
  EXPECT_TRUE(told.empty()) << "nothing has happened yet";
  rise(3);
  rise(5);
  rise(9);
  EXPECT_EQ(told, positions({3}));
  catch_up(3);
  EXPECT_EQ(told, positions({3, 9})) << "what it missed, in one";
  catch_up(9);
  EXPECT_EQ(told, positions({3, 9}));
  rise(10);
  EXPECT_EQ(told, positions({3, 9, 10}));
}

TEST_F(Bus, LateSubscriberIsToldAtOnce) {
  rise(7);
  subscribe();
  EXPECT_EQ(told, positions({7}));
}

TEST_F(Bus, P4_PositionsOnlyRise) {
  subscribe();
  rise(7);
  catch_up(7);
  rise(6);
  rise(7);
  EXPECT_EQ(told, positions({7}));
}

TEST_F(Bus, WhoHasSeenMoreThanTheBusIsNotTold) {
  subscribe();
  rise(3);
  catch_up(8);
  rise(8);
  EXPECT_EQ(told, positions({3}));
  rise(9);
  EXPECT_EQ(told, positions({3, 9}));
}

}  // namespace
}  // namespace fasti::test
