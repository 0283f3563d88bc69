#pragma once
/// Appending: atomicity, expected versions, order, what is stored with an event, the head signal
/// and the end. See `journal_contract.hpp`.

#include <algorithm>
#include <atomic>
#include <random>

#include "tests/contracts/journal_fixture.hpp"

namespace fasti::test {

class JournalAppending : public JournalContract {};

TEST_P(JournalAppending, TellsWhereTheEventsAre) {
  journal& j = open();
  must_append(j, commit_to("b-1"));
  const auto outcome = must_append(j, commit_to("a-1", 3));
  EXPECT_EQ(outcome.what, committed::kind::fresh);
  EXPECT_EQ(outcome.first_position, position{2});
  EXPECT_EQ(outcome.last_position, position{4});
  EXPECT_EQ(outcome.version, version{3});
  EXPECT_EQ(outcome.time, clock.source()());
  EXPECT_EQ(j.head(), position{4});
  EXPECT_EQ(version_of(j, "a-1"), 3U);
}

TEST_P(JournalAppending, P3_SeveralStreamsInOneCommit) {
  journal& j = open();
  must_append(j, commit_to("b-1"));
  commit c = commit_to("a-1", 2);
  add_part(c, "b-1", 1);
  add_part(c, "c-1", 3);
  const auto outcome = must_append(j, std::move(c));
  EXPECT_EQ(outcome.version, version{2}) << "of the first stream";
  EXPECT_EQ(outcome.first_position, position{2});
  EXPECT_EQ(outcome.last_position, position{7});
  EXPECT_EQ(version_of(j, "a-1"), 2U);
  EXPECT_EQ(version_of(j, "b-1"), 2U);
  EXPECT_EQ(version_of(j, "c-1"), 3U);
  EXPECT_EQ(read_stream(j, "b-1").positions(), (std::vector<std::uint64_t>{1, 4}));
  EXPECT_EQ(read_stream(j, "c-1").positions(), (std::vector<std::uint64_t>{5, 6, 7}));
}

TEST_P(JournalAppending, P3_OneStreamThatDoesNotFitKeepsAllOut) {
  journal& j = open();
  must_append(j, commit_to("b-1"));
  commit c = commit_to("a-1", 2, expected_version::no_stream());
  add_part(c, "b-1", 1, expected_version::no_stream());
  expect_error(append_and_wait(j, std::move(c)), errc::conflict, "version-conflict");
  EXPECT_EQ(version_of(j, "a-1"), 0U);
  EXPECT_EQ(version_of(j, "b-1"), 1U);
  EXPECT_EQ(j.head(), position{1});
  EXPECT_EQ(must_append(j, commit_to("a-1")).last_position, position{2});
}

TEST_P(JournalAppending, P3_ReadersSeeACommitWholeOrNotAtAll) {
  journal& j = open();
  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done) {
      auto all = read_all(j);
      EXPECT_FALSE(all.failed);
      EXPECT_EQ(all.events.size() % 3, 0U);
      auto a = read_stream(j, "a-1");
      EXPECT_FALSE(a.failed) << a.failed->to_string();
      EXPECT_EQ(a.events.size() % 2, 0U);
      EXPECT_EQ(a.events.size(), count_of(a.newest)) << "the version told is that of the read";
    }
  });
  for (int i = 0; i < 200; ++i) {
    commit c = commit_to("a-1", 2);
    add_part(c, "b-1", 1);
    must_append(j, std::move(c));
  }
  done = true;
  reader.join();
}

