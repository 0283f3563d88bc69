// Transfers between two banks, with a clock that the test drives: what becomes of them when the
// other bank confirms, refuses, is silent, or answers when it is recalled already.
#include <gtest/gtest.h>
#include <fasti/testing/runtime.hpp>

#include "comes_true.hpp"
#include "process.hpp"
#include "samples/transfers/books.hpp"
#include "samples/transfers/other_bank.hpp"
#include "samples/transfers/our_bank.hpp"
#include "samples/transfers/transfer.hpp"

namespace transfers {
namespace {

using namespace std::chrono_literals;
using fasti::test::comes_true;

constexpr auto patience = 1h;
constexpr std::int64_t limit_cents = 1'000;

/// On a disk, so that programs which know a part of it only can come one after another.
class Transfers : public ::testing::Test {
 protected:
  template <class... Parts>
  [[nodiscard]] fasti::runtime open() const {
    auto rt = fasti::runtime::open<Parts...>({.path = scratch_ / "journal",
                                              .when_missing = fasti::when_missing::create,
                                              .worker_threads = 2,
                                              .clock = [now = now_] { return now->now(); },
                                              .log = [](fasti::log_level, std::string_view) {}});
    if (!rt) throw std::runtime_error(rt.error().to_string());
    return *std::move(rt);
  }
  [[nodiscard]] fasti::runtime open_all() const {
    return open<order, account, transfer, gateway, payout, payee, endings>();
  }
  void pass(fasti::timestamp::duration time) const { now_->advance(time); }

