#pragma once
/// Command ids (P8), barriers, sessions and limits. See `journal_contract.hpp`.

#include <condition_variable>
#include <mutex>
#include <set>

#include "tests/contracts/journal_fixture.hpp"

namespace fasti::test {

class JournalCommands : public JournalContract {
 protected:
  static commit named(std::string_view name, std::string_view to = "a-1",
                      std::uint64_t fingerprint = 7) {
    commit c = commit_to(to);
    c.origin.id = command_id::of(name);
    c.fingerprint = fingerprint;
    return c;
  }
  static commit barrier_of(std::string_view name, std::uint64_t fingerprint = 7) {
    commit c;
    c.origin.id = command_id::of(name);
    c.fingerprint = fingerprint;
    return c;
  }
  static void expect_first(const committed& outcome, position at, version v) {
    EXPECT_EQ(outcome.what, committed::kind::repeat);
    EXPECT_EQ(outcome.first_position, at);
    EXPECT_EQ(outcome.last_position, at);
    EXPECT_EQ(outcome.version, v);
  }
};

TEST_P(JournalCommands, P8_ARepeatGetsTheFirstOutcome) {
  journal& j = open();
  const auto first = must_append(j, named("pay"));
  clock.advance(std::chrono::hours{1});
  must_append(j, commit_to("a-1"));
  const auto again = must_append(j, named("pay"));
  expect_first(again, first.last_position, version{1});
  EXPECT_EQ(again.time, first.time);
  EXPECT_EQ(version_of(j, "a-1"), 2U) << "nothing was stored";
  EXPECT_EQ(j.stats().commits, 2U);
}

TEST_P(JournalCommands, P8_ARepeatComesBeforeTheVersionCheck) {
  journal& j = open();
  commit c = named("pay");
  c.parts[0].expected = expected_version::no_stream();
  const commit same = c;
  must_append(j, std::move(c));
  expect_first(must_append(j, same), position{1}, version{1});
}

TEST_P(JournalCommands, P8_TwiceInOneGroup) {
  journal& j = open();
  outcome_log log;
  clock.hold();
  hand_over(j, commit_to("x-1"), log, 0);
  clock.wait_for_waiter();
  hand_over(j, named("pay"), log, 1);
  hand_over(j, named("pay"), log, 2);
  hand_over(j, named("pay", "a-1", 8), log, 3);
  clock.release();
  log.wait_for(4);
  ASSERT_TRUE(log.of(1));
  EXPECT_EQ(log.of(1)->what, committed::kind::fresh);
  ASSERT_TRUE(log.of(2));
  expect_first(*log.of(2), position{2}, version{1});
  expect_error(log.of(3), errc::invalid, "command-id-reused");
  EXPECT_EQ(version_of(j, "a-1"), 1U);
}

TEST_P(JournalCommands, P8_AnotherPayloadUnderTheSameIdIsAnError) {
  journal& j = open();
  must_append(j, named("pay"));
  expect_error(append_and_wait(j, named("pay", "a-1", 8)), errc::invalid, "command-id-reused");
  expect_error(append_and_wait(j, barrier_of("pay", 8)), errc::invalid, "command-id-reused");
  EXPECT_EQ(j.head(), position{1});
  EXPECT_FALSE(j.failure());
}

TEST_P(JournalCommands, P8_ARejectedCommandHasHadNoEffect) {
  journal& j = open();
  must_append(j, commit_to("a-1"));
  commit c = named("pay");
  c.parts[0].expected = expected_version::no_stream();
  expect_error(append_and_wait(j, std::move(c)), errc::conflict, "version-conflict");
  EXPECT_FALSE(j.find_command(command_id::of("pay")));
  EXPECT_EQ(must_append(j, named("pay")).what, committed::kind::fresh);
}

TEST_P(JournalCommands, P8_AfterAReopen) {
  if (!survives_close()) GTEST_SKIP() << "nothing survives here";
  journal& j = open();
  commit c = named("pay");
  add_part(c, "b-1", 2);
  const commit same = c;
  const auto first = must_append(j, std::move(c));
  must_append(j, commit_to("a-1"));
  journal& again = reopen();
  ASSERT_TRUE(again.find_command(command_id::of("pay")));
  EXPECT_EQ(again.find_command(command_id::of("pay"))->fingerprint, 7U);
  const auto repeat = must_append(again, same);
  EXPECT_EQ(repeat.what, committed::kind::repeat);
  EXPECT_EQ(repeat.first_position, first.first_position);
  EXPECT_EQ(repeat.last_position, first.last_position);
  EXPECT_EQ(repeat.version, first.version);
  EXPECT_EQ(repeat.time, first.time);
  expect_error(append_and_wait(again, named("pay", "a-1", 8)), errc::invalid, "command-id-reused");
}

TEST_P(JournalCommands, P8_AReplyIsKeptWithItsCommand) {
  journal& j = open();
  must_append(j, commit_to("a-1"));
  commit c = named("pay");
  add_part(c, "b-1", 2);
  c.reply = {type_id{0xc3}, {11, 22, 33}};
  const auto reply = c.reply;
  const auto done = must_append(j, std::move(c));
  const auto check = [&](const journal& from) {
    for (auto p = done.first_position; p <= done.last_position; p = next(p)) {
      auto kept = from.read_reply(p);
      ASSERT_TRUE(kept) << kept.error().to_string();
      EXPECT_EQ(*kept, reply) << "at any of its events";
    }
    ASSERT_TRUE(from.read_reply(position{1}));
    EXPECT_TRUE(from.read_reply(position{1})->is_none());
    expect_error(from.read_reply(no_position), errc::invalid, "no-such-position");
    expect_error(from.read_reply(position{5}), errc::invalid, "no-such-position");
    EXPECT_EQ(read_stream(from, "b-1").versions(), (std::vector<std::uint64_t>{1, 2}));
  };
  check(j);
  if (survives_close()) check(reopen());
}

TEST_P(JournalCommands, P6_AReplyHasALimitToo) {
  options.journal.event_bytes_max = 64;
  options.journal.commit_bytes_max = 96;
  journal& j = open();
  commit c = commit_to("a-1");
  c.reply = {type_id{0xc3}, std::vector<word>(9, 1)};
  expect_error(append_and_wait(j, c), errc::invalid, "reply-too-large");
  c.reply.body.resize(8);
  must_append(j, std::move(c));
  commit both = commit_to("a-1", 1, expected_version::any(), 7);
  both.reply = {type_id{0xc3}, std::vector<word>(6, 1)};
  expect_error(append_and_wait(j, both), errc::invalid, "commit-too-large");
  commit nothing = barrier();
  nothing.reply = {type_id{0xc3}, {1}};
  expect_error(append_and_wait(j, nothing), errc::invalid, "malformed-commit");
}

TEST_P(JournalCommands, P6_TagsHaveALimitAndAForm) {
  options.journal.tag_bytes_max = 8;
  journal& j = open();
  const auto tagged = [](const std::string& packed, std::uint32_t bytes) {
    commit c = commit_to("a-1");
    c.tags = packed;
    c.events[0].tag_bytes = bytes;
    return c;
  };
  using namespace std::string_literals;
  must_append(j, tagged("1234567\0"s, 8));
  expect_error(append_and_wait(j, tagged("12345678\0"s, 9)), errc::invalid, "tags-too-large");
  for (const auto& bad : {"ab"s, "\0"s, "a\0\0"s, "\0a\0"s}) {
    expect_error(append_and_wait(j, tagged(bad, static_cast<std::uint32_t>(bad.size()))),
                 errc::invalid, "malformed-commit");
  }
  expect_error(append_and_wait(j, tagged("a\0b\0"s, 2)), errc::invalid, "malformed-commit");
  expect_error(append_and_wait(j, tagged("a\0"s, 4)), errc::invalid, "malformed-commit");
  EXPECT_EQ(j.head(), position{1});
}

TEST_P(JournalCommands, AnEventCanBeFoundByItsId) {
  auto& j = open();
  for (std::uint64_t n = 1; n <= 20; ++n) {
    commit c = commit_to("a-1", 3);
    c.origin.id = command_id{unique_id{0, n}};  // ids that are next to each other
    must_append(j, std::move(c));
  }
  std::set<std::string> ids;
  for (const auto& e : read_all(j).events) {
    EXPECT_EQ(find_event(j, e.id), e.position);
    ids.insert(e.id.to_string());
  }
  EXPECT_EQ(ids.size(), 60U) << "each has its own";
  EXPECT_EQ(find_event(j, event_id_of(command_id{unique_id{0, 3}}, 3)), std::nullopt)
      << "the command has no fourth event";
  EXPECT_EQ(find_event(j, unique_id{12, 34}), std::nullopt);
}

TEST_P(JournalCommands, P8_TheWindowIsBoundedAndTheOldestLeaves) {
  options.journal.command_ids_max = 3;
  journal& j = open();
  const auto known = [](const journal& in) {
    std::string names;
    for (const auto* name : {"1", "2", "3", "4", "5"}) {
      if (in.find_command(command_id::of(name))) names += name;
    }
    return names;
  };
  for (const auto* name : {"1", "2", "3"}) must_append(j, named(name));
  EXPECT_EQ(known(j), "123");
  EXPECT_EQ(must_append(j, named("1")).what, committed::kind::repeat);
  must_append(j, named("4"));
  EXPECT_EQ(known(j), "234") << "a repeat does not make an id younger";
  must_append(j, named("5"));
  EXPECT_EQ(known(j), "345");
  EXPECT_EQ(must_append(j, named("1")).what, committed::kind::fresh);
  if (!survives_close()) return;
  journal& again = reopen();
  EXPECT_EQ(known(again), "145");
}

TEST_P(JournalCommands, P8_AnIdThatIsTooOldIsANewCommand) {
  options.journal.command_ids_age_max = std::chrono::hours{24};
  journal& j = open();
  const auto first = must_append(j, named("pay"));
  clock.advance(std::chrono::hours{10});
  must_append(j, named("lend"));
  clock.advance(std::chrono::hours{14});
  expect_first(must_append(j, named("pay")), position{1}, version{1});
  clock.advance(std::chrono::seconds{1});
  must_append(j, barrier());
  EXPECT_FALSE(j.find_command(command_id::of("pay")));
  EXPECT_TRUE(j.find_command(command_id::of("lend")));
  const auto again = must_append(j, named("pay", "a-1", 8));
  EXPECT_EQ(again.what, committed::kind::fresh);
  EXPECT_EQ(again.version, version{3});
  EXPECT_GT(again.time, first.time);
  expect_error(append_and_wait(j, named("pay")), errc::invalid, "command-id-reused");
}

TEST_P(JournalCommands, P8_TheAgeOfAnIdCountsOverAReopen) {
  if (!survives_close()) GTEST_SKIP() << "nothing survives here";
  options.journal.command_ids_age_max = std::chrono::hours{24};
  must_append(open(), named("pay"));
  clock.advance(std::chrono::hours{20});
  must_append(reopen(), named("lend"));
  clock.advance(std::chrono::hours{20});
  journal& again = reopen();
  EXPECT_EQ(must_append(again, named("lend")).what, committed::kind::repeat);
  EXPECT_EQ(must_append(again, named("pay")).what, committed::kind::fresh);
  journal& later = reopen();
  EXPECT_EQ(must_append(later, named("pay")).version, version{3});
  EXPECT_EQ(must_append(later, named("pay")).what, committed::kind::repeat);
}

TEST_P(JournalCommands, P8_NoAgeIsTooLong) {
  options.journal.command_ids_age_max = std::chrono::hours::max();
  journal& j = open();
  must_append(j, named("pay"));
  clock.advance(std::chrono::hours{24 * 365 * 20});
  EXPECT_EQ(must_append(j, named("pay")).what, committed::kind::repeat);
}

TEST_P(JournalCommands, ABarrierComesAfterWhatWasBefore) {
  journal& j = open();
  outcome_log log;
  for (int i = 0; i < 20; ++i) hand_over(j, commit_to("a-1"), log, i);
  hand_over(j, barrier(), log, 20);
  log.wait_for(21);
  const auto outcome = log.of(20);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->what, committed::kind::barrier);
  EXPECT_EQ(outcome->first_position, no_position);
  EXPECT_EQ(outcome->last_position, position{20});
  EXPECT_EQ(log.outcomes().back().first, 20);
  EXPECT_EQ(j.head(), position{20});
  EXPECT_EQ(j.stats().commits, 20U);
}