TEST_P(JournalAppending, ExpectedVersions) {
  journal& j = open();
  must_append(j, commit_to("a-1", 2, expected_version::no_stream()));
  must_append(j, commit_to("a-1", 1, expected_version::exactly(version{2})));
  must_append(j, commit_to("a-1", 1, expected_version::any()));
  must_append(j, commit_to("a-2", 1, expected_version::any()));
  for (const auto expected :
       {expected_version::no_stream(), expected_version::exactly(version{3}),
        expected_version::exactly(version{5}), expected_version::exactly(version{0})}) {
    auto refused = append_and_wait(j, commit_to("a-1", 1, expected));
    expect_error(refused, errc::conflict, "version-conflict");
    if (refused) continue;
    EXPECT_NE(refused.error().detail.find("a-1"), std::string::npos);
    EXPECT_NE(refused.error().detail.find('4'), std::string::npos) << "names the actual version";
  }
  EXPECT_EQ(version_of(j, "a-1"), 4U);
  EXPECT_EQ(j.head(), position{5}) << "a conflict stores nothing";
  EXPECT_FALSE(j.failure());
}

TEST_P(JournalAppending, CommitsOfOneGroupSeeEachOther) {
  journal& j = open();
  outcome_log log;
  clock.hold();
  hand_over(j, commit_to("x-1"), log, 0);
  clock.wait_for_waiter();
  hand_over(j, commit_to("a-1", 2, expected_version::no_stream()), log, 1);
  hand_over(j, commit_to("a-1", 1, expected_version::exactly(version{2})), log, 2);
  hand_over(j, commit_to("a-1", 1, expected_version::exactly(version{2})), log, 3);
  hand_over(j, commit_to("a-1", 1, expected_version::exactly(version{3})), log, 4);
  clock.release();
  log.wait_for(5);
  EXPECT_TRUE(log.of(1));
  EXPECT_TRUE(log.of(2));
  expect_error(log.of(3), errc::conflict, "version-conflict");
  EXPECT_TRUE(log.of(4));
  EXPECT_EQ(read_stream(j, "a-1").positions(), (std::vector<std::uint64_t>{2, 3, 4, 5}));
}

TEST_P(JournalAppending, P4_PositionsAndVersionsHaveNoGap) {
  constexpr int threads = 4;
  constexpr int commits_each = 150;
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  journal& j = open();
  outcome_log others;  // of those handed over without waiting
  std::atomic<std::size_t> handed_over{0};
  std::vector<std::thread> appenders;
  for (int t = 0; t < threads; ++t) {
    appenders.emplace_back([&, t, seed] {
      std::mt19937 random(seed + static_cast<unsigned>(t));
      for (int i = 0; i < commits_each; ++i) {
        const auto events = static_cast<std::uint32_t>(1 + random() % 3);
        commit c = commit_to("a-" + std::to_string(random() % 5), events);
        if (random() % 4 == 0) add_part(c, "b-" + std::to_string(random() % 3), 1);
        if (random() % 2 == 0) {
          EXPECT_TRUE(append_and_wait(j, std::move(c)));
        } else {
          EXPECT_TRUE(j.append(std::move(c), nullptr, others.observer()));
          ++handed_over;
        }
      }
    });
  }
  for (auto& a : appenders) a.join();
  others.wait_for(handed_over);
  for (const auto& [tag, outcome] : others.outcomes()) EXPECT_TRUE(outcome);
  std::map<std::string, std::uint64_t> versions;
  std::uint64_t expected = 0;
  for (const auto& e : read_all(j).events) {
    EXPECT_EQ(count_of(e.position), ++expected);
    EXPECT_EQ(count_of(e.version), ++versions[e.stream]) << e.stream;
  }
  EXPECT_EQ(j.head(), position{expected});
  for (const auto& [name, newest] : versions) EXPECT_EQ(version_of(j, name), newest);
  EXPECT_EQ(j.stats().commits, std::uint64_t{threads * commits_each});
}

