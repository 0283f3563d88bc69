#include "runtime/node/reader_pool.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <latch>
#include <vector>

namespace fasti::test {
namespace {

/// One thread, which is held up until `go_on`.
class ReaderPool : public ::testing::Test {
 protected:
  ReaderPool() {
    EXPECT_TRUE(pool.run([this] { held_.wait(); }));
  }
  void go_on() {
    held_.count_down();
    pool.close();
  }
  std::function<void()> noting(int number) {
    return [this, number] { order.push_back(number); };
  }

  std::latch held_{1};
  std::vector<int> order;  // of the pool's thread, until that has ended
  node::reader_pool pool{1};
};

TEST_F(ReaderPool, WhatMayBeLeftOutLetsAllElseGoFirst) {
  for (const int number : {10, 11, 12}) EXPECT_TRUE(pool.run_if_idle(noting(number)));
  for (const int number : {1, 2}) EXPECT_TRUE(pool.run(noting(number)));
  go_on();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 10, 11, 12}));
}

TEST_F(ReaderPool, TakesNoMoreThanSoMuchOfWhatMayBeLeftOut) {
  int taken = 0;
  while (pool.run_if_idle(noting(taken))) ASSERT_LT(++taken, 100'000);
  EXPECT_GT(taken, 100);
  EXPECT_TRUE(pool.run(noting(-1))) << "that is another matter";
  go_on();
  ASSERT_EQ(order.size(), static_cast<std::size_t>(taken) + 1);
  EXPECT_EQ(order.front(), -1);
}

TEST_F(ReaderPool, RunsEachHereWhenNoThreadIsIdle) {
  std::vector<int> ran(5);
  pool.run_each(ran.size(), [&ran](std::size_t i) { ++ran[i]; });  // its thread is held up
  EXPECT_EQ(ran, std::vector<int>(5, 1));
  go_on();
  EXPECT_EQ(ran, std::vector<int>(5, 1)) << "who came late found nothing";
}

TEST_F(ReaderPool, RunsEachOnIdleThreadsToo) {
  go_on();
  node::reader_pool two(2);
  std::latch both_are_here(2);
  two.run_each(2, [&](std::size_t) { both_are_here.arrive_and_wait(); });
  EXPECT_TRUE(both_are_here.try_wait());
}

TEST_F(ReaderPool, ClosedItTakesNothingAndStillRunsEach) {
  go_on();
  EXPECT_FALSE(pool.run([] {}));
  EXPECT_FALSE(pool.run_if_idle([] {}));
  int ran = 0;
  pool.run_each(3, [&ran](std::size_t) { ++ran; });
  EXPECT_EQ(ran, 3);
}

}  // namespace
}  // namespace fasti::test
