#include "fasti/result.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <set>

namespace fasti::test {
namespace {

constexpr std::array codes{errc::rejected, errc::conflict, errc::unavailable, errc::unknown,
                           errc::corrupt,  errc::invalid,  errc::closed};

TEST(Result, HoldsAValueOrAnError) {
  const result<int> value = 5;
  ASSERT_TRUE(value);
  EXPECT_EQ(*value, 5);
  EXPECT_EQ(value.value_or(7), 5);

  const result<int> none = error{errc::conflict, "stale", ""};
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, errc::conflict);
  EXPECT_EQ(none.value_or(7), 7);
}

TEST(Result, HandsOutWhatCanOnlyBeMoved) {
  result<std::unique_ptr<int>> held = std::make_unique<int>(5);
  const std::unique_ptr<int> taken = *std::move(held);
  EXPECT_EQ(*taken, 5);
}

TEST(Result, OfNothingIsDoneOrAnError) {
  EXPECT_TRUE(result<void>());
  const result<void> failed = error{errc::closed, "closed", ""};
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, errc::closed);
}

TEST(ResultDeathTest, AskingForWhatItDoesNotHoldEndsTheProgram) {
  const result<int> failed = error{errc::closed, "closed", "by the test"};
  EXPECT_DEATH(static_cast<void>(*failed), "by the test");
  const result<int> good = 5;
  EXPECT_DEATH(static_cast<void>(good.error()), "has a value");
  const result<void> done;
  EXPECT_DEATH(static_cast<void>(done.error()), "has a value");
}

TEST(Error, EveryCodeHasANameOfItsOwnAndANextStep) {
  std::set<std::string_view> names;
  for (const auto code : codes) {
    EXPECT_TRUE(names.insert(name_of(code)).second) << name_of(code);
    EXPECT_FALSE(next_step(code).empty()) << name_of(code);
  }
  EXPECT_EQ(name_of(errc::unavailable), "unavailable");
}

TEST(Error, IsOneLineForPeople) {
  EXPECT_EQ((error{errc::unknown, "no-answer", "account-1"}.to_string()),
            "unknown: no-answer: account-1 (ask again with the same command id)");
  EXPECT_EQ((error{errc::unknown, "no-answer", ""}.to_string()),
            "unknown: no-answer (ask again with the same command id)");
}

TEST(Error, TextFromOutsideCannotForgeALine) {
  const auto text = error{errc::invalid, "bad\nid", "a\r\n\x1b[31m\x7f"}.to_string();
  for (const char c : text) {
    EXPECT_GE(static_cast<unsigned char>(c), 0x20U);
    EXPECT_NE(c, '\x7f');
  }
}

}  // namespace
}  // namespace fasti::test
