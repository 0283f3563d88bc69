// The bytes of a block: everything comes back as it went in, and nothing else ever does.

#include "persistence/blocks.hpp"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <cstring>
#include <random>

#include "tests/support/journal_kit.hpp"

namespace fasti::test {
namespace {

using persistence::block;
using persistence::block_header;
using persistence::block_writer;
using persistence::commit_view;

const timestamp some_time{std::chrono::nanoseconds{1'234'567'890}};

std::shared_ptr<const block> block_of(const std::vector<commit>& commits, position first) {
  block_writer writer;
  writer.begin(first);
  for (const auto& c : commits) {
    std::vector<version> firsts;
    for (std::size_t i = 0; i < c.parts.size(); ++i) firsts.push_back(version{i + 3});
    writer.add(c, firsts, some_time);
  }
  return writer.finish();
}

struct decoded {
  std::vector<kept_event> events;
  std::optional<error> failed;
};

decoded decode(std::string_view bytes, position last) {
  decoded all;
  auto opened = block::open(bytes, last);
  if (!opened) return {{}, opened.error()};
  auto walked = (*opened)->each_commit(no_position, [&](const commit_view& c) {
    c.each_event([&](const recorded_event& e) {
      all.events.emplace_back(e);
      return true;
    });
    return true;
  });
  if (!walked) all.failed = walked.error();
  return all;
}

commit full_commit() {
  commit c = commit_to("account-1", 2, expected_version::any(), 3);
  add_part(c, "log-" + std::string(11, 'x'), 1);
  c.events[1].type = withdrawn;
  c.fingerprint = 0x1122334455667788;
  c.origin.id = command_id::of("pay");
  c.origin.correlation = unique_id::of("talk");
  c.origin.causation = unique_id::of("cause");
  c.origin.metadata = "who=me";
  c.origin.trace = {unique_id::of("journey"), 7, 1};
  c.reply = {type_id{0xc3}, {5, 6}};
  c.tags = std::string("red\0round\0blue\0", 15);
  c.events[0].tag_bytes = 10;
  c.events[2].tag_bytes = 5;
  return c;
}

/// A header whose checksum is right, whatever it says.
std::string with_header(std::string bytes, const std::function<void(block_header&)>& change) {
  block_header h;
  std::memcpy(&h, bytes.data(), sizeof h);
  change(h);
  h.checksum = XXH3_64bits(reinterpret_cast<const char*>(&h) + 8, sizeof h - 8);
  std::memcpy(bytes.data(), &h, sizeof h);
  return bytes;
}

TEST(Blocks, EveryOptionalFieldComesBack) {
  const std::vector<std::vector<std::string>> tags{{"red", "round"}, {}, {"blue"}};
  for (int fields = 0; fields < 64; ++fields) {
    commit c = full_commit();
    if ((fields & 1) != 0) c.origin.correlation = {};
    if ((fields & 2) != 0) c.origin.causation = c.origin.id;
    if ((fields & 4) != 0) c.origin.metadata = {};
    if ((fields & 8) != 0) c.origin.trace = {};
    if ((fields & 16) != 0) c.reply = {};
    if ((fields & 32) != 0) c.tags = {};
    for (auto& e : c.events) e.tag_bytes = c.tags.empty() ? 0 : e.tag_bytes;
    const auto made = block_of({c}, position{41});
    const auto all = decode(made->bytes(), position{43});
    ASSERT_FALSE(all.failed) << all.failed->to_string();
    ASSERT_EQ(all.events.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
      const auto& e = all.events[i];
      EXPECT_EQ(e.position, position{41 + i});
      EXPECT_EQ(e.version, version{i == 2 ? 4 : 3 + i});
      EXPECT_EQ(e.stream, i == 2 ? "log-xxxxxxxxxxx" : "account-1");
      EXPECT_EQ(e.type, i == 1 ? withdrawn : deposited);
      EXPECT_EQ(e.command, c.origin.id);
      EXPECT_EQ(e.time, some_time);
      EXPECT_EQ(e.correlation, (fields & 1) != 0 ? c.origin.id : c.origin.correlation);
      EXPECT_EQ(e.causation, c.origin.causation);
      EXPECT_EQ(e.metadata, c.origin.metadata);
      EXPECT_EQ(e.trace, c.origin.trace);
      EXPECT_EQ(e.tags, (fields & 32) != 0 ? std::vector<std::string>{} : tags[i]);
      EXPECT_EQ(e.id, event_id_of(c.origin.id, static_cast<std::uint32_t>(i)));
    }
    EXPECT_EQ(all.events[1].body, (std::vector<word>{c.bodies.begin() + 3, c.bodies.begin() + 6}));
    EXPECT_EQ(all.events[2].body, (std::vector<word>{c.bodies.begin() + 6, c.bodies.end()}));
  }
}

TEST(Blocks, HeaderSumsUpTheBlock) {
  const auto made = block_of({full_commit(), commit_to("a-1", 4)}, position{10});
  EXPECT_EQ(made->first(), position{10});
  EXPECT_EQ(made->last(), position{16});
  EXPECT_EQ(made->header().commits, 2U);
  EXPECT_EQ(made->time(), some_time);
  EXPECT_EQ(made->header().types,
            persistence::type_bit(deposited) | persistence::type_bit(withdrawn));
  EXPECT_EQ(made->header().categories, persistence::category_bit("account") |
                                           persistence::category_bit("log") |
                                           persistence::category_bit("a"));
  EXPECT_EQ(made->header().tags, persistence::tag_bit("red") | persistence::tag_bit("round") |
                                     persistence::tag_bit("blue"));
  EXPECT_EQ(made->bytes().size() % word_bytes, 0U);
}

TEST(Blocks, WalkBeginsBehindAPosition) {
  const auto made =
      block_of({commit_to("a-1", 2), commit_to("a-1", 3), commit_to("a-1")}, position{10});
  const auto firsts = [&made](position after) {
    std::vector<std::uint64_t> seen;
    EXPECT_TRUE(made->each_commit(after, [&seen](const commit_view& c) {
      seen.push_back(count_of(c.first_position));
      return true;
    }));
    return seen;
  };
  EXPECT_EQ(firsts(no_position), (std::vector<std::uint64_t>{10, 12, 15}));
  EXPECT_EQ(firsts(position{10}), (std::vector<std::uint64_t>{10, 12, 15}));
  EXPECT_EQ(firsts(position{11}), (std::vector<std::uint64_t>{12, 15}));
  EXPECT_EQ(firsts(position{14}), (std::vector<std::uint64_t>{15}));
  EXPECT_TRUE(firsts(position{15}).empty());
}

TEST(Blocks, WriterStartsAfresh) {
  block_writer writer;
  const std::vector<version> firsts{version{1}};
  writer.begin(position{1});
  EXPECT_TRUE(writer.empty());
  writer.add(commit_to("a-1", 2), firsts, some_time);
  EXPECT_EQ(writer.last(), position{2});
  const auto one = writer.finish();
  writer.begin(position{3});
  EXPECT_TRUE(writer.empty());
  writer.add(commit_to("b-1"), firsts, some_time);
  const auto two = writer.finish();
  EXPECT_EQ(decode(one->bytes(), position{2}).events.size(), 2U);
  EXPECT_EQ(decode(two->bytes(), position{3}).events.size(), 1U);
  EXPECT_EQ(two->header().categories, persistence::category_bit("b"));
}

TEST(Blocks, P10_NoSingleByteCanBeChangedUnseen) {
  const auto made = block_of({full_commit(), commit_to("a-1", 2)}, position{10});
  const std::string good(made->bytes());
  const auto right = decode(good, position{14}).events;
  ASSERT_EQ(right.size(), 5U);
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ flip);
      const auto all = decode(bad, position{14});
      ASSERT_TRUE(all.failed) << "byte " << at;
      EXPECT_EQ(all.failed->code, errc::corrupt);
      EXPECT_NE(all.failed->detail.find("position 1"), std::string::npos);
      // What came before the damage is right.
      for (std::size_t i = 0; i < all.events.size(); ++i) EXPECT_EQ(all.events[i], right[i]);
    }
  }
}

TEST(Blocks, P10_NoLengthIsGoodButTheRightOne) {
  const auto made = block_of({full_commit()}, position{10});
  const std::string good(made->bytes());
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_TRUE(decode(good.substr(0, size), position{12}).failed) << size;
  }
  EXPECT_TRUE(decode(good + std::string(8, '\0'), position{12}).failed);
  EXPECT_TRUE(decode(good + good, position{12}).failed);
  EXPECT_TRUE(decode(std::string(good.size(), '\0'), position{12}).failed);
}

