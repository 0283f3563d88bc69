// The world with threads: options, shutdown, urgent messages, borrowed systems.

#include "actors/caf/world.hpp"
#include "tests/actors/caf/actors_for_tests.hpp"

#include <gtest/gtest.h>
#include <caf/actor_system_config.hpp>

#include <atomic>
#include <future>
#include <mutex>
#include <thread>

namespace fasti::actors::test {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<actor_world> open(world_options options = {}) {
  auto opened = actor_world::open(std::move(options));
  EXPECT_TRUE(opened.has_value());
  return std::move(opened.value());
}

struct gate_state {
  std::promise<void> entered;
  std::promise<void> open;
  std::vector<int> order;
  std::promise<void> done;
  std::size_t expected = 0;
};

/// Its first note blocks until the test opens the gate, so that the mailbox can be filled.
class gate final : public actor_base<single_actor> {
 public:
  static constexpr std::string_view actor_name = "gate";
  gate(const actor_setup& setup, gate_state& s) : actor_base(setup), state_(s) {}

 private:
  behavior make_behavior() override { return handlers(&gate::on_note); }
  void on_note(const note& m) {
    if (m.number == 0) {
      state_.entered.set_value();
      state_.open.get_future().wait();
      return;
    }
    state_.order.push_back(m.number);
    if (state_.order.size() == state_.expected) state_.done.set_value();
  }
  gate_state& state_;
};

TEST(ActorWorld, OptionsAreReadBack) {
  for (const auto policy :
       {scheduler_policy::bursts, scheduler_policy::sharing, scheduler_policy::stealing}) {
    const auto world = open({.worker_threads = 3, .policy = policy, .messages_per_turn_max = 17});
    const auto effective = world->effective();
    EXPECT_EQ(effective.worker_threads, 3U);
    EXPECT_EQ(effective.policy, policy);
    EXPECT_EQ(effective.messages_per_turn_max, 17U);
  }
}

TEST(ActorWorld, BurstsAreTheDefaultWithTwoThreadsOrMore) {
  const auto world = open();
  EXPECT_EQ(world->effective().policy, scheduler_policy::bursts);
  EXPECT_GE(world->effective().worker_threads, 2U);
}

TEST(ActorWorld, OptionsOutOfRangeAreRefused) {
  EXPECT_EQ(actor_world::open({.worker_threads = 5000}).error().code, errc::invalid);
  EXPECT_EQ(actor_world::open({.messages_per_turn_max = 0}).error().code, errc::invalid);
}

TEST(ActorWorld, UrgentOvertakesWhatWaits) {
  gate_state state;
  state.expected = 21;
  const auto world = open();
  auto to = world->host().spawn<gate>(state);
  send(to, note{0});
  state.entered.get_future().wait();
  for (int i = 1; i <= 20; ++i) send(to, note{i});
  send_urgent(to, note{99});
  state.open.set_value();
  state.done.get_future().wait();
  EXPECT_EQ(state.order.front(), 99);
  for (int i = 1; i <= 20; ++i) EXPECT_EQ(state.order[static_cast<std::size_t>(i)], i);
  to = nullptr;
  EXPECT_TRUE(world->shutdown(10s).empty());
}

TEST(ActorWorld, SendsFromManyThreadsAllArriveInTheOrderOfEach) {
  gate_state state;
  state.expected = 40'000;
  const auto world = open({.worker_threads = 2, .messages_per_turn_max = 10});
  auto to = world->host().spawn<gate>(state);
  std::vector<std::thread> threads;
  for (int t = 1; t <= 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10'000; ++i) send(to, note{t * 100'000 + i});
    });
  }
  for (auto& t : threads) t.join();
  state.done.get_future().wait();
  int next[5] = {};
  for (const int n : state.order) EXPECT_EQ(n % 100'000, next[n / 100'000]++);
  to = nullptr;
  EXPECT_TRUE(world->shutdown(10s).empty());
}

TEST(ActorWorld, AwaitAllNamesWhoIsLeftAndEndsEmpty) {
  trace kept;
  trace other;
  const auto world = open();
  auto first = world->host().spawn<keeper>(kept);
  auto second = world->host().spawn<keeper>(kept);
  auto third = world->host().spawn<single>(other);
  const auto start = std::chrono::steady_clock::now();
  const auto left = world->await_all(30ms);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 30ms);
  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(left[0].name, "keeper");
  EXPECT_EQ(left[0].count, 2U);
  EXPECT_EQ(left[1].name, "single");
  EXPECT_EQ(left[1].count, 1U);
  stop(first);
  second = nullptr;
  stop(third);
  EXPECT_TRUE(world->await_all(10s).empty());
  first = nullptr;
  third = nullptr;
  EXPECT_TRUE(world->shutdown(10s).empty());
}

TEST(ActorWorld, ShutdownWithALimitReportsWhoIsLeftAndReturns) {
  static trace kept;
  // Handles of actors that were left behind are poison: never destroyed, but reachable, so that the
  // leak check is content.
  static auto& poison = *new std::vector<keeper_actor>();
  std::mutex mutex;
  std::vector<actor_fault> faults;
  const auto world = open({.on_fault = [&](const actor_fault& f) {
    const std::lock_guard lock(mutex);
    faults.push_back(f);
  }});
  poison.push_back(world->host().spawn<keeper>(kept));
  const auto left = world->shutdown(20ms);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].name, "keeper");
  EXPECT_EQ(left[0].count, 1U);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].what, actor_fault::kind::left_behind);
  EXPECT_EQ(faults[0].actor, "keeper");
  EXPECT_EQ(faults[0].detail, "1 still running");
  EXPECT_TRUE(world->shutdown(20ms).empty());
}

TEST(ActorWorld, AFaultHandlerThatThrowsHarmsNobody) {
  trace kept;
  const auto world =
      open({.on_fault = [](const actor_fault&) { throw std::runtime_error("in the handler"); }});
  auto to = world->host().spawn<keeper>(kept);
  send(to, blow_up{});
  send(to, note{1});
  stop(to);
  EXPECT_TRUE(world->await_all(10s).empty());
  to = nullptr;
  EXPECT_TRUE(world->shutdown(10s).empty());
}

TEST(ActorWorld, TwoWorldsInOneProcess) {
  trace kept;
  const auto one = open();
  const auto two = open();
  auto a = one->host().spawn<keeper>(kept);
  auto b = two->host().spawn<relay>(a, kept);
  stop(a);
  stop(b);
  EXPECT_TRUE(one->await_all(10s).empty());
  EXPECT_TRUE(two->await_all(10s).empty());
  b = nullptr;
  a = nullptr;
}

TEST(ActorWorld, RunsOnASystemThatTheApplicationHas) {
  caf::actor_system_config config;
  caf::actor_system system(config);
  trace kept;
  const auto world = actor_world::borrow(system);
  auto to = world->host().spawn<keeper>(kept);
  send(to, note{1});
  send_urgent(to, note{2});
  EXPECT_EQ(world->await_all(1ms).size(), 1U);
  stop(to);
  EXPECT_TRUE(world->shutdown(10s).empty());
  EXPECT_EQ(kept.stops, 1);
}

TEST(ActorWorld, SpawnsAndDropsManyLazyActors) {
  trace kept;
  const auto world = open();
  {
    std::vector<keeper_actor> all;
    for (int i = 0; i < 10'000; ++i) all.push_back(world->host().spawn<keeper>(kept));
    EXPECT_EQ(world->await_all(0ms).at(0).count, 10'000U);
  }
  EXPECT_TRUE(world->shutdown(10s).empty());
}

}  // namespace
}  // namespace fasti::actors::test
