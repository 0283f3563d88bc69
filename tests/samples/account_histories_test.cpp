// The bank's deciders under histories that nobody thought of.
#include <gtest/gtest.h>
#include <fasti/testing/histories.hpp>

#include "samples/bank/account.hpp"

namespace bank {
namespace {

using fasti::testing::dice;
using fasti::testing::histories;

/// All of a movement from its schema, but amounts that a bank has seen.
template <class Command>
auto movement() {
  return [](typename Command::Builder c, dice& d) {
    auto m = c.initMovement();
    d.fill(m);
    m.setAmount(d.between(-10, 1'000'000));
    if (m.isStatedBalance()) m.setStatedBalance(d.between(-1'000'000, 5'000'000));
  };
}
template <class Command>
auto unstated() {
  return [](typename Command::Builder c, dice& d) {
    c.initMovement().setAmount(d.between(0, 1'000'000));
  };
}
void open_with_overdraft(Open::Builder c, dice& d) {
  d.fill(c);
  c.setOverdraft(d.between(0, 10'000));
}

TEST(BankAccountHistories, P13_AnyHistoryComesBackTheSame) {
  const auto report =
      histories<account>()
          .filling<Open>(open_with_overdraft)
          .filling<Deposit>(movement<Deposit>())
          .filling<Withdraw>(movement<Withdraw>())
          .filling<CreditInterest>(movement<CreditInterest>())
          .filling<ChargeFee>(movement<ChargeFee>())
          .always([](const account& a) { return a.is_open || (a.balance == 0 && a.gap == 0); },
                  "nothing is booked before the account is open")
          .check();
  for (const auto& c : report.commands) EXPECT_GT(c.accepted, 200U) << report.to_string();
}

TEST(BankAccountHistories, NoCustomerWithdrawsBeyondTheOverdraft) {
  const auto report =
      histories<account>()
          .filling<Open>(open_with_overdraft)
          .filling<Deposit>(unstated<Deposit>())
          .filling<Withdraw>(unstated<Withdraw>())
          .filling<CreditInterest>(unstated<CreditInterest>())
          .filling<ChargeFee>([](ChargeFee::Builder, dice&) {})  // fees may go deeper: none here
          .always(
              [](const account& a) { return a.owner == Owner::BANK || a.balance >= -a.overdraft; },
              "no customer is below the overdraft")
          .check();
  EXPECT_GT(report.commands[2].rejected.at("insufficient-funds"), 50U) << report.to_string();
}

TEST(BankAccountHistories, WithoutTheRuleAnOverdrawnCustomerIsFoundAtOnce) {
  struct lenient : account {
    using account::decide;
    fasti::decision decide(Withdraw::Reader c, fasti::emit& out) const {
      if (!is_open) return fasti::reject("no-such-account");
      out.event<Withdrawn>().setMovement(c.getMovement());
      return fasti::accept();
    }
  };
  try {
    histories<lenient>()
        .filling<Withdraw>(unstated<Withdraw>())
        .filling<Open>(open_with_overdraft)
        .filling<Deposit>(unstated<Deposit>())
        .filling<CreditInterest>(unstated<CreditInterest>())
        .filling<ChargeFee>([](ChargeFee::Builder, dice&) {})
        .always(
            [](const lenient& a) { return a.owner == Owner::BANK || a.balance >= -a.overdraft; },
            "no customer is below the overdraft")
        .check();
    FAIL() << "nothing was found";
  } catch (const fasti::testing::mismatch& m) {
    const std::string told = m.what();
    EXPECT_NE(told.find("  1. Open (owner = customer, overdraft = 0, bookedAt = 0)"),
              std::string::npos)
        << told;
    EXPECT_NE(told.find("  2. Withdraw ( movement = (amount = 1,"), std::string::npos) << told;
    EXPECT_EQ(told.find("  3. "), std::string::npos) << told;
  }
}

TEST(RegisterBookHistories, P13_AnyHistoryComesBackTheSame) {
  const auto report = histories<register_book>().check();
  EXPECT_GT(report.commands[0].accepted, 500U) << report.to_string();
}

}  // namespace
}  // namespace bank