TEST_P(JournalCommands, ABarrierOfAnEmptyJournal) {
  journal& j = open();
  const auto outcome = must_append(j, barrier());
  EXPECT_EQ(outcome.what, committed::kind::barrier);
  EXPECT_EQ(outcome.last_position, no_position);
}

TEST_P(JournalCommands, P8_ABarrierOfAKnownCommandGivesItsFirstOutcome) {
  journal& j = open();
  EXPECT_EQ(must_append(j, barrier_of("pay")).what, committed::kind::barrier);
  must_append(j, named("pay"));
  must_append(j, commit_to("a-1"));
  expect_first(must_append(j, barrier_of("pay")), position{1}, version{1});
  EXPECT_EQ(j.head(), position{2});
}

TEST_P(JournalCommands, AFailedCommitBreaksItsSession) {
  journal& j = open();
  auto session = std::make_shared<commit_session>();
  auto other = std::make_shared<commit_session>();
  outcome_log log;
  hand_over(j, commit_to("a-1", 1, expected_version::no_stream()), log, 0, session);
  hand_over(j, commit_to("a-1", 1, expected_version::no_stream()), log, 1, session);
  hand_over(j, commit_to("a-1", 1, expected_version::exactly(version{1})), log, 2, session);
  hand_over(j, barrier(), log, 3, session);
  hand_over(j, commit_to("b-1"), log, 4, other);
  hand_over(j, commit_to("b-2"), log, 5);
  log.wait_for(6);
  EXPECT_TRUE(log.of(0));
  expect_error(log.of(1), errc::conflict, "version-conflict");
  expect_error(log.of(2), errc::conflict, "session-broken");
  expect_error(log.of(3), errc::conflict, "session-broken");
  EXPECT_TRUE(log.of(4));
  EXPECT_TRUE(log.of(5));
  EXPECT_TRUE(session->is_broken());
  EXPECT_FALSE(other->is_broken());
  EXPECT_EQ(version_of(j, "a-1"), 1U);
  hand_over(j, commit_to("a-1"), log, 6, session);
  log.wait_for(7);
  expect_error(log.of(6), errc::conflict, "session-broken");
}

