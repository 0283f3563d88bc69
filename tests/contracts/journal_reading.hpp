#pragma once
/// Reading one stream and the global order, and seeking by time. See `journal_contract.hpp`.
/// The first cases are those of Pekko's journal TCK, in our words.

#include "tests/contracts/journal_fixture.hpp"

namespace fasti::test {

using numbers = std::vector<std::uint64_t>;

class JournalReading : public JournalContract {
 protected:
  /// A stream `a-1` of five events, between those of another stream.
  journal& open_with_five() {
    journal& j = open();
    for (int i = 0; i < 5; ++i) {
      must_append(j, commit_to("a-1"));
      must_append(j, commit_to("b-1"));
    }
    return j;
  }
  static stream_range versions(std::uint64_t from, std::uint64_t to = count_of(latest_version),
                               std::uint64_t max = std::numeric_limits<std::uint64_t>::max()) {
    return {version{from}, version{to}, max, direction::forwards};
  }
  static void expect_range(const journal& j, stream_range range, numbers expected) {
    auto forwards = read_stream(j, "a-1", range);
    EXPECT_FALSE(forwards.failed);
    EXPECT_EQ(forwards.versions(), expected);
    EXPECT_EQ(forwards.newest, version{5}) << "the version is told also past the range";
  }
};

TEST_P(JournalReading, FullRange) { expect_range(open_with_five(), {}, {1, 2, 3, 4, 5}); }
TEST_P(JournalReading, LowerBound) { expect_range(open_with_five(), versions(3), {3, 4, 5}); }
TEST_P(JournalReading, UpperBoundStillTellsTheVersion) {
  expect_range(open_with_five(), versions(1, 3), {1, 2, 3});
}
TEST_P(JournalReading, CountLimit) {
  expect_range(open_with_five(), versions(1, count_of(latest_version), 3), {1, 2, 3});
}
TEST_P(JournalReading, BothBounds) { expect_range(open_with_five(), versions(2, 4), {2, 3, 4}); }
TEST_P(JournalReading, BothBoundsAndASmallerCount) {
  expect_range(open_with_five(), versions(2, 4, 2), {2, 3});
}
TEST_P(JournalReading, LowerEqualsUpper) { expect_range(open_with_five(), versions(3, 3), {3}); }
TEST_P(JournalReading, CountOne) { expect_range(open_with_five(), versions(2, 4, 1), {2}); }
TEST_P(JournalReading, CountZero) { expect_range(open_with_five(), versions(2, 4, 0), {}); }
TEST_P(JournalReading, LowerAboveUpper) { expect_range(open_with_five(), versions(3, 2), {}); }
TEST_P(JournalReading, LowerAboveTheVersion) { expect_range(open_with_five(), versions(6), {}); }
TEST_P(JournalReading, UpperZero) { expect_range(open_with_five(), versions(1, 0), {}); }
TEST_P(JournalReading, LowerZeroIsTheBeginning) {
  expect_range(open_with_five(), versions(0), {1, 2, 3, 4, 5});
}

TEST_P(JournalReading, UnknownStreamGivesNothingAndVersionZero) {
  journal& j = open_with_five();
  for (const auto* name : {"a-2", "a-", "a-11", "z-1"}) {
    if (std::string_view(name) == "a-") continue;
    auto none = read_stream(j, name);
    EXPECT_FALSE(none.failed);
    EXPECT_TRUE(none.events.empty()) << name;
    EXPECT_EQ(none.newest, no_version) << name;
    EXPECT_EQ(version_of(j, name), 0U) << name;
  }
}

TEST_P(JournalReading, BackwardsIsTheSameRangeFromItsEnd) {
  journal& j = open_with_five();
  const auto backwards = [&j](stream_range range) {
    range.order = direction::backwards;
    return read_stream(j, "a-1", range).versions();
  };
  EXPECT_EQ(backwards({}), (numbers{5, 4, 3, 2, 1}));
  EXPECT_EQ(backwards(versions(3)), (numbers{5, 4, 3}));
  EXPECT_EQ(backwards(versions(1, 3)), (numbers{3, 2, 1}));
  EXPECT_EQ(backwards(versions(2, 4)), (numbers{4, 3, 2}));
  EXPECT_EQ(backwards(versions(2, 4, 2)), (numbers{4, 3}));
  EXPECT_EQ(backwards(versions(1, 9, 1)), (numbers{5}));
  EXPECT_EQ(backwards(versions(4, 3)), (numbers{}));
}

TEST_P(JournalReading, StreamVisitorCanStop) {
  journal& j = open_with_five();
  numbers seen;
  auto newest = j.read_stream(stream("a-1"), {}, [&seen](const recorded_event& e) {
    seen.push_back(count_of(e.version));
    return seen.size() == 2 ? visit::stop : visit::more;
  });
  ASSERT_TRUE(newest);
  EXPECT_EQ(*newest, version{5});
  EXPECT_EQ(seen, (numbers{1, 2}));
}

TEST_P(JournalReading, StreamsWhoseNamesAreEachOthersBeginningsDoNotMix) {
  journal& j = open();
  const std::vector<std::string> names{
      "a-1", "a-11", "a-1-1", "aa-1", std::string("a-1\0x", 5), std::string("a-1\xff", 4)};
  std::uint32_t events = 0;
  for (const auto& name : names) must_append(j, commit_to(name, ++events));
  events = 0;
  for (const auto& name : names) {
    ++events;
    auto all = read_stream(j, name);
    EXPECT_EQ(all.events.size(), events);
    for (const auto& e : all.events) EXPECT_EQ(e.stream, name);
  }
}

TEST_P(JournalReading, GlobalOrderFromAPosition) {
  journal& j = open_with_five();
  EXPECT_EQ(j.head(), position{10});
  auto all = read_all(j);
  EXPECT_EQ(all.positions(), (numbers{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
  EXPECT_EQ(all.last, position{10});
  auto tail = read_all(j, {.after = position{7}});
  EXPECT_EQ(tail.positions(), (numbers{8, 9, 10}));
  EXPECT_EQ(tail.last, position{10});
  auto none = read_all(j, {.after = position{10}});
  EXPECT_TRUE(none.events.empty());
  EXPECT_EQ(none.last, position{10});
  EXPECT_TRUE(read_all(j, {.after = position{99}}).events.empty());
}

TEST_P(JournalReading, GlobalOrderToAPositionAndWithACount) {
  journal& j = open_with_five();
  auto middle = read_all(j, {.after = position{2}, .to = position{5}});
  EXPECT_EQ(middle.positions(), (numbers{3, 4, 5}));
  EXPECT_EQ(middle.last, position{5});
  auto two = read_all(j, {.after = position{2}, .events_max = 2});
  EXPECT_EQ(two.positions(), (numbers{3, 4}));
  EXPECT_EQ(two.last, position{4});
  auto none = read_all(j, {.after = position{2}, .events_max = 0});
  EXPECT_TRUE(none.events.empty());
  EXPECT_EQ(none.last, position{2});
}

TEST_P(JournalReading, EmptyJournal) {
  journal& j = open();
  EXPECT_EQ(j.head(), no_position);
  auto all = read_all(j);
  EXPECT_TRUE(all.events.empty());
  EXPECT_EQ(all.last, no_position);
  auto before = j.position_before(timestamp::max());
  ASSERT_TRUE(before);
  EXPECT_EQ(*before, no_position);
  EXPECT_FALSE(j.id().is_none());
}

TEST_P(JournalReading, VisitorOfTheGlobalOrderCanStop) {
  journal& j = open_with_five();
  auto last = j.read({}, [](const recorded_event& e) {
    return e.position == position{4} ? visit::stop : visit::more;
  });
  ASSERT_TRUE(last);
  EXPECT_EQ(*last, position{4});
}

TEST_P(JournalReading, FiltersByCategory) {
  journal& j = open_with_five();
  must_append(j, commit_to("aa-1"));
  auto a = read_all(j, {.categories = {"a"}});
  EXPECT_EQ(a.positions(), (numbers{1, 3, 5, 7, 9}));
  EXPECT_EQ(a.last, position{11}) << "what cannot match was looked at";
  EXPECT_EQ(read_all(j, {.categories = {"b", "aa"}}).positions(), (numbers{2, 4, 6, 8, 10, 11}));
  auto none = read_all(j, {.categories = {"nobody"}});
  EXPECT_TRUE(none.events.empty());
  EXPECT_EQ(none.last, position{11});
}

TEST_P(JournalReading, FiltersByTypeAndGoesOnBehindWhatCannotMatch) {
  journal& j = open();
  for (int i = 0; i < 4; ++i) {
    commit c = commit_to("a-1", 2);
    c.events[1].type = withdrawn;
    must_append(j, std::move(c));
  }
  auto some = read_all(j, {.types = {withdrawn}});
  EXPECT_EQ(some.positions(), (numbers{2, 4, 6, 8}));
  EXPECT_EQ(read_all(j, {.categories = {"b"}, .types = {withdrawn}}).events.size(), 0U);
  auto first = read_all(j, {.events_max = 1, .types = {withdrawn}});
  EXPECT_EQ(first.last, position{2});
  auto rest = read_all(j, {.after = first.last, .to = position{7}, .types = {withdrawn}});
  EXPECT_EQ(rest.positions(), (numbers{4, 6}));
  EXPECT_EQ(rest.last, position{7});
}

TEST_P(JournalReading, FiltersByTag) {
  journal& j = open();
  for (int i = 0; i < 3; ++i) {
    commit c = commit_to("a-1", 3);
    c.events[1].type = withdrawn;
    c.tags = std::string("red\0blue\0round\0blue\0", 20);
    c.events[0].tag_bytes = 9;
    c.events[1].tag_bytes = 11;
    must_append(j, std::move(c));
  }
  EXPECT_EQ(read_all(j, {.tags = {"red"}}).positions(), (numbers{1, 4, 7}));
  EXPECT_EQ(read_all(j, {.tags = {"blue"}}).positions(), (numbers{1, 2, 4, 5, 7, 8}));
  EXPECT_EQ(read_all(j, {.tags = {"round", "red"}}).events.size(), 6U) << "one of them";
  EXPECT_EQ(read_all(j, {.types = {withdrawn}, .tags = {"red"}}).events.size(), 0U);
  const auto none = read_all(j, {.tags = {"re"}});
  EXPECT_TRUE(none.events.empty());
  EXPECT_EQ(none.last, position{9});
}

TEST_P(JournalReading, PositionBeforeATime) {
  journal& j = open();
  const timestamp start = clock.source()();
  for (int i = 0; i < 20; ++i) {
    must_append(j, commit_to("a-1", 2));
    clock.advance(std::chrono::seconds{10});
  }
  const auto before = [&](std::chrono::seconds s) {
    auto p = j.position_before(start + s);
    EXPECT_TRUE(p);
    return p ? count_of(*p) : 999;
  };
  EXPECT_EQ(before(std::chrono::seconds{-1}), 0U);
  EXPECT_EQ(before(std::chrono::seconds{0}), 0U) << "the time itself does not count";
  EXPECT_EQ(before(std::chrono::seconds{1}), 2U);
  EXPECT_EQ(before(std::chrono::seconds{10}), 2U);
  EXPECT_EQ(before(std::chrono::seconds{95}), 20U);
  EXPECT_EQ(before(std::chrono::seconds{190}), 38U);
  EXPECT_EQ(before(std::chrono::seconds{191}), 40U);
  EXPECT_EQ(before(std::chrono::hours{1}), 40U);
}

TEST_P(JournalReading, TimeNeverGoesBackAlongPositions) {
  journal& j = open();
  const timestamp start = clock.source()();
  must_append(j, commit_to("a-1"));
  clock.set(start - std::chrono::hours{1});
  must_append(j, commit_to("a-1"));
  clock.set(start + std::chrono::hours{1});
  must_append(j, commit_to("a-1"));
  auto all = read_all(j);
  ASSERT_EQ(all.events.size(), 3U);
  EXPECT_EQ(all.events[0].time, start);
  EXPECT_EQ(all.events[1].time, start);
  EXPECT_EQ(all.events[2].time, start + std::chrono::hours{1});
}

TEST_P(JournalReading, LargeEventsAndManyOfThem) {
  journal& j = open();
  must_append(j, commit_to("a-1", 1, expected_version::no_stream(), (1U << 20) / 8));
  must_append(j, commit_to("a-1", 4096, expected_version::exactly(version{1}), 1));
  must_append(j, commit_to("a-1", 1, expected_version::exactly(version{4097}), 3));
  auto all = read_stream(j, "a-1");
  ASSERT_EQ(all.events.size(), 4098U);
  EXPECT_EQ(all.events.front().body.size(), (1U << 20) / 8);
  EXPECT_EQ(all.events.front().body.back() - all.events.front().body.front(), (1U << 17) - 1);
  EXPECT_EQ(all.events.back().body.size(), 3U);
  EXPECT_EQ(all.events[4096].body.size(), 1U);
}

}  // namespace fasti::test
