// Events that process managers cannot handle: parked, replayed, skipped, over crashes.

#include "fasti/keys.hpp"
#include "tests/node/event_courier_kit.hpp"

namespace fasti::test {
namespace {

class EventParking : public EventCourierTest {
 protected:
  EventParking() { restart_with({.then = when_failing::park}); }

  void restart_with(const failure_policy& policy) {
    on_failure = policy;
    restart();
  }
  void expect_replayed(std::size_t applied, std::size_t still_parked) {
    const auto done = replay();
    ASSERT_TRUE(done) << "it has not ended";
    ASSERT_TRUE(*done) << done->error().to_string();
    EXPECT_EQ((*done)->applied, applied);
    EXPECT_EQ((*done)->still_parked, still_parked);
  }
};

TEST_F(EventParking, P9_WhatFailsIsParkedWithWhatWaitsBehindItAndTheOthersGoOn) {
  failure_of = react_throws_at({1});
  happens({"a", "b", "a", "b"});
  happens({"a"});
  EXPECT_FALSE(courier->status().stopped);
  EXPECT_EQ(handled["transfer-b"], (positions{2, 4}));
  EXPECT_EQ(tried["transfer-a"], (positions{1})) << "those that wait are not sent";
  EXPECT_EQ(courier->status().parked, 3U);
  EXPECT_EQ(kept_up_to(), position{5});
  const auto all = stored().all();
  ASSERT_EQ(all.size(), 3U);
  const auto& first = all.at(position{1});
  EXPECT_EQ(first.reason, "react is cross");
  EXPECT_EQ(first.stream, "ledger-a");
  EXPECT_EQ(first.key, "a");
  EXPECT_EQ(first.parked_at, timestamp(3s)) << "by the runtime's clock";
  EXPECT_EQ(all.at(position{3}).reason, "");
  EXPECT_EQ(all.at(position{5}).reason, "");
  EXPECT_EQ(logged, (std::vector<std::string>{"process managers transfer have 2 parked events",
                                              "process managers transfer have 3 parked events"}));
}

TEST_F(EventParking, P9_ABatchAndItsParkedEventsAreKeptInOneStep) {
  failure_of = react_throws_at({1});
  store.changes_left = 0;
  happens({"a", "b"});
  restart();  // killed before it
  EXPECT_EQ(kept_up_to(), no_position);
  EXPECT_TRUE(parked().empty());
  store.changes_left = 1;
  feed();
  restart();  // killed after it
  EXPECT_EQ(kept_up_to(), position{2});
  EXPECT_EQ(parked(), (positions{1}));
  EXPECT_EQ(handled["transfer-b"], (positions{2}));
  store.changes_left = 9;
  happens({"a"});
  EXPECT_EQ(parked(), (positions{1, 3})) << "in the next process later ones wait, too";
}

TEST_F(EventParking, P9_OneThatIsKeptBeforeItsBatchStaysParkedWhenItIsMetAgain) {
  failure_of = react_throws_at({1, 2});
  happens({"a"});
  leaves_waiting = [](const auto& stream) { return stream == "transfer-c"; };
  happens({"b", "b", "c"});
  failure_of = react_throws_at({2});
  expect_replayed(1, 2);  // which writes what has changed
  EXPECT_EQ(kept_up_to(), position{1});
  leaves_waiting = {};
  failure_of = {};
  restart();
  feed();
  EXPECT_EQ(parked(), (positions{2, 3}));
  EXPECT_EQ(reason(2), "react is cross");
  EXPECT_EQ(handled["transfer-c"], (positions{4}));
  expect_replayed(2, 0);
  EXPECT_EQ(handled["transfer-b"], (positions{2, 3}));
}

TEST_F(EventParking, KeysThatMakeNoStreamAreParked) {
  process.key_of = [](const recorded_event& e) {
    return e.key() == "long" ? std::string(1 << 16, 'x') : std::string();
  };
  restart();
  happens({"long", "none", "long"});
  EXPECT_EQ(parked(), (positions{1, 2, 3}));
  EXPECT_NE(reason(1).find("are allowed"), std::string::npos) << reason(1);
  EXPECT_NE(reason(2).find("not of the form"), std::string::npos) << reason(2);
  EXPECT_LE(courier->parked()[0].key.size(), stream_id::bytes_max);
  EXPECT_TRUE(tried.empty());
  process.key_of = [](const recorded_event& e) { return std::string(e.key()); };
  restart();
  expect_replayed(3, 0);
  EXPECT_EQ(handled["transfer-long"], (positions{1, 3}));
  EXPECT_EQ(strays, (positions{1, 2, 3})) << "they waited under another key";
}

TEST_F(EventParking, ATruncatedEventIsParked) {
  truncated = position{1};
  happens({"a", "b"});
  EXPECT_EQ(parked(), (positions{1}));
  EXPECT_NE(reason(1).find("truncated; position 99 says why"), std::string::npos) << reason(1);
  EXPECT_FALSE(tried.contains("transfer-a"));
}

TEST_F(EventParking, OneThatCannotBeReadIsParkedToo) {
  failure_of = [](std::uint64_t at) {
    return at == 1 ? std::optional(error{errc::corrupt, "unreadable", "as the test wants"})
                   : std::nullopt;
  };
  happens({"a", "b"});
  EXPECT_EQ(parked(), (positions{1}));
  EXPECT_EQ(kept_up_to(), position{2});
  restart_with({});
  happens({"c"});
  EXPECT_EQ(parked(), (positions{1})) << "and stays, whatever the next program wants";
}

TEST_F(EventParking, P10_ADamagedRowOfOneIsNamed) {
  failure_of = react_throws_at({1});
  happens({"a"});
  const auto name = node::event_courier::checkpoint_name("transfer");
  const auto key = std::string(core::parked_keys) + key_of(std::uint64_t{1});
  auto row = **kept->row(name, key);
  damage_message(row);
  ASSERT_TRUE(kept->write(name, {{{key, row}}, position{1}}));
  const auto why = begin();
  ASSERT_FALSE(why);
  EXPECT_EQ(why.error().reason, "row-damaged");
  EXPECT_NE(why.error().detail.find("event parked at position 1"), std::string::npos);
}

// -- room -----------------------------------------------------------------------------------------

class EventsWithoutRoom : public EventParking {
 protected:
  EventsWithoutRoom() {
    restart_with({.then = when_failing::park, .parked_max = 2});
    failure_of = react_throws_at({1, 2, 3});
    happens({"a", "b", "c", "d", "d"});
  }
};

TEST_F(EventsWithoutRoom, TheyStop) {
  const auto why = courier->status().stopped;
  ASSERT_TRUE(why);
  EXPECT_EQ(why->reason, "too-many-parked");
  EXPECT_NE(why->detail.find("at position 3 (ledger-c"), std::string::npos) << why->detail;
  EXPECT_EQ(parked(), (positions{1, 2}));
  EXPECT_EQ(handled["transfer-d"], (positions{4})) << "it was under way, and is the last one";
  EXPECT_EQ(kept_up_to(), no_position);
}

TEST_F(EventsWithoutRoom, ASkipLetsThemGoOn) {
  ASSERT_TRUE(courier->skip_parked(position{1}));
  EXPECT_FALSE(courier->status().stopped);
  EXPECT_EQ(parked(), (positions{2, 3}));
  EXPECT_EQ(handled["transfer-d"], (positions{4, 5}));
  EXPECT_EQ(kept_up_to(), position{5});
}

TEST_F(EventsWithoutRoom, AReplayLetsThemGoOn) {
  failure_of = {};
  expect_replayed(2, 0);
  EXPECT_FALSE(courier->status().stopped);
  EXPECT_EQ(handled["transfer-c"], (positions{3}));
  EXPECT_EQ(kept_up_to(), position{5});
}

TEST_F(EventsWithoutRoom, AReplayInVainLeavesThemStopped) {
  expect_replayed(0, 2);
  EXPECT_EQ(courier->status().stopped->reason, "too-many-parked");
}

// -- replay and skip ------------------------------------------------------------------------------

TEST_F(EventParking, AReplayHandlesThemKeyByKeyInTheirOrder) {
  failure_of = react_throws_at({1, 2});
  happens({"a", "b", "a", "b", "a"});
  failure_of = react_throws_at({2});
  expect_replayed(3, 2);
  EXPECT_EQ(handled["transfer-a"], (positions{1, 3, 5}));
  EXPECT_EQ(handled["transfer-b"], positions()) << "what waits stays behind what failed again";
  EXPECT_EQ(stored().size(), 2U);
  happens({"a"});
  EXPECT_EQ(handled["transfer-a"], (positions{1, 3, 5, 6})) << "its key is free";
}

TEST_F(EventParking, AReplayWritesTheReasonOfToday) {
  failure_of = react_throws_at({1});
  happens({"a", "a"});
  failure_of = [](std::uint64_t at) {
    return at == 2 ? std::optional(error{errc::rejected, "react-failed", ""}) : std::nullopt;
  };
  expect_replayed(1, 1);
  restart();
  EXPECT_EQ(parked(), (positions{2}));
  EXPECT_EQ(reason(2), "react-failed") << "never empty: that is who waits";
}

TEST_F(EventParking, WhatComesDuringAReplayWaitsForItsTurn) {
  failure_of = react_throws_at({1});
  happens({"a", "a"});
  failure_of = {};
  leaves_waiting = [](const auto&) { return true; };
  EXPECT_FALSE(replay()) << "it waits for the answer";
  happens({"a"});
  EXPECT_EQ(tried["transfer-a"], (positions{1, 1}));
  EXPECT_EQ(parked(), (positions{1, 2, 3}));
  answers("transfer-a");
  answers("transfer-a");
  answers("transfer-a");
  ASSERT_TRUE(*replayed);
  EXPECT_EQ((**replayed)->applied, 3U);
  EXPECT_EQ(handled["transfer-a"], (positions{1, 2, 3}));
  leaves_waiting = {};
  happens({"a"});
  EXPECT_EQ(handled["transfer-a"], (positions{1, 2, 3, 4}));
}

TEST_F(EventParking, WhatIsParkedDuringAReplayIsNotOvertakenByWhatWaitsBehindIt) {
  leaves_waiting = [](const auto& stream) { return stream == "transfer-b"; };
  failure_of = react_throws_at({1, 2});
  happens({"b", "a", "b"});  // 1 is under way
  leaves_waiting = [](const auto&) { return true; };
  EXPECT_FALSE(replay());  // so is 2
  answers("transfer-b");
  EXPECT_EQ(parked(), (positions{1, 2, 3}));
  answers("transfer-a");
  EXPECT_EQ(tried["transfer-b"], (positions{1, 1})) << "behind 2 comes 1, and not 3";
  answers("transfer-b");
  ASSERT_TRUE(*replayed);
  EXPECT_EQ((**replayed)->still_parked, 3U);
}

TEST_F(EventParking, OneThatCannotBeReachedStaysParked) {
  failure_of = react_throws_at({1, 2});
  happens({"a", "b"});
  failure_of = [](std::uint64_t at) {
    return at == 1 ? std::optional(error{errc::unavailable, "queue-full", "as the test wants"})
                   : std::nullopt;
  };
  expect_replayed(1, 1);
  EXPECT_EQ(reason(1), "as the test wants");
}

TEST_F(EventParking, WhatConcernsNobodyAnyMoreIsHandled) {
  failure_of = react_throws_at({1});
  happens({"a", "a"});
  process.key_of = [](const recorded_event&) { return std::nullopt; };
  restart();
  expect_replayed(2, 0);
  EXPECT_TRUE(stored().empty());
}

TEST_F(EventParking, AKeyOfThatThrowsAtAReplayLeavesThemParked) {
  failure_of = react_throws_at({1});
  happens({"a", "a"});
  process.key_of = [](const recorded_event&) -> std::string {
    throw std::runtime_error("key_of is cross");
  };
  restart();
  expect_replayed(0, 2);
  EXPECT_EQ(reason(1), "key_of threw key_of is cross");
  EXPECT_EQ(reason(2), "");
}

TEST_F(EventParking, OneThatIsSkippedIsGoneAndLetsTheOthersGo) {
  failure_of = react_throws_at({1});
  happens({"a", "a"});
  EXPECT_EQ(courier->skip_parked(position{7}).error().reason, "not-parked");
  ASSERT_TRUE(courier->skip_parked(position{1}));
  restart();
  EXPECT_EQ(parked(), (positions{2}));
  expect_replayed(1, 0);
  EXPECT_EQ(handled["transfer-a"], (positions{2}));
}

TEST_F(EventParking, P9_WhatCannotBeWrittenIsStillParked) {
  failure_of = react_throws_at({1});
  happens({"a", "a"});
  failure_of = {};
  store.writes_fail = error{errc::unavailable, "disk-full", "as the test wants"};
  EXPECT_EQ(courier->skip_parked(position{1}).error().reason, "disk-full");
  const auto failed = replay();
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->error().reason, "disk-full");
  EXPECT_EQ(parked(), (positions{1, 2}));
  EXPECT_EQ(reason(1), "react is cross");
  store.writes_fail.reset();
  expect_replayed(2, 0);
  EXPECT_EQ(handled["transfer-a"], (positions{1, 2})) << "its ledger knows the first one";
}

TEST_F(EventParking, OneReplayAtATime) {
  failure_of = react_throws_at({1});
  happens({"a"});
  leaves_waiting = [](const auto&) { return true; };
  EXPECT_FALSE(replay());
  const auto first = replayed;
  EXPECT_EQ(replay()->error().reason, "replay-under-way");
  EXPECT_EQ(courier->skip_parked(position{1}).error().reason, "replay-under-way");
  failure_of = {};
  answers("transfer-a");
  EXPECT_EQ((**first)->applied, 1U);
}

TEST_F(EventParking, TheEndTellsWhoWaitsForAReplay) {
  failure_of = react_throws_at({1});
  happens({"a", "a"});
  failure_of = {};
  leaves_waiting = [](const auto&) { return true; };
  EXPECT_FALSE(replay());
  courier->end();
  ASSERT_TRUE(*replayed);
  EXPECT_EQ((*replayed)->error().code, errc::closed);
  answers("transfer-a");
  EXPECT_EQ(tried["transfer-a"], (positions{1, 1})) << "nothing more is sent";
  restart();
  EXPECT_EQ(parked(), (positions{1, 2}));
}

TEST_F(EventParking, ARuntimeThatClosesEndsAReplay) {
  failure_of = react_throws_at({1, 2});
  happens({"a", "b"});
  failure_of = always({errc::closed, "closed", "the runtime is closing"});
  const auto ended = replay();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->error().code, errc::closed);
  EXPECT_EQ(reason(1), "react is cross");
}

}  // namespace
}  // namespace fasti::test