TEST_P(JournalAppending, KeepsAllThatComesWithAnEvent) {
  journal& j = open();
  commit c = commit_to("a-1", 2);
  c.events[1].type = withdrawn;
  c.origin.correlation = unique_id::of("talk");
  c.origin.causation = unique_id::of("cause");
  c.origin.metadata = std::string("user\0=7 \xff", 9);
  c.origin.trace = {unique_id::of("journey"), 77, 1};
  c.tags = std::string("red\0round\0", 10);
  c.events[1].tag_bytes = 10;
  const commit kept = c;
  must_append(j, std::move(c));
  const auto check = [&kept, this](const journal& from) {
    auto all = read_stream(from, "a-1").events;
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].type, deposited);
    EXPECT_EQ(all[1].type, withdrawn);
    EXPECT_NE(all[0].id, all[1].id);
    for (std::size_t i = 0; i < 2; ++i) {
      const auto first = kept.bodies.begin() + static_cast<std::ptrdiff_t>(2 * i);
      EXPECT_FALSE(all[i].id.is_none());
      EXPECT_EQ(all[i].stream, "a-1");
      EXPECT_EQ(all[i].command, kept.origin.id);
      EXPECT_EQ(all[i].correlation, kept.origin.correlation);
      EXPECT_EQ(all[i].causation, kept.origin.causation);
      EXPECT_EQ(all[i].metadata, kept.origin.metadata);
      EXPECT_EQ(all[i].trace, kept.origin.trace);
      EXPECT_EQ(all[i].tags,
                i == 0 ? std::vector<std::string>{} : (std::vector<std::string>{"red", "round"}));
      EXPECT_EQ(all[i].time, clock.source()());
      EXPECT_EQ(all[i].body, (std::vector<word>{first, first + 2}));
    }
    EXPECT_EQ(read_all(from).events, all) << "the same by stream and by position";
    EXPECT_EQ(read_stream(from, "a-1").events, all) << "the same on every read";
  };
  check(j);
  const auto before = read_all(j).events;
  if (!survives_close()) return;
  journal& again = reopen();
  check(again);
  EXPECT_EQ(read_all(again).events, before);
}

TEST_P(JournalAppending, CorrelationAndCausationAreTheCommandByDefault) {
  journal& j = open();
  commit c = commit_to("a-1");
  const unique_id id = c.origin.id;
  must_append(j, std::move(c));
  auto all = read_all(j).events;
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].correlation, id);
  EXPECT_EQ(all[0].causation, id);
  EXPECT_EQ(all[0].metadata, "");
}

TEST_P(JournalAppending, OutcomesComeOnceInTheOrderOfTickets) {
  journal& j = open();
  outcome_log log;
  constexpr int count = 300;
  ticket before{};
  for (int i = 0; i < count; ++i) {
    commit c = i % 7 == 0   ? barrier()
               : i % 5 == 0 ? commit_to("a-1", 1, expected_version::no_stream())
                            : commit_to("a-1");
    const auto given = hand_over(j, std::move(c), log, i);
    EXPECT_EQ(count_of(given), count_of(before) + 1);
    before = given;
  }
  log.wait_for(count);
  ASSERT_TRUE(j.close());
  const auto all = log.outcomes();
  ASSERT_EQ(all.size(), std::size_t{count});
  for (int i = 0; i < count; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)].first, i);
  EXPECT_EQ(j.settled_ticket(), before);
}

TEST_P(JournalAppending, AnObserverMayAppend) {
  journal& j = open();
  outcome_log log;
  class appender final : public commit_observer {
   public:
    appender(journal& to, outcome_log& log) : journal_(to), log_(log) {}
    void on_outcome(result<committed> outcome) noexcept override {
      EXPECT_TRUE(outcome);
      EXPECT_TRUE(journal_.append(commit_to("a-1"), nullptr, log_.observer()));
    }

   private:
    journal& journal_;
    outcome_log& log_;
  };
  ASSERT_TRUE(j.append(commit_to("a-1"), nullptr, std::make_unique<appender>(j, log)));
  log.wait_for(1);
  EXPECT_EQ(version_of(j, "a-1"), 2U);
}

