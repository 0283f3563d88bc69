// The bank's rules, decided and folded without a runtime.
#include <gtest/gtest.h>

#include <string>

#include "samples/bank/account.hpp"

namespace bank {
namespace {

/// Runs commands through the decider as the runtime does: decide, then fold what was emitted.
class account_under_test {
 public:
  template <class Command, class Fill>
  std::string handle(Fill&& fill) {
    const auto words = fasti::build<Command>(fill);
    fasti::body_reader body(words);
    const auto made = state.decide(body.template root<Command>(), out_);
    std::vector<fasti::commit::event> events;
    std::vector<fasti::word> bodies;
    if (!made.is_accepted()) {
      out_.discard();
      return made.reason();
    }
    out_.finish(events, bodies);
    std::string kinds;
    const fasti::word* at = bodies.data();
    for (const auto& e : events) {
      evolve(e.type, fasti::body_view(at, e.words), kinds, account::events{});
      at += e.words;
    }
    return kinds;
  }

  std::string open(std::int64_t overdraft) {
    return handle<Open>([overdraft](auto c) { c.setOverdraft(overdraft); });
  }
  template <class Command>
  std::string move(std::int64_t amount) {
    return handle<Command>([amount](auto c) { c.initMovement().setAmount(amount); });
  }
  template <class Command>
  std::string move(std::int64_t amount, std::int64_t stated) {
    return handle<Command>([amount, stated](auto c) {
      auto movement = c.initMovement();
      movement.setAmount(amount);
      movement.setStatedBalance(stated);
    });
  }

  account state;

 private:
  template <class... Events>
  void evolve(fasti::type_id type, fasti::body_view body, std::string& kinds,
              fasti::types<Events...>) {
    fasti::body_reader reader(body);
    auto one = [&]<class Event>() {
      if (type != fasti::type_id_of<Event>) return;
      state.evolve(reader.root<Event>());
      kinds.append(kinds.empty() ? "" : " ").append(fasti::type_name_of<Event>());
    };
    (one.template operator()<Events>(), ...);
  }

  fasti::emit out_;
};

TEST(BankAccount, KeepsToItsOverdraft) {
  account_under_test a;
  EXPECT_EQ(a.open(500), "Opened");
  EXPECT_EQ(a.move<Deposit>(1'000), "Deposited");
  EXPECT_EQ(a.move<Withdraw>(1'501), "insufficient-funds");
  EXPECT_EQ(a.state.balance, 1'000);
  EXPECT_EQ(a.move<Withdraw>(1'500), "Withdrawn");
  EXPECT_EQ(a.state.balance, -500);
  EXPECT_EQ(a.move<Withdraw>(1), "insufficient-funds");
}

TEST(BankAccount, TakesFeesAndInterestBelowTheOverdraft) {
  account_under_test a;
  (void)a.open(0);
  EXPECT_EQ(a.move<ChargeFee>(70), "FeeCharged");
  EXPECT_EQ(a.move<CreditInterest>(20), "InterestCredited");
  EXPECT_EQ(a.state.balance, -50);
}

TEST(BankAccount, OfTheBankHasNoLimit) {
  account_under_test a;
  EXPECT_EQ(a.handle<Open>([](auto c) { c.setOwner(Owner::BANK); }), "Opened");
  EXPECT_EQ(a.move<Withdraw>(1'000'000), "Withdrawn");
}

TEST(BankAccount, MustBeOpenedOnceAndFirst) {
  account_under_test a;
  EXPECT_EQ(a.move<Deposit>(1), "no-such-account");
  EXPECT_EQ(a.move<Withdraw>(1), "no-such-account");
  EXPECT_EQ(a.open(0), "Opened");
  EXPECT_EQ(a.open(0), "already-open");
  EXPECT_EQ(a.move<Deposit>(-1), "negative-amount");
}

TEST(BankAccount, TakesOverTheBanksRoundingAndNothingMore) {
  account_under_test a;
  (void)a.open(0);
  EXPECT_EQ(a.move<Deposit>(1'000, 1'000), "Deposited");
  EXPECT_EQ(a.move<CreditInterest>(33, 1'043), "InterestCredited Corrected");
  EXPECT_EQ(a.state.balance, 1'043);
  EXPECT_EQ(a.move<CreditInterest>(33, 1'066), "InterestCredited Corrected");
  EXPECT_EQ(a.state.balance, 1'066);
  EXPECT_EQ(a.move<Deposit>(100, 1'177), "Deposited Disputed");
  EXPECT_EQ(a.state.balance, 1'166);
}

TEST(BankAccount, JudgesTheRowAfterADisputedOneOnItsOwn) {
  account_under_test a;
  (void)a.open(0);
  EXPECT_EQ(a.move<Deposit>(1'000, 6'000), "Deposited Disputed");
  EXPECT_EQ(a.move<Deposit>(100, 6'100), "Deposited");
  EXPECT_EQ(a.move<Deposit>(100, 6'203), "Deposited Corrected");
  EXPECT_EQ(a.move<Withdraw>(100, 1'103), "Withdrawn Disputed");
  EXPECT_EQ(a.state.gap, 0);
  EXPECT_EQ(a.state.balance, 1'103);
}

TEST(BankAccount, ComesBackFromItsSnapshot) {
  account_under_test a;
  (void)a.open(700);
  (void)a.move<Deposit>(1'000, 9'000);
  const auto words = fasti::build<AccountState>([&a](AccountState::Builder s) { a.state.save(s); });
  fasti::body_reader body(words);
  account b;
  b.load(body.root<AccountState>());
  EXPECT_TRUE(b.is_open);
  EXPECT_EQ(b.overdraft, 700);
  EXPECT_EQ(b.balance, 1'000);
  EXPECT_EQ(b.gap, 8'000);
}

}  // namespace
}  // namespace bank