TEST_P(JournalCommands, ARepeatedCommitBreaksItsSession) {
  journal& j = open();
  must_append(j, named("pay"));
  auto session = std::make_shared<commit_session>();
  outcome_log log;
  hand_over(j, named("pay"), log, 0, session);
  hand_over(j, commit_to("a-1"), log, 1, session);
  log.wait_for(2);
  ASSERT_TRUE(log.of(0));
  expect_first(*log.of(0), position{1}, version{1});
  expect_error(log.of(1), errc::conflict, "session-broken");
  EXPECT_EQ(version_of(j, "a-1"), 1U);
}

TEST_P(JournalCommands, ABarrierDoesNotBreakItsSession) {
  journal& j = open();
  must_append(j, named("pay"));
  auto session = std::make_shared<commit_session>();
  outcome_log log;
  hand_over(j, barrier_of("pay", 8), log, 0, session);
  hand_over(j, barrier_of("pay"), log, 1, session);
  hand_over(j, barrier(), log, 2, session);
  hand_over(j, commit_to("a-1"), log, 3, session);
  log.wait_for(4);
  expect_error(log.of(0), errc::invalid, "command-id-reused");
  EXPECT_TRUE(log.of(1));
  EXPECT_TRUE(log.of(2));
  EXPECT_TRUE(log.of(3));
  EXPECT_FALSE(session->is_broken());
}