TEST(Blocks, P10_ABlockBelongsToItsKey) {
  const auto made = block_of({full_commit()}, position{10});
  for (const auto wrong : {position{11}, position{13}, position{0}}) {
    const auto all = decode(made->bytes(), wrong);
    ASSERT_TRUE(all.failed);
    EXPECT_EQ(all.failed->code, errc::corrupt);
  }
}

TEST(Blocks, NewerFormatIsRefusedByName) {
  const std::string good(block_of({full_commit()}, position{10})->bytes());
  const auto all = decode(with_header(good, [](block_header& h) { h.format = 3; }), position{12});
  ASSERT_TRUE(all.failed);
  EXPECT_EQ(all.failed->code, errc::invalid);
  EXPECT_EQ(all.failed->reason, "newer-format");
  EXPECT_NE(all.failed->detail.find("format 3"), std::string::npos);
}

TEST(Blocks, P10_AHeaderThatDoesNotFitItsCommitsIsRefused) {
  const std::string good(block_of({full_commit(), commit_to("a-1")}, position{10})->bytes());
  const auto expect_failed = [&good](const std::function<void(block_header&)>& change,
                                     std::uint64_t last, const char* what) {
    EXPECT_TRUE(decode(with_header(good, change), position{last}).failed) << what;
  };
  expect_failed([](block_header& h) { h.commits = 1; }, 13, "fewer commits");
  expect_failed([](block_header& h) { h.commits = 0; }, 13, "no commits");
  expect_failed([](block_header& h) { h.commits = 3; }, 13, "more commits");
  expect_failed([](block_header& h) { h.events = 5; }, 14, "more events");
  expect_failed([](block_header& h) { h.events = 3; }, 12, "fewer events");
  expect_failed([](block_header& h) { h.first = 9; }, 12, "moved");
}

TEST(Blocks, P10_RandomDamageIsNeverAnswered) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::string good(block_of({full_commit(), commit_to("a-1", 3)}, position{10})->bytes());
  for (int round = 0; round < 3000; ++round) {
    std::string bad = good;
    const auto from = random() % bad.size();
    const auto length = 1 + random() % (bad.size() - from);
    for (std::size_t i = 0; i < length; ++i) bad[from + i] = static_cast<char>(random());
    if (bad == good) continue;
    EXPECT_TRUE(decode(bad, position{15}).failed);
  }
}

}  // namespace
}  // namespace fasti::test
