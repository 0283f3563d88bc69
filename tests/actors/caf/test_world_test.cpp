// The deterministic world itself.

#include "actors/caf/test_world.hpp"
#include "tests/actors/caf/actors_for_tests.hpp"

#include <gtest/gtest.h>

namespace fasti::actors::test {
namespace {

TEST(TestWorld, NothingRunsUntilToldAndThenOneMessageAtATime) {
  trace kept;
  test_world world;
  const auto to = world.spawn<keeper>(kept);
  EXPECT_FALSE(world.run_once());
  send(to, note{1});
  send(to, note{2});
  EXPECT_TRUE(kept.notes.empty());
  ASSERT_TRUE(world.run_once());
  EXPECT_EQ(kept.notes, std::vector<int>{1});
  ASSERT_TRUE(world.run_once());
  EXPECT_EQ(kept.notes, (std::vector<int>{1, 2}));
  while (world.run_once()) {
  }
  EXPECT_EQ(world.run(), 0U);
}

std::vector<std::string> one_run() {
  trace kept;
  trace a;
  trace b;
  test_world world;
  const auto to = world.spawn<keeper>(kept);
  const auto first = world.spawn<relay>(to, a);
  const auto second = world.spawn<relay>(to, b);
  for (int i = 0; i < 20; ++i) {
    send(first, relay_note{i});
    send(second, relay_ask{});
    send(i % 2 == 0 ? first : second, relay_ask{});
  }
  world.run();
  auto all = a.lines;
  all.insert(all.end(), b.lines.begin(), b.lines.end());
  for (const int n : kept.notes) all.push_back(std::to_string(n));
  return all;
}

TEST(TestWorld, EveryRunIsTheSame) {
  const auto once = one_run();
  EXPECT_EQ(once.size(), 80U);
  EXPECT_EQ(one_run(), once);
  EXPECT_EQ(one_run(), once);
}

TEST(TestWorld, RunStopsAtItsLimit) {
  trace kept;
  test_world world;
  const auto to = world.spawn<keeper>(kept);
  for (int i = 0; i < 10; ++i) send(to, note{i});
  EXPECT_EQ(world.run(3), 3U);
  EXPECT_EQ(kept.notes.size(), 3U);
}

TEST(TestWorld, TheClockMovesOnlyWhenTold) {
  test_world world;
  const auto before = world.system().clock().now();
  EXPECT_EQ(world.system().clock().now(), before);
  world.advance(std::chrono::minutes(10));
  EXPECT_EQ(world.system().clock().now() - before, std::chrono::minutes(10));
}

TEST(TestWorld, ItsDestructorHandlesWhatStillWaits) {
  trace kept;
  {
    test_world world;
    const auto to = world.spawn<keeper>(kept);
    send(to, note{1});  // handled by the destructor
  }
  EXPECT_EQ(kept.notes, std::vector<int>{1});
}

}  // namespace
}  // namespace fasti::actors::test
