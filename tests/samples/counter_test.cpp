#include <gtest/gtest.h>

#include <algorithm>

#include "process.hpp"

namespace fasti::test {
namespace {

TEST(Counter, CountsRejectsAndGoesOnCounting) {
  const scratch_directory scratch;
  const auto first = run({COUNTER_PROGRAM, scratch / "counter"});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_NE(first.out.find("counter-apples +3: event 1 of this counter"), std::string::npos)
      << first.out;
  EXPECT_NE(first.out.find("counter-pears -1000000: rejected: below-zero"), std::string::npos);
  EXPECT_NE(first.out.find("total: 12 in 2 counters"), std::string::npos);

  const auto second = run({COUNTER_PROGRAM, scratch / "counter"});
  ASSERT_EQ(second.exit_code, 0) << second.err;
  EXPECT_NE(second.out.find("counter-apples +3: event 3 of this counter"), std::string::npos);
  EXPECT_NE(second.out.find("total: 24 in 2 counters"), std::string::npos) << second.out;
}

TEST(Counter, SaysWhatIsWrongWithAPathThatCannotHoldAJournal) {
  const scratch_directory scratch;
  write_text(scratch / "file", "not a directory");
  const auto told = run({COUNTER_PROGRAM, scratch / "file"});
  EXPECT_EQ(told.exit_code, 1);
  EXPECT_FALSE(told.err.empty());
}

TEST(Counter, IsOneSourceOfAtMost80Lines) {
  const auto source = read_text(COUNTER_SOURCE);
  ASSERT_FALSE(source.empty());
  EXPECT_LE(std::count(source.begin(), source.end(), '\n'), 80);
}

}  // namespace
}  // namespace fasti::test
