// Blocks as the store keeps them: smaller where that can be, and the same again.

#include "persistence/packed_block.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "persistence/block_cache.hpp"
#include "tests/support/journal_kit.hpp"

namespace fasti::test {
namespace {

using persistence::block;
using persistence::packed;
using persistence::unpacked;

constexpr position first{100};

std::shared_ptr<const block> usual_block(std::size_t commits, word other = 0) {
  persistence::block_writer writer;
  writer.begin(first);
  for (std::size_t i = 0; i < commits; ++i) {
    commit c = commit_to("account-" + std::to_string(i % 7), 1, expected_version::any(), 8);
    for (auto& w : c.bodies) w = i + other;
    const std::vector<version> versions{version{i + 1}};
    writer.add(c, versions, timestamp{std::chrono::seconds{i}});
  }
  return writer.finish();
}

std::vector<kept_event> events_of(const block& b, std::optional<error>& failed) {
  std::vector<kept_event> events;
  auto walked = b.each_commit(no_position, [&](const persistence::commit_view& c) {
    c.each_event([&](const recorded_event& e) {
      events.emplace_back(e);
      return true;
    });
    return true;
  });
  if (!walked) failed = walked.error();
  return events;
}

std::vector<kept_event> events_of(const block& b) {
  std::optional<error> failed;
  auto events = events_of(b, failed);
  EXPECT_FALSE(failed) << failed->to_string();
  return events;
}

TEST(PackedBlocks, AreSmallerAndComeBackAsTheyWere) {
  const auto made = usual_block(40);
  std::string room;
  const auto value = packed(*made, room);
  EXPECT_LT(value.size() * 2, made->bytes().size());
  const auto again = unpacked(value, made->last());
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ((*again)->bytes(), made->bytes());
  EXPECT_EQ(events_of(**again), events_of(*made));
}

TEST(PackedBlocks, OneRoomServesMany) {
  std::string room;
  for (const std::size_t commits : {40U, 8U, 400U, 20U}) {
    const auto made = usual_block(commits);
    const auto again = unpacked(packed(*made, room), made->last());
    ASSERT_TRUE(again);
    EXPECT_EQ((*again)->bytes(), made->bytes());
  }
}

TEST(PackedBlocks, SmallOnesStayAsTheyAre) {
  const auto made = usual_block(3);
  std::string room;
  EXPECT_EQ(packed(*made, room).data(), made->bytes().data()) << "no copy";
}

TEST(PackedBlocks, WhatDoesNotShrinkStaysAsItIs) {
  std::mt19937_64 random(11);
  commit c = commit_to("a-1", 1, expected_version::any(), 1000);
  for (auto& w : c.bodies) w = random();
  persistence::block_writer writer;
  writer.begin(first);
  writer.add(c, std::vector<version>{version{1}}, {});
  const auto made = writer.finish();
  std::string room;
  EXPECT_EQ(packed(*made, room).data(), made->bytes().data());
}

TEST(PackedBlocks, P10_NoFlippedBitGivesOtherData) {
  const auto made = usual_block(12);
  const auto good = events_of(*made);
  std::string room;
  const std::string value(packed(*made, room));
  ASSERT_LT(value.size(), made->bytes().size());
  for (std::size_t bit = 0; bit < value.size() * 8; ++bit) {
    std::string bad = value;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    const auto opened = unpacked(bad, made->last());
    if (!opened) {
      EXPECT_NE(opened.error().detail.find("position " + std::to_string(count_of(made->last()))),
                std::string::npos)
          << opened.error().to_string();
      continue;
    }
    std::optional<error> failed;
    const auto events = events_of(**opened, failed);
    ASSERT_LE(events.size(), good.size()) << "bit " << bit;
    EXPECT_TRUE(std::equal(events.begin(), events.end(), good.begin())) << "bit " << bit;
    EXPECT_TRUE(failed || events.size() == good.size()) << "bit " << bit;
  }
}

TEST(PackedBlocks, P10_CommitsBeforeTheDamageAreReadable) {
  const auto made = usual_block(40);
  const auto good = events_of(*made);
  std::string room;
  std::string value(packed(*made, room));
  value.resize(value.size() - 60);
  const auto opened = unpacked(value, made->last());
  ASSERT_TRUE(opened) << opened.error().to_string();
  std::optional<error> failed;
  const auto events = events_of(**opened, failed);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->code, errc::corrupt);
  ASSERT_GT(events.size(), 20U);
  EXPECT_TRUE(std::equal(events.begin(), events.end(), good.begin()));
}

TEST(PackedBlocks, P10_ALengthThatCannotBeIsRefused) {
  const auto made = usual_block(40);
  std::string room;
  for (const std::uint64_t bytes :
       {std::uint64_t{0}, std::uint64_t{8}, std::uint64_t{63}, made->bytes().size() - 8,
        made->bytes().size() + 8, std::uint64_t{1} << 30U, ~std::uint64_t{0}}) {
    std::string value(packed(*made, room));
    std::memcpy(value.data(), &bytes, sizeof bytes);
    const auto opened = unpacked(value, made->last());
    ASSERT_FALSE(opened) << bytes;
    EXPECT_EQ(opened.error().reason, "record-damaged");
  }
}

TEST(PackedBlocks, ANewerFormatIsRefusedByName) {
  const auto made = usual_block(40);
  std::string room;
  std::string value(packed(*made, room));
  value[12] = 9;
  const auto opened = unpacked(value, made->last());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, errc::invalid);
  EXPECT_EQ(opened.error().reason, "newer-format");
  EXPECT_NE(opened.error().detail.find("format 9"), std::string::npos);
}