class JournalLimits : public JournalCommands {
 protected:
  /// Refused at once: nothing is stored, nothing is taken, nobody is called.
  static void expect_refused(journal& j, commit c, std::string_view reason) {
    const auto head = j.head();
    const commit kept = c;
    outcome_log log;
    auto observer = log.observer();
    auto session = std::make_shared<commit_session>();
    expect_error(j.append(std::move(c), session, std::move(observer)), errc::invalid, reason);
    EXPECT_NE(observer, nullptr);
    EXPECT_EQ(c.bodies, kept.bodies);  // NOLINT(bugprone-use-after-move): refused means untouched
    EXPECT_EQ(c.events.size(), kept.events.size());
    EXPECT_EQ(c.parts.size(), kept.parts.size());
    EXPECT_EQ(c.origin.metadata, kept.origin.metadata);
    must_append(j, barrier());
    EXPECT_EQ(j.head(), head);
    EXPECT_EQ(log.size(), 0U);
    EXPECT_FALSE(session->is_broken());
  }
};

TEST_P(JournalLimits, EventBytes) {
  options.journal.event_bytes_max = 64;
  journal& j = open();
  must_append(j, commit_to("a-1", 1, expected_version::any(), 8));
  expect_refused(j, commit_to("a-1", 1, expected_version::any(), 9), "event-too-large");
}

TEST_P(JournalLimits, CommitBytes) {
  options.journal.commit_bytes_max = 64;
  journal& j = open();
  must_append(j, commit_to("a-1", 4, expected_version::any(), 2));
  expect_refused(j, commit_to("a-1", 5, expected_version::any(), 2), "commit-too-large");
}

