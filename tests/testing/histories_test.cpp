// Generated histories: what passes, what is told of it, and the words of what does not pass.

#include "fasti/testing/histories.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "tests/support/ledger.hpp"
#include "tests/testing/histories_kit.hpp"

namespace fasti::test {
namespace {

using testing::dice;
using testing::event;
using testing::histories;

auto well_behaved(testing::histories_options options = {.cases = 300, .seed = 1}) {
  return histories<ledger>(options)
      .filling<Deposit>([](Deposit::Builder c, dice& d) { c.setCents(d.between(-1, 1'000'000)); })
      .filling<Withdraw>([](Withdraw::Builder c, dice& d) {
        d.fill(c);  // its note
        c.setCents(d.between(0, 1'000'000));
      })
      .filling<Draw>([](Draw::Builder c, dice& d) { c.setCents(d.between(0, 1'000'000)); })
      .filling<Split>([](Split::Builder c, dice& d) {
        auto parts = c.initParts(d.between(0U, 3U));
        for (unsigned i = 0; i < parts.size(); ++i) parts.set(i, d.between(1, 100));
      })
      .filling<Misbehave>([](Misbehave::Builder c, dice&) { c.setHow(Misbehave::How::NOTHING); });
}

TEST(Histories, AGoodDeciderPasses) {
  const auto report =
      well_behaved().always([](const ledger& l) { return l.balance >= 0; }, "no debts").check();
  EXPECT_EQ(report.cases, 300U);
  EXPECT_EQ(report.seed, 1U);
  for (const auto& c : report.commands) EXPECT_GT(c.accepted, 100U) << report.to_string();
}

TEST(Histories, TheReportSaysWhatWasRejectedAndWhy) {
  const auto report = well_behaved().check();
  ASSERT_EQ(report.commands.size(), 5U);
  EXPECT_EQ(report.commands[1].name, "Withdraw");
  EXPECT_GT(report.commands[1].rejected.at("insufficient-funds"), 50U);
  EXPECT_TRUE(report.commands[3].rejected.empty());
  const testing::histories_report small{
      .seed = 1,
      .cases = 2,
      .commands = {{"Open", 2, {}}, {"Pay", 0, {{"broke", 3}, {"closed", 1}}}}};
  EXPECT_EQ(small.to_string(), "Open: 2 accepted\nPay: 0 accepted; rejected: 3 broke, 1 closed");
}

TEST(Histories, BeginWithWhatIsGiven) {
  std::int64_t least = 1'000'000;
  well_behaved()
      .starting_with(event<Deposited>([](auto e) { e.setCents(900); }))
      .always([&](const ledger& l) { return least = std::min(least, l.balance), l.entries > 0; },
              "something has happened")
      .check();
  EXPECT_LT(least, 900);
  EXPECT_EQ(said_to([] {
              well_behaved()
                  .starting_with(event<Deposited>([](auto e) { e.setCents(900); }))
                  .always([](const ledger& l) { return l.balance < 900; }, "little money")
                  .check();
            }).substr(0, 73),
            "ledger: this does not hold: little money\n  given Deposited (cents = 900)\n");
}

TEST(Histories, AreTheSameForTheSameSeedOnly) {
  const auto told = [](std::uint64_t seed) {
    return said_to([seed] {
      histories<overdrawn>({.seed = seed})
          .always([](const overdrawn& l) { return l.balance >= 0; }, "no debts")
          .check();
    });
  };
  std::set<std::string> different;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    EXPECT_EQ(told(seed), told(seed));
    different.insert(told(seed));
  }
  EXPECT_EQ(different.size(), 5U) << "the seed stands in it";
  const auto one = well_behaved().check().to_string();
  EXPECT_EQ(one, well_behaved().check().to_string());
}

TEST(Histories, WithoutASeedAreOthersEachTime) {
  const auto seed = [] { return well_behaved({.cases = 10}).check().seed; };
  EXPECT_NE(seed(), seed());
}

/// RC_PARAMS for the length of a test.
class params_outside {
 public:
  explicit params_outside(const char* params) { ::setenv("RC_PARAMS", params, 1); }
  ~params_outside() { ::unsetenv("RC_PARAMS"); }
  params_outside(const params_outside&) = delete;
  params_outside& operator=(const params_outside&) = delete;
};

TEST(Histories, WhatStandsInTheEnvironmentHasTheLastWord) {
  const params_outside params("seed=99 max_success=7");
  const auto report = well_behaved().check();
  EXPECT_EQ(report.seed, 99U);
  EXPECT_EQ(report.cases, 7U);
}

TEST(Histories, ShrinkingCanBeLeftOut) {
  const auto check = [] {
    histories<overdrawn>({.seed = 3})
        .always([](const overdrawn& l) { return l.balance >= 0; }, "no debts")
        .check();
  };
  EXPECT_EQ(said_to(check).find("made smaller 0 times"), std::string::npos);
  const params_outside params("noshrink=1");
  EXPECT_NE(said_to(check).find("made smaller 0 times"), std::string::npos);
}

TEST(Histories, ParamsThatNobodyUnderstandsAreRefused) {
  const params_outside params("max_success=many");
  EXPECT_NE(said_to([] { well_behaved().check(); }).find("RC_PARAMS: "), std::string::npos);
}

TEST(Histories, OfRejectionsOnlyAreNoProof) {
  const auto no =
      said_to([] { histories<never>({.cases = 10, .commands_max = 1, .seed = 1}).check(); });
  EXPECT_EQ(no,
            "never: not one command was accepted in 10 histories; say what has happened before "
            "with `starting_with`, or how a command is filled with `filling`\n"
            "Deposit: 0 accepted; rejected: 10 on-principle");
}

TEST(Histories, DiceKeepToWhatIsAskedFor) {
  std::set<int> numbers;
  std::set<std::uint8_t> bytes;
  std::set<std::string> chosen;
  std::set<bool> yes;
  well_behaved({.cases = 300, .text_max = 4, .seed = 5})
      .filling<Withdraw>([&](Withdraw::Builder c, dice& d) {
        d.fill(c);
        EXPECT_LE(c.getNote().size(), 16U);
        c.setCents(d.between(-3, 500));
        numbers.insert(static_cast<int>(c.getCents()));
        bytes.insert(d.between<std::uint8_t>(250, 255));
        chosen.insert(d.one_of({"tea", "pot"}));
        yes.insert(d.yes_or_no());
        c.setNote(d.text());
      })
      .check();
  EXPECT_EQ(*numbers.begin(), -3);
  EXPECT_EQ(*numbers.rbegin(), 500);
  EXPECT_GT(numbers.size(), 60U);
  EXPECT_EQ(bytes, (std::set<std::uint8_t>{250, 251, 252, 253, 254, 255}));
  EXPECT_EQ(chosen, (std::set<std::string>{"pot", "tea"}));
  EXPECT_EQ(yes, (std::set<bool>{false, true}));
}

}  // namespace
}  // namespace fasti::test