TEST(BlockCache, UnpacksOnce) {
  const persistence::block_cache cache(1U << 20);
  const auto made = usual_block(40);
  std::string room;
  const auto value = packed(*made, room);
  const auto one = cache.unpacked(value, made->last());
  const auto again = cache.unpacked(value, made->last());
  ASSERT_TRUE(one && again);
  EXPECT_EQ((*one)->bytes(), made->bytes());
  EXPECT_EQ(one->get(), again->get());
}

TEST(BlockCache, P10_OtherBytesUnderTheSameKeyAreNotTakenForThem) {
  const persistence::block_cache cache(1U << 20);
  const auto made = usual_block(40);
  std::string room;
  const std::string value(packed(*made, room));
  ASSERT_TRUE(cache.unpacked(value, made->last()));
  for (std::size_t at = 0; at < value.size(); at += 7) {
    std::string bad = value;
    bad[at] = static_cast<char>(bad[at] ^ 8);
    const auto cached = cache.unpacked(bad, made->last());
    const auto fresh = unpacked(bad, made->last());
    ASSERT_EQ(cached.has_value(), fresh.has_value()) << "byte " << at;
    if (cached) {
      EXPECT_EQ((*cached)->bytes(), (*fresh)->bytes()) << "byte " << at;
    }
  }
  EXPECT_FALSE(cache.unpacked(value, position{1})) << "nor is another key";
}

TEST(BlockCache, HoldsNoMoreThanItMay) {
  const auto made = usual_block(40);
  constexpr std::size_t fit = 64;
  const persistence::block_cache cache(made->bytes().size() * fit);
  std::vector<std::weak_ptr<const block>> seen;
  for (std::size_t i = 0; i < 400; ++i) {
    const auto other = usual_block(40, i);
    std::string room;
    const auto opened = cache.unpacked(packed(*other, room), other->last());
    ASSERT_TRUE(opened);
    seen.emplace_back(*opened);
  }
  const auto held =
      std::count_if(seen.begin(), seen.end(), [](const auto& s) { return !s.expired(); });
  EXPECT_GT(held, 0);
  EXPECT_LE(static_cast<std::size_t>(held), fit + 16) << "each of its shards may hold one more";
}

}  // namespace
}  // namespace fasti::test
