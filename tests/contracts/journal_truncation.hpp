#pragma once
/// Taking the oldest events of a stream away. See `journal_contract.hpp`.

#include "tests/contracts/journal_fixture.hpp"

namespace fasti::test {

class JournalTruncation : public JournalContract {
 protected:
  /// A stream `a-1` of six events, two of them in one commit with another stream's.
  journal& open_with_six() {
    journal& j = open();
    for (int i = 0; i < 2; ++i) must_append(j, commit_to("a-1"));
    commit c = commit_to("b-1", 1);
    add_part(c, "a-1", 2);
    must_append(j, std::move(c));
    for (int i = 0; i < 2; ++i) must_append(j, commit_to("a-1"));
    return j;
  }
  static truncation up_to(std::uint64_t v, std::uint64_t base_version = 6, word state = 4711) {
    truncation t;
    t.stream = stream("a-1");
    t.up_to = version{v};
    t.base = {t.stream, version{base_version}, position{7}, type_id{0xba5e}, {0, state}};
    t.reason = "the test wants it";
    return t;
  }
  static truncation must_truncate(journal& j, truncation t) {
    auto done = j.truncate(std::move(t));
    EXPECT_TRUE(done) << (done ? "" : done.error().to_string());
    return done ? *std::move(done) : truncation{};
  }
  static std::optional<truncation> truncation_of(const journal& j, std::string_view name) {
    auto found = j.truncation_of(stream(name));
    EXPECT_TRUE(found) << (found ? "" : found.error().to_string());
    return found ? *std::move(found) : std::nullopt;
  }
  /// What `before` becomes when `t` is done.
  static std::vector<kept_event> without(std::vector<kept_event> before, const truncation& t) {
    for (auto& e : before) {
      if (e.stream != t.stream.text() || e.version > t.up_to) continue;
      e.body.clear();
      e.tags.clear();
      e.truncated_by = t.said_at;
    }
    return before;
  }
  /// All but the events that say what was truncated.
  static std::vector<kept_event> events_of_users(const journal& j) {
    auto all = read_all(j);
    EXPECT_FALSE(all.failed);
    std::erase_if(all.events, [](const auto& e) { return e.stream.starts_with("fasti-"); });
    return all.events;
  }
};

TEST_P(JournalTruncation, TheBodiesGoAndThePlacesStay) {
  journal& j = open_with_six();
  const auto before = read_all(j).events;
  const auto done = must_truncate(j, up_to(3));
  EXPECT_EQ(events_of_users(j), without(before, done));
  EXPECT_EQ(read_stream(j, "a-1").versions(), (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(read_stream(j, "b-1").events, std::vector{before[2]});
}

TEST_P(JournalTruncation, TheHighestVersionIsKept) {
  journal& j = open_with_six();
  must_truncate(j, up_to(6));
  EXPECT_EQ(version_of(j, "a-1"), 6U);
  must_append(j, commit_to("a-1", 1, expected_version::exactly(version{6})));
  EXPECT_EQ(version_of(j, "a-1"), 7U);
}

TEST_P(JournalTruncation, OneEventSaysSoAndKeepsTheBase) {
  journal& j = open_with_six();
  const auto head = j.head();
  const auto done = must_truncate(j, up_to(3, 5));
  EXPECT_EQ(j.head(), next(head));
  EXPECT_EQ(done.said_at, j.head());
  EXPECT_EQ(read_stream(j, "fasti-truncations").events.size(), 1U);
  const auto found = truncation_of(j, "a-1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->up_to, version{3});
  EXPECT_EQ(found->reason, "the test wants it");
  EXPECT_EQ(found->said_at, done.said_at);
  EXPECT_EQ(found->time, done.time);
  EXPECT_EQ(found->base.version, version{5});
  EXPECT_EQ(found->base.position, position{7});
  EXPECT_EQ(found->base.type, type_id{0xba5e});
  EXPECT_EQ(found->base.body, (std::vector<word>{0, 4711}));
}

TEST_P(JournalTruncation, WhatWasNotTruncatedHasNone) {
  journal& j = open_with_six();
  must_truncate(j, up_to(3));
  EXPECT_FALSE(truncation_of(j, "b-1"));
  EXPECT_FALSE(truncation_of(j, "z-1"));
}

TEST_P(JournalTruncation, ALaterOneReplacesTheBase) {
  journal& j = open_with_six();
  const auto before = read_all(j).events;
  must_truncate(j, up_to(2, 6, 1));
  const auto second = must_truncate(j, up_to(5, 6, 2));
  const auto found = truncation_of(j, "a-1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->up_to, version{5});
  EXPECT_EQ(found->base.body, (std::vector<word>{0, 2}));
  EXPECT_EQ(events_of_users(j), without(before, second));
}

TEST_P(JournalTruncation, TheSameOrLessAgainChangesNothing) {
  journal& j = open_with_six();
  const auto first = must_truncate(j, up_to(3));
  const auto all = read_all(j).events;
  EXPECT_EQ(must_truncate(j, up_to(3)).said_at, first.said_at);
  EXPECT_EQ(must_truncate(j, up_to(2)).said_at, first.said_at);
  EXPECT_EQ(read_all(j).events, all);
}

TEST_P(JournalTruncation, P8_ACommandOfATruncatedEventIsStillKnown) {
  journal& j = open_with_six();
  const auto before = read_all(j).events;
  must_truncate(j, up_to(6));
  const auto known = j.find_command(before[0].command);
  ASSERT_TRUE(known);
  EXPECT_EQ(known->outcome.last_position, position{1});
  EXPECT_EQ(find_event(j, before[0].id), position{1});
}

TEST_P(JournalTruncation, AKeyMayBeAnyBytes) {
  journal& j = open();
  const std::string name("a-\0\xff\n", 5);
  for (int i = 0; i < 3; ++i) must_append(j, commit_to(name));
  auto t = up_to(2, 3);
  t.stream = t.base.stream = stream(name);
  t.reason = std::string("why\0not", 7);
  must_truncate(j, t);
  const auto found = truncation_of(j, name);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->stream.text(), name);
  EXPECT_EQ(found->reason, t.reason);
}

TEST_P(JournalTruncation, WhatDoesNotFitIsRefusedAndNothingChanges) {
  journal& j = open_with_six();
  const auto all = read_all(j).events;
  expect_error(j.truncate(up_to(0)), errc::invalid, "malformed-truncation");
  expect_error(j.truncate(up_to(7, 7)), errc::invalid, "malformed-truncation");
  expect_error(j.truncate(up_to(3, 2)), errc::invalid, "malformed-truncation");
  expect_error(j.truncate(up_to(3, 7)), errc::invalid, "malformed-truncation");
  auto other = up_to(3);
  other.base.stream = stream("b-1");
  expect_error(j.truncate(other), errc::invalid, "malformed-truncation");
  other = up_to(3);
  other.base.body.clear();
  expect_error(j.truncate(other), errc::invalid, "malformed-truncation");
  other = up_to(1, 1);
  other.stream = other.base.stream = stream("z-1");
  expect_error(j.truncate(other), errc::invalid, "malformed-truncation");
  EXPECT_EQ(read_all(j).events, all);
}

TEST_P(JournalTruncation, ABaseOverTheLimitOfAnEventIsRefusedAndNothingChanges) {
  options.journal.event_bytes_max = 1024;
  journal& j = open_with_six();
  const auto all = read_all(j).events;
  auto t = up_to(3);
  t.base.body.resize(200);
  expect_error(j.truncate(t), errc::invalid, "event-too-large");
  EXPECT_EQ(read_all(j).events, all);
}

TEST_P(JournalTruncation, HoldsOverAReopen) {
  if (!survives_close()) GTEST_SKIP();
  journal& j = open_with_six();
  const auto before = read_all(j).events;
  const auto done = must_truncate(j, up_to(4));
  journal& again = reopen();
  EXPECT_EQ(events_of_users(again), without(before, done));
  ASSERT_TRUE(truncation_of(again, "a-1"));
  EXPECT_EQ(truncation_of(again, "a-1")->base.body, done.base.body);
  EXPECT_EQ(version_of(again, "a-1"), 6U);
}

TEST_P(JournalTruncation, OthersAppendAndReadMeanwhile) {
  journal& j = open();
  constexpr int rounds = 50;
  for (int i = 0; i < rounds; ++i) must_append(j, commit_to("a-1"));
  std::thread writer([&j] {
    for (int i = 0; i < rounds; ++i) must_append(j, commit_to("b-1"));
  });
  std::thread reader([&j] {
    for (std::uint64_t seen = 0; seen < 2 * rounds;) {
      const auto all = read_all(j);
      EXPECT_FALSE(all.failed) << all.failed->to_string();
      if (all.failed) return;
      for (std::size_t i = 0; i < all.events.size(); ++i) {
        EXPECT_EQ(count_of(all.events[i].position), i + 1);
      }
      seen = all.events.size();
    }
  });
  for (std::uint64_t v = 1; v <= rounds; v += 7) {
    must_truncate(j, up_to(v, rounds));
  }
  writer.join();
  reader.join();
  EXPECT_EQ(version_of(j, "b-1"), std::uint64_t{rounds});
  EXPECT_EQ(truncation_of(j, "a-1")->up_to, version{50});
}

}  // namespace fasti::test