TEST_P(JournalLimits, CommitEvents) {
  options.journal.commit_events_max = 3;
  journal& j = open();
  must_append(j, commit_to("a-1", 3));
  expect_refused(j, commit_to("a-1", 4), "too-many-events");
}

TEST_P(JournalLimits, MetadataBytes) {
  options.journal.metadata_bytes_max = 10;
  journal& j = open();
  commit c = commit_to("a-1");
  c.origin.metadata = std::string(10, 'm');
  commit over = c;
  must_append(j, std::move(c));
  over.origin.metadata += 'm';
  expect_refused(j, std::move(over), "metadata-too-large");
}

TEST_P(JournalLimits, MalformedCommits) {
  journal& j = open();
  const auto expect_malformed = [&j](auto&& change) {
    commit c = commit_to("a-1", 2);
    change(c);
    expect_refused(j, std::move(c), "malformed-commit");
  };
  expect_malformed([](commit& c) { c.origin.id = {}; });
  expect_malformed([](commit& c) { c.events[0].words = 0; });
  expect_malformed([](commit& c) { c.events[0].words = 3; });
  expect_malformed([](commit& c) { c.bodies.pop_back(); });
  expect_malformed([](commit& c) { c.parts.clear(); });
  expect_malformed([](commit& c) { c.parts[0].events = 1; });
  expect_malformed([](commit& c) { c.parts[0].events = 3; });
  expect_malformed([](commit& c) { c.parts[0].stream = {}; });
  expect_malformed([](commit& c) { c.events.clear(); });
  expect_malformed([](commit& c) {
    c.parts[0].events = 1;
    c.parts.push_back(c.parts[0]);
  });
  expect_malformed([](commit& c) {
    c.parts.push_back(c.parts[0]);
    c.parts[1].stream = stream("b-1");
    c.parts[1].events = 0;
  });
  expect_malformed([](commit& c) { c.guards.push_back({}); });
  expect_malformed([](commit& c) { c.guards.push_back({c.parts[0].stream}); });
  expect_malformed([](commit& c) { c.guards.assign(2, {stream("b-1")}); });
  expect_malformed([](commit& c) {
    c = {};
    c.guards.push_back({stream("b-1")});
  });
  EXPECT_EQ(must_append(j, commit_to("a-1")).last_position, position{1});
}

TEST_P(JournalLimits, AFullQueueRefusesAndTakesNothing) {
  class blocker final : public commit_observer {
   public:
    struct gate {
      std::mutex mutex;
      std::condition_variable changed;
      bool reached = false;
      bool open = false;
    };
    explicit blocker(gate& g) : gate_(g) {}
    void on_outcome(result<committed>) noexcept override {
      std::unique_lock lock(gate_.mutex);
      gate_.reached = true;
      gate_.changed.notify_all();
      gate_.changed.wait(lock, [this] { return gate_.open; });
    }

   private:
    gate& gate_;
  };
  options.journal.queue_commits_max = 4;
  journal& j = open();
  outcome_log log;
  blocker::gate gate;
  ASSERT_TRUE(j.append(commit_to("a-1"), nullptr, std::make_unique<blocker>(gate)));
  std::unique_lock lock(gate.mutex);
  gate.changed.wait(lock, [&gate] { return gate.reached; });
  lock.unlock();
  int accepted = 0;
  commit c = commit_to("a-1");
  auto observer = log.observer();
  auto given = j.append(std::move(c), nullptr, std::move(observer));
  while (given && accepted < 10) {
    ++accepted;
    c = commit_to("a-1");
    observer = log.observer();
    given = j.append(std::move(c), nullptr, std::move(observer));
  }
  EXPECT_EQ(accepted, 3) << "the one whose observer is at work counts";
  expect_error(given, errc::unavailable, "queue-full");
  EXPECT_NE(observer, nullptr);
  EXPECT_EQ(c.events.size(), 1U);  // NOLINT(bugprone-use-after-move): refused means untouched
  EXPECT_EQ(c.bodies.size(), 2U);
  lock.lock();
  gate.open = true;
  gate.changed.notify_all();
  lock.unlock();
  log.wait_for(static_cast<std::size_t>(accepted));
  // The last observer may still be on its way out: one more commit settles after it.
  ASSERT_TRUE(j.append(std::move(c), nullptr, std::move(observer)));
  log.wait_for(static_cast<std::size_t>(accepted) + 1);
  EXPECT_EQ(version_of(j, "a-1"), static_cast<std::uint64_t>(accepted) + 2);
}

}  // namespace fasti::test
