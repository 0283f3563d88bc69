// The program as a user runs it, and killed in the middle of its day.
#include <gtest/gtest.h>

#include <csignal>

#include "process.hpp"

namespace fasti::test {
namespace {

constexpr std::uint64_t transfers = 1200;
constexpr std::uint64_t kills = 3;

class TransfersProgram : public ::testing::Test {
 protected:
  [[nodiscard]] std::vector<std::string> command() const {
    return {TRANSFERS_PROGRAM,
            "--dir",
            scratch_ / "transfers",
            "--transfers",
            std::to_string(transfers),
            "--patience-ms",
            "300",
            "--say-to",
            std::to_string(child::pipe_fd)};
  }
  static void expect_right_books(const finished& day) {
    EXPECT_EQ(day.exit_code, 0) << day.err;
    EXPECT_NE(day.out.find("ok   each transfer ended once (1200 = 1200)"), std::string::npos)
        << day.out;
    EXPECT_EQ(day.out.find("FAIL"), std::string::npos) << day.out;
    for (const auto* outcome : {"completed ", "refused there", "recalled, given back"}) {
      EXPECT_NE(day.out.find(outcome), std::string::npos) << day.out;
    }
    EXPECT_EQ(day.out.find("under way"), std::string::npos) << day.out;
  }
  /// All but the last line, which says how long it took.
  static std::string endings_in(const finished& day) {
    return day.out.substr(0, day.out.rfind("\n\n"));
  }

 private:
  scratch_directory scratch_;
};

TEST_F(TransfersProgram, P8_KilledThreeTimesEachTransferEndsOnceAndNoMoneyIsLost) {
  for (std::uint64_t k = 1; k <= kills; ++k) {
    child day(command());
    while (auto ended = day.read_line()) {
      if (std::stoull(*ended) >= transfers * k / (kills + 1)) day.send_signal(SIGKILL);
    }
    ASSERT_EQ(day.wait().signal, SIGKILL) << "it was at work";
  }
  expect_right_books(run(command()));
}

TEST_F(TransfersProgram, ASecondRunOfTheSameDayDoesNothingTwice) {
  const auto first = run(command());
  expect_right_books(first);
  EXPECT_EQ(endings_in(run(command())), endings_in(first));
}

}  // namespace
}  // namespace fasti::test