TEST_P(JournalAppending, P2_WhatAnOutcomeOrAHeadNamesCanBeRead) {
  journal& j = open();
  std::mutex mutex;
  std::vector<std::uint64_t> heads;
  std::atomic<std::uint64_t> told{0};
  j.on_head([&](position at) {
    EXPECT_EQ(read_all(j, {.after = position{count_of(at) - 1}, .to = at}).events.size(), 1U);
    EXPECT_GE(j.head(), at);
    const std::lock_guard lock(mutex);
    heads.push_back(count_of(at));
    told = count_of(at);
  });
  class checker final : public commit_observer {
   public:
    checker(journal& j, std::atomic<std::uint64_t>& told, outcome_log& log)
        : journal_(j), told_(told), then_(log.observer()) {}
    void on_outcome(result<committed> outcome) noexcept override {
      EXPECT_TRUE(outcome);
      EXPECT_GE(told_.load(), count_of(outcome->last_position)) << "the head comes first";
      EXPECT_GE(version_of(journal_, "a-1"), count_of(outcome->version));
      const auto at = outcome->last_position;
      EXPECT_EQ(read_all(journal_, {.after = position{count_of(at) - 1}, .to = at}).last, at);
      then_->on_outcome(std::move(outcome));
    }

   private:
    journal& journal_;
    std::atomic<std::uint64_t>& told_;
    std::unique_ptr<commit_observer> then_;
  };
  outcome_log log;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(j.append(commit_to("a-1", 2), nullptr, std::make_unique<checker>(j, told, log)));
  }
  log.wait_for(100);
  j.on_head({});
  must_append(j, commit_to("a-1"));
  ASSERT_FALSE(heads.empty());
  EXPECT_EQ(std::adjacent_find(heads.begin(), heads.end(), std::greater_equal<>()), heads.end());
  EXPECT_EQ(heads.back(), 200U) << "nothing is told after the subscription ended";
}

TEST_P(JournalAppending, TheHeadIsNotToldForWhatStoresNothing) {
  journal& j = open();
  std::atomic<int> calls{0};
  j.on_head([&calls](position) { ++calls; });
  must_append(j, barrier());
  auto refused = append_and_wait(j, commit_to("a-1", 1, expected_version::exactly(version{5})));
  EXPECT_FALSE(refused);
  EXPECT_EQ(calls, 0);
  j.on_head({});
}

TEST_P(JournalAppending, TimeNeverGoesBackOverAReopen) {
  if (!survives_close()) GTEST_SKIP() << "nothing survives here";
  const auto first = must_append(open(), commit_to("a-1"));
  clock.advance(-std::chrono::hours{1});
  EXPECT_EQ(must_append(reopen(), commit_to("a-1")).time, first.time);
}

TEST_P(JournalAppending, ACommandCanBeFoundOnceItIsSettled) {
  journal& j = open();
  outcome_log log;
  const auto id = command_id::generate();
  must_append(j, commit_to("a-1"));
  commit c = commit_to("a-1");
  c.origin.id = id;
  EXPECT_FALSE(j.find_command(id));
  hand_over(j, std::move(c), log, 1);
  log.wait_for(1);
  ASSERT_TRUE(j.find_command(id));
  EXPECT_EQ(j.find_command(id)->outcome.last_position, position{2});
  EXPECT_EQ(j.find_command(id)->fingerprint, 7U);
  EXPECT_FALSE(j.find_command(command_id::generate()));
}

TEST_P(JournalAppending, CountsForPeople) {
  journal& j = open();
  must_append(j, commit_to("a-1", 3));
  must_append(j, commit_to("a-2"));
  expect_error(append_and_wait(j, commit_to("a-2", 1, expected_version::no_stream())),
               errc::conflict, "version-conflict");
  const auto s = j.stats();
  EXPECT_EQ(s.head, position{4});
  EXPECT_EQ(s.commits, 2U);
  EXPECT_GE(s.logical_bytes, 4U * 2 * word_bytes);
}

