// When a sink is asked, given events, waited for and given up: the clock is the test's.

#include "runtime/core/sink_machine.hpp"

#include <gtest/gtest.h>

namespace fasti::test {
namespace {

using namespace std::chrono_literals;
using core::sink_machine;
using clock = sink_machine::clock;
using todo = sink_machine::todo;

const error cross{errc::unavailable, "cross", "as the test wants"};

struct SinkMachine : ::testing::Test {
  [[nodiscard]] todo next() const { return machine.next(now); }
  void fail(const error& why = cross) { machine.on_failure(why, now); }
  void wait() { now = machine.retry_at(); }

  clock::time_point now{};
  sink_machine machine{{.retries_max = 3, .backoff = 100ms, .backoff_max = 250ms}};
};

TEST_F(SinkMachine, AsksFirstAndThenGives) {
  EXPECT_EQ(next(), todo::ask);
  machine.on_place(position{5});
  EXPECT_EQ(next(), todo::give);
  EXPECT_EQ(machine.checkpoint(), position{5});
  machine.on_taken(position{9}, 3);
  EXPECT_EQ(next(), todo::give);
  EXPECT_EQ(machine.checkpoint(), position{9});
  EXPECT_EQ(machine.events_taken(), 3U);
}

TEST_F(SinkMachine, P9_AfterAFailureTheSinkIsAskedAndWhatItSaysHolds) {
  machine.on_place(position{5});
  fail();
  EXPECT_EQ(next(), todo::wait);
  wait();
  EXPECT_EQ(next(), todo::ask);
  machine.on_place(position{7});  // it had kept the batch
  EXPECT_EQ(machine.checkpoint(), position{7});
  EXPECT_FALSE(machine.failing());
  machine.on_taken(position{8}, 1);
  fail();
  wait();
  machine.on_place(position{2});  // it has lost some
  EXPECT_EQ(machine.checkpoint(), position{2});
  EXPECT_EQ(next(), todo::give);
}

TEST_F(SinkMachine, WaitsTwiceAsLongEachTimeUpToALimitAndThenStops) {
  machine.on_place(no_position);
  std::vector<clock::duration> waits;
  for (fail(); !machine.stopped(); fail()) {
    ASSERT_LT(waits.size(), 10U);
    waits.push_back(machine.retry_at() - now);
    now = machine.retry_at() - 1ns;
    EXPECT_EQ(next(), todo::wait);
    now += 1ns;
    EXPECT_EQ(next(), todo::ask);
    machine.on_place(no_position);  // it answers, and goes on failing
  }
  EXPECT_EQ(waits, (std::vector<clock::duration>{100ms, 200ms, 250ms}));
  EXPECT_EQ(machine.stopped(), cross);
  EXPECT_EQ(next(), todo::rest);
}

TEST_F(SinkMachine, OneThatGoesOnHasAllItsTriesAgain) {
  machine.on_place(no_position);
  fail();
  fail();
  EXPECT_EQ(machine.retries(), 2U);
  machine.on_place(no_position);
  machine.on_taken(position{1}, 1);
  EXPECT_EQ(machine.retries(), 0U);
  EXPECT_FALSE(machine.failing());
}

TEST_F(SinkMachine, OneThatBeginsAnewEachTimeDoesNotGoOn) {
  machine.on_place(no_position);
  for (int lives = 0; lives < 3; ++lives) {
    machine.on_taken(position{4}, 4);
    fail();
    wait();
    machine.on_place(no_position);
  }
  machine.on_taken(position{4}, 4);
  fail();
  EXPECT_TRUE(machine.stopped());
}

TEST_F(SinkMachine, OneThatCouldNotBeAskedIsWellWhenItAnswers) {
  fail();
  wait();
  EXPECT_EQ(next(), todo::ask);
  machine.on_place(no_position);
  EXPECT_FALSE(machine.failing());
  EXPECT_EQ(machine.retries(), 0U);
}

TEST_F(SinkMachine, WhatIsDamagedIsNotTriedAgain) {
  machine.on_place(no_position);
  fail({errc::corrupt, "damaged", "as the test wants"});
  ASSERT_TRUE(machine.stopped());
  EXPECT_EQ(machine.stopped()->reason, "damaged");
}

TEST_F(SinkMachine, WithoutTriesTheFirstFailureStopsIt) {
  sink_machine strict{{}};
  strict.on_place(no_position);
  strict.on_failure(cross, now);
  EXPECT_EQ(strict.next(now), todo::rest);
  EXPECT_FALSE(strict.failing());
}

}  // namespace
}  // namespace fasti::test