  /// Nobody at the other bank looks at what comes for an account that is under review.
  static void open_accounts(fasti::runtime& rt) {
    must(rt.send<Deposit>("account-ann", [](auto c) { c.setCents(10'000); }));
    admit(rt, "gateway-bob", 0ms);
    admit(rt, "gateway-slow", 24h * 30);
    admit(rt, "gateway-closed", 0ms);
    must(rt.send<Close>("gateway-closed", [](auto) {}));
  }
  static void admit(fasti::runtime& rt, const char* stream, std::chrono::milliseconds review) {
    must(rt.send<Admit>(stream, [review](auto c) {
      c.setLimitCents(limit_cents);
      c.setReviewMs(static_cast<std::uint32_t>(review.count()));
    }));
  }
  static void must(std::future<fasti::result<fasti::receipt>> sent) {
    const auto answer = sent.get();
    ASSERT_TRUE(answer) << answer.error().to_string();
  }

  static void order_transfer(fasti::runtime& rt, const char* to, std::int64_t cents) {
    must(rt.send<Order>("order-t1", [&](auto c) {
      c.setFrom("ann");
      c.setTo(to);
      c.setCents(cents);
      c.setPatienceMs(static_cast<std::uint32_t>(std::chrono::milliseconds(patience).count()));
    }));
  }
  /// What a clerk of the other bank does by hand.
  static auto confirm(fasti::runtime& rt, const char* stream) {
    return rt.send<Confirm>(stream, [](auto c) { c.setTransfer("t1"); }).get();
  }
  static auto transfer_now(fasti::runtime& rt) {
    return *rt.query<transfer, AskTransfer>("transfer-t1", [](auto) {}).get();
  }
  static std::int64_t free(fasti::runtime& rt) {
    return (*rt.query<account, AskAccount>("account-ann", [](auto) {}).get())->getFree();
  }
  template <class Event>
  static std::size_t how_many(fasti::runtime& rt) {
    std::size_t n = 0;
    EXPECT_TRUE(rt.journal().read({.types = {fasti::type_id_of<Event>}}, [&n](const auto&) {
      ++n;
      return fasti::visit::more;
    }));
    return n;
  }
  static void expect_end(fasti::runtime& rt, Outcome outcome, const std::string& reason,
                         std::int64_t free_then) {
    ASSERT_TRUE(comes_true([&rt] { return transfer_now(rt)->getHasEnded(); }));
    const auto t = transfer_now(rt);
    EXPECT_EQ(t->getOutcome(), outcome);
    EXPECT_STREQ(t->getReason().cStr(), reason.c_str());
    EXPECT_EQ(free(rt), free_then);
    const auto checks = close_books(rt, [](const counts&) {});
    ASSERT_TRUE(checks) << checks.error().to_string();
    EXPECT_EQ(checks->size(), 5U);
    for (const auto& c : *checks) EXPECT_TRUE(c.holds) << c.what << ": " << c.figures;
    EXPECT_EQ(how_many<Ended>(rt), 1U);
  }
  static void expect_given_back(fasti::runtime& rt, Outcome outcome, const std::string& reason) {
    expect_end(rt, outcome, reason, 10'000);
    EXPECT_EQ(how_many<Credited>(rt), 0U);
  }

 private:
  fasti::test::scratch_directory scratch_;
  std::shared_ptr<fasti::testing::driven_clock> now_ =
      std::make_shared<fasti::testing::driven_clock>();
};

TEST_F(Transfers, MoneyArrives) {
  auto rt = open_all();
  open_accounts(rt);
  order_transfer(rt, "bob", 300);
  expect_end(rt, Outcome::COMPLETED, "", 9'700);
  EXPECT_EQ((*rt.query<payee, AskPayee>("payee-bob", [](auto) {}).get())->getCents(), 300);
  pass(10 * patience);
  expect_end(rt, Outcome::COMPLETED, "", 9'700);
}

TEST_F(Transfers, WhatIsNotThereIsNotSent) {
  auto rt = open_all();
  open_accounts(rt);
  order_transfer(rt, "bob", 10'001);
  expect_given_back(rt, Outcome::REJECTED, "insufficient-funds");
  EXPECT_EQ(how_many<Held>(rt), 0U);
}

TEST_F(Transfers, RefusedForAnAccountThatIsUnknownItIsGivenBack) {
  auto rt = open_all();
  open_accounts(rt);
  order_transfer(rt, "nobody", 300);
  expect_given_back(rt, Outcome::REFUSED, "no-such-account");
}

TEST_F(Transfers, RefusedForAnAccountThatIsClosedItIsGivenBack) {
  auto rt = open_all();
  open_accounts(rt);
  order_transfer(rt, "closed", 300);
  expect_given_back(rt, Outcome::REFUSED, "account-closed");
}

TEST_F(Transfers, RefusedForItsSizeItIsGivenBack) {
  auto rt = open_all();
  open_accounts(rt);
  order_transfer(rt, "bob", limit_cents + 1);
  expect_given_back(rt, Outcome::REFUSED, "over-limit");
}

TEST_F(Transfers, WithoutAnAnswerItIsRecalledAtTheDeadlineAndNeverPaid) {
  auto rt = open_all();
  open_accounts(rt);
  order_transfer(rt, "slow", 300);
  ASSERT_TRUE(comes_true([&] { return how_many<Instructed>(rt) == 1; }));
  pass(patience - 1s);
  EXPECT_FALSE(transfer_now(rt)->getHasEnded());
  pass(2s);
  expect_given_back(rt, Outcome::RECALLED, "no-answer");
  EXPECT_EQ(confirm(rt, "gateway-slow").error().reason, "recalled") << "too late";
  expect_given_back(rt, Outcome::RECALLED, "no-answer");
}

TEST_F(Transfers, TheDeadlineOutlivesAProgram) {
  {
    auto rt = open_all();
    open_accounts(rt);
    order_transfer(rt, "slow", 300);
    ASSERT_TRUE(comes_true([&] { return how_many<Instructed>(rt) == 1; }));
  }
  pass(patience + 1s);
  auto rt = open_all();
  expect_given_back(rt, Outcome::RECALLED, "no-answer");
}

// The recall is on its way when the other bank confirms: it is refused, and the money stays there.
TEST_F(Transfers, AConfirmationThatIsFasterThanTheRecallCounts) {
  {
    auto rt = open_all();
    open_accounts(rt);
    order_transfer(rt, "slow", 300);
    ASSERT_TRUE(comes_true([&] { return how_many<Instructed>(rt) == 1; }));
  }
  pass(patience + 1s);
  {
    auto rt = open<order, account, transfer>();  // nobody takes the recall
    ASSERT_TRUE(comes_true([&] { return how_many<Overdue>(rt) == 1; }));
  }
  {
    auto rt = open<gateway>();  // nobody delivers it
    ASSERT_TRUE(confirm(rt, "gateway-slow"));
  }
  auto rt = open_all();
  expect_end(rt, Outcome::COMPLETED_LATE, "", 9'700);
  EXPECT_EQ(how_many<Credited>(rt), 1U);
  EXPECT_EQ(how_many<Recalled>(rt), 0U);
}

// Both the refusal and the recall's success are news that the money is free again.
TEST_F(Transfers, RefusedAndRecalledItIsGivenBackOnce) {
  auto rt = open<order, account, transfer, endings>();
  must(rt.send<Deposit>("account-ann", [](auto c) { c.setCents(10'000); }));
  order_transfer(rt, "nobody", 300);
  ASSERT_TRUE(comes_true([&] { return how_many<Held>(rt) == 1; }));
  ASSERT_TRUE(comes_true([&] { return rt.stats().outbox.failing.has_value(); }));
  pass(patience + 1s);
  ASSERT_TRUE(comes_true([&] { return how_many<Overdue>(rt) == 1; }));
  ASSERT_TRUE(rt.add<gateway>());
  ASSERT_TRUE(comes_true([&] { return how_many<Recalled>(rt) == 1; }));
  expect_given_back(rt, Outcome::REFUSED, "no-such-account");
  EXPECT_EQ(how_many<Released>(rt), 1U);
}

TEST_F(Transfers, WhatHasNoGoodNameIsNoTransferAndStopsNobody) {
  auto rt = open_all();
  open_accounts(rt);
  for (const auto& name : {std::string(), std::string(600, 'x')}) {
    must(rt.send<Recall>("gateway-bob", [&](auto c) { c.setTransfer(name); }));
  }
  order_transfer(rt, "bob", 300);
  expect_end(rt, Outcome::COMPLETED, "", 9'700);
}

TEST_F(Transfers, WhoeverElseUsesItsNameChangesNothing) {
  auto rt = open_all();
  open_accounts(rt);
  must(rt.send<Deposit>("account-eve", [](auto c) { c.setCents(50); }));
  for (const auto* name : {"t1", "t2"}) {
    must(rt.send<Hold>("account-eve", [name](auto c) {
      c.setTransfer(name);
      c.setCents(20);
    }));
    must(rt.send<Release>("account-eve", [name](auto c) { c.setTransfer(name); }));
    must(rt.send<Recall>("gateway-closed", [name](auto c) { c.setTransfer(name); }));
  }
  order_transfer(rt, "bob", 300);
  expect_end(rt, Outcome::COMPLETED, "", 9'700);
}

TEST_F(Transfers, TheBooksShowMoneyFromNowhere) {
  auto rt = open_all();
  open_accounts(rt);
  order_transfer(rt, "bob", 300);
  expect_end(rt, Outcome::COMPLETED, "", 9'700);
  must(rt.send<Credit>("payee-bob", [](auto c) {
    c.setTransfer("t1");
    c.setCents(1);
  }));
  const auto checks = check_books(rt);
  ASSERT_TRUE(checks);
  std::vector<std::string> wrong;
  for (const auto& c : *checks) {
    if (!c.holds) wrong.push_back(c.what);
  }
  EXPECT_EQ(wrong, (std::vector<std::string>{
                       "each was paid out once there if it was settled here, or not at all",
                       "what was settled is in the other bank's accounts"}));
}

}  // namespace
}  // namespace transfers