TEST_P(JournalAppending, CloseSettlesEverything) {
  journal& j = open();
  outcome_log log;
  for (int i = 0; i < 200; ++i) hand_over(j, commit_to("a-1"), log, i);
  EXPECT_TRUE(j.close());
  ASSERT_EQ(log.size(), 200U);
  for (const auto& [tag, outcome] : log.outcomes()) EXPECT_TRUE(outcome) << tag;
  EXPECT_EQ(j.settled_ticket(), ticket{200});
  EXPECT_TRUE(j.close()) << "idempotent";
  if (!survives_close()) return;
  EXPECT_EQ(version_of(reopen(), "a-1"), 200U);
}

TEST_P(JournalAppending, NothingIsTakenAfterClose) {
  journal& j = open();
  outcome_log log;
  ASSERT_TRUE(j.close());
  commit c = commit_to("a-1");
  auto observer = log.observer();
  expect_error(j.append(std::move(c), nullptr, std::move(observer)), errc::closed, "closed");
  EXPECT_NE(observer, nullptr);
  EXPECT_EQ(c.events.size(), 1U);  // NOLINT(bugprone-use-after-move): refused means untouched
  EXPECT_EQ(log.size(), 0U);
  expect_error(append_and_wait(j, barrier()), errc::closed, "closed");
}

TEST_P(JournalAppending, CloseFromSeveralThreadsAtOnce) {
  journal& j = open();
  must_append(j, commit_to("a-1"));
  std::vector<std::thread> closers;
  for (int i = 0; i < 4; ++i) {
    closers.emplace_back([&j] { EXPECT_TRUE(j.close()); });
  }
  for (auto& c : closers) c.join();
}

TEST_P(JournalAppending, P4_AGuardedStreamMustStillHaveItsVersion) {
  journal& j = open();
  const auto guarded_by = [](std::string_view name, expected_version expected) {
    auto c = commit_to("a-1", 1, expected_version::any());
    c.guards.push_back({stream(name), expected});
    return c;
  };
  EXPECT_EQ(must_append(j, guarded_by("b-1", expected_version::no_stream())).last_position,
            position{1});
  must_append(j, commit_to("b-1", 2));
  for (const auto expected : {expected_version::no_stream(), expected_version::exactly(version{1}),
                              expected_version::exactly(version{3})}) {
    auto refused = append_and_wait(j, guarded_by("b-1", expected));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::conflict);
    EXPECT_NE(refused.error().detail.find("b-1 has version 2"), std::string::npos);
  }
  must_append(j, guarded_by("b-1", expected_version::exactly(version{2})));
  EXPECT_EQ(j.head(), position{4}) << "nothing of those that were refused";
  EXPECT_EQ(*j.stream_version(stream("b-1")), version{2}) << "nothing is written to it";
  outcome_log log;  // also by what is on its way before it
  hand_over(j, commit_to("b-1"), log, 0);
  hand_over(j, guarded_by("b-1", expected_version::exactly(version{2})), log, 1);
  log.wait_for(2);
  EXPECT_TRUE(log.of(0));
  EXPECT_EQ(log.of(1).error().code, errc::conflict);
}

TEST_P(JournalAppending, ReopenGoesOnWhereItWas) {
  if (!survives_close()) GTEST_SKIP() << "nothing survives here";
  journal& j = open();
  const auto id = j.id();
  for (int i = 0; i < 50; ++i) must_append(j, commit_to("a-" + std::to_string(i % 7), 2));
  const auto before = read_all(j).events;
  for (int round = 0; round < 3; ++round) {
    journal& again = reopen();
    EXPECT_EQ(again.id(), id);
    EXPECT_EQ(read_all(again, {.to = position{100}}).events, before);
    const auto v = version_of(again, "a-0");
    const auto expected = expected_version::exactly(version{v});
    const auto added = must_append(again, commit_to("a-0", 1, expected));
    EXPECT_EQ(added.last_position, position{101U + static_cast<unsigned>(round)});
    EXPECT_EQ(added.version, version{v + 1});
  }
}

}  // namespace fasti::test
