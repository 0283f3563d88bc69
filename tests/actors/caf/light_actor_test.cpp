// Actors without a mailbox: turns, wakes and stops, in the test world and over real threads.

#include "actors/caf/light_actor.hpp"

#include "actors/caf/test_world.hpp"
#include "actors/caf/world.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace fasti::actors::test {
namespace {

using namespace std::chrono_literals;

/// Does in its turns what the test says.
class worker final : public light_actor {
 public:
  static constexpr std::string_view actor_name = "worker";
  using task = std::function<bool(worker&)>;  // true: it has more to do

  worker(const actor_host& host, task each_turn, std::function<void()> at_stop = {})
      : light_actor(host, actor_name),
        each_turn_(std::move(each_turn)),
        at_stop_(std::move(at_stop)) {}

 private:
  turn take_turn() override { return each_turn_(*this) ? turn::again : turn::rest; }
  void on_stop() override {
    if (at_stop_) at_stop_();
  }
  const task each_turn_;
  const std::function<void()> at_stop_;
};

TEST(LightActor, HasNoTurnBeforeItIsWoken) {
  test_world world;
  int turns = 0;
  const auto a = make_light<worker>(world.host(), [&](worker&) { return ++turns < 0; });
  EXPECT_EQ(world.run(), 0U);
  a->wake();
  EXPECT_EQ(world.run(), 1U);
  EXPECT_EQ(turns, 1);
  a->stop();
  world.run();
}

TEST(LightActor, WokenTwiceBeforeItsTurnItHasOne) {
  test_world world;
  int turns = 0;
  const auto a = make_light<worker>(world.host(), [&](worker&) { return ++turns < 0; });
  a->wake();
  a->wake();
  world.run();
  EXPECT_EQ(turns, 1);
  a->stop();
  world.run();
}

TEST(LightActor, WokenInItsTurnItHasAnother) {
  test_world world;
  int turns = 0;
  const auto a = make_light<worker>(world.host(), [&](worker& self) {
    if (++turns == 1) self.wake();
    return false;
  });
  a->wake();
  world.run();
  EXPECT_EQ(turns, 2);
  a->stop();
  world.run();
}

TEST(LightActor, WithMoreToDoItComesAgain) {
  test_world world;
  int turns = 0;
  const auto a = make_light<worker>(world.host(), [&](worker&) { return ++turns < 5; });
  a->wake();
  world.run();
  EXPECT_EQ(turns, 5);
  a->stop();
  world.run();
}

TEST(LightActor, StoppedItHasNoTurnButItsLast) {
  test_world world;
  int turns = 0;
  int stops = 0;
  const auto a = make_light<worker>(
      world.host(), [&](worker&) { return ++turns < 0; }, [&] { ++stops; });
  a->wake();
  a->stop();
  a->stop();
  world.run();
  a->wake();
  world.run();
  EXPECT_EQ(turns, 0);
  EXPECT_EQ(stops, 1);
  EXPECT_TRUE(world.running().empty());
}

TEST(LightActor, StopsAlsoWhenNobodyHoldsItAnyMore) {
  test_world world;
  int stops = 0;
  auto a = make_light<worker>(
      world.host(), [](worker&) { return false; }, [&] { ++stops; });
  a->stop();
  a.reset();
  EXPECT_EQ(stops, 0);
  world.run();
  EXPECT_EQ(stops, 1);
  EXPECT_TRUE(world.running().empty());
}

TEST(LightActor, NeverWokenItLeavesNoTrace) {
  test_world world;
  auto a = make_light<worker>(world.host(), [](worker&) { return false; });
  ASSERT_EQ(world.running().size(), 1U);
  EXPECT_EQ(world.running()[0].name, "worker");
  a.reset();
  EXPECT_TRUE(world.running().empty());
}

TEST(LightActor, ATurnThatThrowsIsReportedAndIsItsLastButTheStop) {
  test_world world;
  int stops = 0;
  const auto a = make_light<worker>(
      world.host(), [](worker&) -> bool { throw std::runtime_error("boom"); }, [&] { ++stops; });
  a->wake();
  world.run();
  a->wake();
  world.run();
  ASSERT_EQ(world.faults().size(), 1U);
  EXPECT_EQ(world.faults()[0].what, actor_fault::kind::handler_threw);
  EXPECT_EQ(world.faults()[0].actor, "worker");
  EXPECT_EQ(world.faults()[0].detail, "boom");
  EXPECT_EQ(stops, 1);
  EXPECT_TRUE(world.running().empty());
}

TEST(LightActor, AStopThatThrowsIsReportedAndItIsGone) {
  test_world world;
  const auto a = make_light<worker>(
      world.host(), [](worker&) { return false; }, [] { throw std::runtime_error("bang"); });
  a->stop();
  world.run();
  ASSERT_EQ(world.faults().size(), 1U);
  EXPECT_EQ(world.faults()[0].detail, "bang");
  EXPECT_TRUE(world.running().empty());
}

/// Over all of CAF's schedulers and ours.
class LightActorOnThreads : public ::testing::TestWithParam<scheduler_policy> {};

TEST_P(LightActorOnThreads, ATurnBeginsAfterEachWakeAndOneAtATime) {
  constexpr int threads_count = 4;
  constexpr int wakes_each = 20'000;
  const auto world = *actor_world::open({.worker_threads = 3, .policy = GetParam()});
  std::atomic<int> given{0};
  std::atomic<int> seen{0};
  std::atomic<int> inside{0};
  std::atomic<int> overlaps{0};
  const auto a = make_light<worker>(world->host(), [&](worker&) {
    if (inside.fetch_add(1) != 0) ++overlaps;
    seen = given.load();
    inside.fetch_sub(1);
    return false;
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < threads_count; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < wakes_each; ++i) {
        ++given;
        a->wake();
      }
    });
  }
  for (auto& t : threads) t.join();
  while (seen != threads_count * wakes_each) std::this_thread::yield();
  EXPECT_EQ(overlaps, 0);
  a->stop();
  EXPECT_TRUE(world->shutdown(10s).empty());
}

TEST_P(LightActorOnThreads, ManyComeAndGoWhileTheyAreWoken) {
  constexpr int actors_count = 5'000;
  const auto world = *actor_world::open({.worker_threads = 3, .policy = GetParam()});
  std::atomic<int> stops{0};
  std::atomic<bool> ends{false};
  std::vector<light_ref<worker>> all;
  for (int i = 0; i < actors_count; ++i) {
    all.push_back(make_light<worker>(
        world->host(), [](worker&) { return false; }, [&] { ++stops; }));
  }
  std::thread waker([&] {
    while (!ends) {
      for (const auto& a : all) a->wake();
    }
  });
  for (const auto& a : all) a->stop();
  while (stops < actors_count) std::this_thread::yield();
  ends = true;
  waker.join();
  all.clear();
  EXPECT_EQ(stops, actors_count);
  EXPECT_TRUE(world->shutdown(10s).empty());
}

INSTANTIATE_TEST_SUITE_P(, LightActorOnThreads,
                         ::testing::Values(scheduler_policy::bursts, scheduler_policy::sharing,
                                           scheduler_policy::stealing),
                         [](const auto& of) {
                           return std::string(of.param == scheduler_policy::bursts    ? "Bursts"
                                              : of.param == scheduler_policy::sharing ? "Sharing"
                                                                                      : "Stealing");
                         });

}  // namespace
}  // namespace fasti::actors::test
