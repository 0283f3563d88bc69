#include "fasti/ids.hpp"

#include <gtest/gtest.h>

#include <set>
#include <unordered_set>

namespace fasti::test {
namespace {

TEST(StreamId, TheCategoryEndsAtTheFirstDash) {
  const auto id = stream_id::parse("account-4711-a");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->category(), "account");
  EXPECT_EQ(id->key(), "4711-a");
  EXPECT_EQ(id->text(), "account-4711-a");
  EXPECT_EQ(*id, stream_id::of("account", "4711-a"));
}

TEST(StreamId, AKeyIsAnyBytes) {
  const std::string text("account-\0\xff\n", 11);
  const auto id = stream_id::parse(text);
  ASSERT_TRUE(id);
  EXPECT_EQ(id->key().size(), 3U);
  EXPECT_EQ(id->text(), text);
}

TEST(StreamId, TextWithoutCategoryDashOrKeyIsInvalid) {
  for (const auto* text : {"", "account", "-", "-4711", "account-"}) {
    const auto id = stream_id::parse(text);
    ASSERT_FALSE(id) << text;
    EXPECT_EQ(id.error().code, errc::invalid) << text;
    EXPECT_EQ(id.error().reason, "malformed-stream-id") << text;
  }
}

TEST(StreamId, TheLongestAllowedIsAllowedAndOneMoreIsNot) {
  const std::string longest = "a-" + std::string(stream_id::bytes_max - 2, 'k');
  EXPECT_TRUE(stream_id::parse(longest));
  const auto refused = stream_id::parse(longest + "k");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::invalid);
  EXPECT_NE(refused.error().detail.find("513"), std::string::npos) << refused.error().detail;
}

TEST(StreamId, ARefusalDoesNotRepeatAllOfALongText) {
  const auto refused = stream_id::parse(std::string(100'000, 'x'));
  ASSERT_FALSE(refused);
  EXPECT_LT(refused.error().detail.size(), 200U);
}

TEST(UniqueId, IsWrittenAsThirtyTwoHexadecimalDigits) {
  EXPECT_EQ(unique_id{}.to_string(), std::string(32, '0'));
  EXPECT_EQ((unique_id{0x0123456789abcdefULL, 0xfedcba9876543210ULL}.to_string()),
            "0123456789abcdeffedcba9876543210");
}

TEST(UniqueId, FreshOnesDifferAndHaveTheLayoutOfAUuidV7) {
  std::unordered_set<unique_id> seen;
  for (int i = 0; i < 10'000; ++i) {
    const auto id = unique_id::generate();
    EXPECT_EQ(id.high >> 12U & 0xfU, 7U);
    EXPECT_EQ(id.low >> 62U, 2U);
    EXPECT_TRUE(seen.insert(id).second);
  }
}

TEST(UniqueId, RisesWithTimeInItsHighHalf) {
  const auto before = unique_id::generate().high >> 16U;
  const auto after = unique_id::generate().high >> 16U;
  EXPECT_LE(before, after);
}

TEST(UniqueId, OfATextIsStableAndNeverNone) {
  EXPECT_EQ(unique_id::of("transaction 1"), unique_id::of("transaction 1"));
  EXPECT_NE(unique_id::of("transaction 1"), unique_id::of("transaction 2"));
  EXPECT_FALSE(unique_id::of("").is_none());
  EXPECT_TRUE(unique_id{}.is_none());
  // Journals hold these ids: the hash is a format and stays as it is.
  EXPECT_EQ(unique_id::of("fasti").to_string(), "8183eb7f65b50b0c2c5511e778d71144");
}

TEST(ExpectedVersion, AcceptsWhatItNames) {
  EXPECT_TRUE(expected_version::exactly(version{3}).accepts(version{3}));
  EXPECT_FALSE(expected_version::exactly(version{3}).accepts(version{4}));
  EXPECT_TRUE(expected_version::no_stream().accepts(no_version));
  EXPECT_FALSE(expected_version::no_stream().accepts(version{1}));
  EXPECT_TRUE(expected_version::any().accepts(no_version));
  EXPECT_TRUE(expected_version::any().accepts(version{99}));
}

TEST(ExpectedVersion, SaysWhatItIs) {
  EXPECT_EQ(expected_version::any().to_string(), "any");
  EXPECT_EQ(expected_version::no_stream().to_string(), "no_stream");
  EXPECT_EQ(expected_version::exactly(version{7}).to_string(), "7");
}

}  // namespace
}  // namespace fasti::test
