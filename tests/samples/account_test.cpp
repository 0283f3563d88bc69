// The bank's rules, by themselves, with the test kit that ships with fasti.
#include <gtest/gtest.h>
#include <fasti/testing/given.hpp>

#include "samples/bank/account.hpp"

namespace bank {
namespace {

using fasti::testing::event;
using fasti::testing::given;

/// Fills a command or an event that holds a movement.
auto amount(std::int64_t cents) {
  return [cents](auto m) { m.initMovement().setAmount(cents); };
}
auto amount(std::int64_t cents, std::int64_t stated) {
  return [cents, stated](auto m) {
    auto movement = m.initMovement();
    movement.setAmount(cents);
    movement.setStatedBalance(stated);
  };
}
auto difference(std::int64_t cents) {
  return [cents](auto e) { e.setDifference(cents); };
}

/// An account of a customer, for whom the checks of every test are thorough.
auto opened(std::int64_t overdraft = 0) {
  return given<account>(event<Opened>([overdraft](auto e) { e.setOverdraft(overdraft); }))
      .thoroughly();
}

// cut here
TEST(BankAccount, KeepsToItsOverdraft) {
  opened(500)
      .and_given(event<Deposited>(amount(1'000)))
      .when<Withdraw>(amount(1'501))
      .then_rejected("insufficient-funds")
      .when<Withdraw>(amount(1'500))
      .then(event<Withdrawn>(amount(1'500)))
      .when<Withdraw>(amount(1))
      .then_rejected("insufficient-funds")
      .with_state([](const account& a) { EXPECT_EQ(a.balance, -500); });
}

// cut here
TEST(BankAccount, TakesFeesAndInterestBelowTheOverdraft) {
  opened()
      .when<ChargeFee>(amount(70))
      .then(event<FeeCharged>(amount(70)))
      .when<CreditInterest>(amount(20))
      .then(event<InterestCredited>(amount(20)))
      .with_state([](const account& a) { EXPECT_EQ(a.balance, -50); });
}

TEST(BankAccount, OfTheBankHasNoLimit) {
  given<account>()
      .when<Open>([](auto c) { c.setOwner(Owner::BANK); })
      .then(event<Opened>([](auto e) { e.setOwner(Owner::BANK); }))
      .when<Withdraw>(amount(1'000'000))
      .then(event<Withdrawn>(amount(1'000'000)));
}

TEST(BankAccount, MustBeOpenedOnceAndFirst) {
  given<account>()
      .when<Deposit>(amount(1))
      .then_rejected("no-such-account")
      .when<Withdraw>(amount(1))
      .then_rejected("no-such-account")
      .when<Open>()
      .then(event<Opened>())
      .when<Open>()
      .then_rejected("already-open")
      .when<Deposit>(amount(-1))
      .then_rejected("negative-amount");
}

TEST(BankAccount, TakesOverTheBanksRoundingAndNothingMore) {
  opened()
      .when<Deposit>(amount(1'000, 1'000))
      .then(event<Deposited>(amount(1'000, 1'000)))
      .when<CreditInterest>(amount(33, 1'043))
      .then(event<InterestCredited>(amount(33, 1'043)), event<Corrected>(difference(10)))
      .when<CreditInterest>(amount(33, 1'066))
      .then(event<InterestCredited>(amount(33, 1'066)), event<Corrected>(difference(-10)))
      .when<Deposit>(amount(100, 1'177))
      .then(event<Deposited>(amount(100, 1'177)), event<Disputed>(difference(11)))
      .with_state([](const account& a) { EXPECT_EQ(a.balance, 1'166); });
}

TEST(BankAccount, JudgesTheRowAfterADisputedOneOnItsOwn) {
  opened()
      .when<Deposit>(amount(1'000, 6'000))
      .then(event<Deposited>(amount(1'000, 6'000)), event<Disputed>(difference(5'000)))
      .when<Deposit>(amount(100, 6'100))
      .then(event<Deposited>(amount(100, 6'100)))
      .when<Deposit>(amount(100, 6'203))
      .then(event<Deposited>(amount(100, 6'203)), event<Corrected>(difference(3)))
      .when<Withdraw>(amount(100, 1'103))
      .then(event<Withdrawn>(amount(100, 1'103)), event<Disputed>(difference(-5'000)))
      .with_state([](const account& a) {
        EXPECT_EQ(a.gap, 0);
        EXPECT_EQ(a.balance, 1'103);
      });
}

TEST(BankAccount, AnswersWhatItIs) {
  opened(700)
      .and_given(event<Deposited>(amount(1'000)), event<Disputed>(difference(8'000)))
      .when_asked<AskAccount>([](auto) {})
      .then_answered([](auto s) {
        s.setIsOpen(true);
        s.setOverdraft(700);
        s.setBalance(1'000);
        s.setGap(8'000);
      });
}

TEST(BankAccount, P13_ComesBackFromItsSnapshot) {
  opened(700)
      .and_given(event<Deposited>(amount(1'000)), event<Disputed>(difference(8'000)))
      .when<Withdraw>(amount(1'700))  // thoroughly: by a state that was saved and loaded, too
      .then(event<Withdrawn>(amount(1'700)));
}

}  // namespace
}  // namespace bank
