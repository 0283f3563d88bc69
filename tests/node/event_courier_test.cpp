// What brings events to process managers: in which order, what is kept, what is tried again.

#include "tests/node/event_courier_kit.hpp"

namespace fasti::test {
namespace {

const error down{errc::unavailable, "down", "as the test wants"};

class EventCourier : public EventCourierTest {
 protected:
  void take_batch_up_to(std::uint64_t p) {
    courier->take(event_batch({}, checkpoint{journal->id(), position{p}}, nullptr));
  }
};

TEST_F(EventCourier, ACheckpointThatCannotBeKeptForAWhileIsKeptLater) {
  take_batch_up_to(3);
  store.writes_fail = error{errc::unavailable, "disk-full", "as the test wants"};
  take_batch_up_to(5);
  EXPECT_FALSE(courier->status().stopped);
  ASSERT_EQ(logged.size(), 1U);
  EXPECT_NE(logged[0].find("disk-full"), std::string::npos);
  EXPECT_EQ(kept_up_to(), position{3});
  store.writes_fail.reset();
  courier->tick(position{5});
  EXPECT_EQ(kept_up_to(), position{5});
  EXPECT_EQ(courier->status().handled, position{5});
}

TEST_F(EventCourier, ACheckpointThatIsDamagedStopsIt) {
  store.writes_fail = error{errc::corrupt, "broken", "as the test wants"};
  take_batch_up_to(5);
  ASSERT_TRUE(courier->status().stopped);
  EXPECT_NE(courier->status().stopped->detail.find("transfer"), std::string::npos);
}

TEST_F(EventCourier, EventsOfOneComeOneAfterAnotherThoseOfOthersMeanwhile) {
  leaves_waiting = [](const auto&) { return true; };
  happens({"a", "a", "b"});
  EXPECT_EQ(tried["transfer-a"], (positions{1}));
  EXPECT_EQ(tried["transfer-b"], (positions{3}));
  answers("transfer-a");
  EXPECT_EQ(tried["transfer-a"], (positions{1, 2}));
  EXPECT_EQ(courier->status().under_way, 2U);
  answers("transfer-b");
  EXPECT_EQ(kept_up_to(), no_position) << "the batch is not done";
  answers("transfer-a");
  EXPECT_EQ(kept_up_to(), position{3});
}

TEST_F(EventCourier, WhatMayPassIsTriedAtEachTickUntilItPasses) {
  on_failure = {.then = when_failing::park};
  restart();
  failure_of = always(down);
  happens({"a"});
  for (int i = 0; i < 10; ++i) tick();
  EXPECT_EQ(tried["transfer-a"].size(), 11U);
  EXPECT_EQ(courier->status().failing->reason, "down");
  EXPECT_EQ(parked(), positions());
  failure_of = {};
  tick();
  EXPECT_EQ(handled["transfer-a"], (positions{1}));
  EXPECT_FALSE(courier->status().failing);
  EXPECT_EQ(kept_up_to(), position{1});
}

TEST_F(EventCourier, UnlessToldOtherwiseItStopsInFrontOfTheEventAndSaysWhich) {
  failure_of = react_throws_at({2});
  happens({"b"});
  happens({"a", "b"});
  const auto why = courier->status().stopped;
  ASSERT_TRUE(why);
  EXPECT_EQ(why->reason, "react-failed");
  EXPECT_EQ(why->detail,
            "process managers transfer at position 2 (ledger-a version 1, Deposited): "
            "react is cross");
  EXPECT_EQ(kept_up_to(), position{1});
  EXPECT_EQ(parked(), positions());
  const auto tries = tried;
  tick();
  EXPECT_EQ(tried, tries) << "nothing more is sent";
}

TEST_F(EventCourier, StoppedTheOthersAreHeardAndSentNothingMore) {
  failure_of = react_throws_at({1, 4});
  leaves_waiting = [](const auto&) { return true; };
  happens({"a", "b", "b", "c"});
  answers("transfer-a");
  answers("transfer-b");
  answers("transfer-c");
  EXPECT_EQ(tried["transfer-b"], (positions{2}));
  EXPECT_NE(courier->status().stopped->detail.find("at position 1"), std::string::npos);
  EXPECT_EQ(logged.size(), 1U);
}

TEST_F(EventCourier, AKeyOfThatThrowsStopsItWhateverThePolicyAndSaysAtWhichEvent) {
  on_failure = {.retries_max = 5, .then = when_failing::park};
  process.key_of = [](const recorded_event& e) {
    if (e.key() == "b") throw std::runtime_error("key_of is cross");
    return std::string(e.key());
  };
  restart();
  happens({"a", "b"});
  const auto why = courier->status().stopped;
  ASSERT_TRUE(why);
  EXPECT_EQ(why->detail,
            "process managers transfer at position 2 (ledger-b version 1, Deposited): "
            "key_of threw key_of is cross");
  EXPECT_EQ(kept_up_to(), no_position);
}

TEST_F(EventCourier, AKeyThatMakesNoStreamStopsItUnlessToldOtherwise) {
  process.key_of = [](const recorded_event&) { return std::string(); };
  restart();
  happens({"a"});
  const auto why = courier->status().stopped;
  ASSERT_TRUE(why);
  EXPECT_EQ(why->reason, "malformed-stream-id");
  EXPECT_NE(why->detail.find("at position 1 (ledger-a version 1"), std::string::npos);
}

class EventRetries : public EventCourierTest {
 protected:
  EventRetries() {
    on_failure = {.retries_max = 3, .backoff = 100ms, .backoff_max = 250ms};
    failure_of = react_throws_at({1});
    restart();
  }
  [[nodiscard]] std::size_t tries_after(std::chrono::milliseconds pause) {
    now += pause;
    tick();
    return tried["transfer-a"].size();
  }
};

TEST_F(EventRetries, WaitTwiceAsLongEachTimeUpToALimitThenStop) {
  happens({"a", "a", "b"});
  EXPECT_EQ(handled["transfer-b"], (positions{3})) << "only its own lane waits";
  EXPECT_EQ(tries_after(99ms), 1U);
  EXPECT_EQ(tries_after(1ms), 2U);
  EXPECT_EQ(tries_after(199ms), 2U);
  EXPECT_EQ(tries_after(1ms), 3U);
  EXPECT_EQ(tries_after(249ms), 3U);
  EXPECT_FALSE(courier->status().stopped);
  EXPECT_NE(courier->status().failing->detail.find("at position 1"), std::string::npos);
  EXPECT_EQ(tries_after(1ms), 4U);
  EXPECT_TRUE(courier->status().stopped);
  EXPECT_FALSE(courier->status().failing);
  EXPECT_EQ(kept_up_to(), no_position);
  EXPECT_EQ(logged.size(), 2U) << "that it is tried again, and that they have stopped";
}

TEST_F(EventRetries, WhatIsHandledThenGoesOnAndTheNextOneHasItsOwn) {
  happens({"a", "a"});
  EXPECT_EQ(tries_after(100ms), 2U);
  EXPECT_EQ(tries_after(200ms), 3U);
  failure_of = react_throws_at({2});
  EXPECT_EQ(tries_after(250ms), 5U);
  EXPECT_EQ(handled["transfer-a"], (positions{1}));
  EXPECT_EQ(tries_after(100ms), 6U) << "it begins with the shortest pause";
  failure_of = {};
  EXPECT_EQ(tries_after(200ms), 7U);
  EXPECT_EQ(handled["transfer-a"], (positions{1, 2}));
  EXPECT_EQ(kept_up_to(), position{2});
  EXPECT_FALSE(courier->status().failing);
}

TEST_F(EventRetries, WhatIsHandledThenFailsNoMore) {
  happens({"a", "a"});
  EXPECT_TRUE(courier->status().failing);
  failure_of = {};
  leaves_waiting = [](const auto&) { return true; };
  EXPECT_EQ(tries_after(100ms), 2U);
  answers("transfer-a");
  EXPECT_EQ(courier->status().under_way, 1U) << "the next one";
  EXPECT_FALSE(courier->status().failing);
}

TEST_F(EventRetries, ThenParkIfToldTo) {
  on_failure.then = when_failing::park;
  restart();
  happens({"a", "a"});
  EXPECT_EQ(tries_after(100ms), 2U);
  EXPECT_EQ(tries_after(200ms), 3U);
  EXPECT_EQ(parked(), positions());
  EXPECT_EQ(tries_after(250ms), 4U);
  EXPECT_EQ(parked(), (positions{1, 2}));
  EXPECT_EQ(kept_up_to(), position{2});
}

}  // namespace
}  // namespace fasti::test
