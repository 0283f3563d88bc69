// The bank's questions, asked of a runtime in memory.
#include <gtest/gtest.h>

#include <string>

#include "fasti/runtime.hpp"
#include "samples/bank/account.hpp"
#include "samples/bank/views.hpp"

namespace bank {
namespace {

constexpr std::int64_t january_ms = 725'846'400'000;
constexpr std::int64_t february_ms = january_ms + std::int64_t{31} * 24 * 3600 * 1000;

class BankViews : public testing::Test {
 protected:
  void SetUp() override {
    fasti::runtime_options options;
    options.storage = fasti::storage::memory;
    auto opened = fasti::runtime::open<account, balances, turnover>(std::move(options));
    ASSERT_TRUE(opened) << opened.error().to_string();
    rt.emplace(*std::move(opened));
    open("anna", Owner::CUSTOMER);
    open("bert", Owner::CUSTOMER);
    open("bank-fees", Owner::BANK);
    move<Deposit>("anna", 500, january_ms, "pension");
    move<Deposit>("bert", 900, january_ms, "pension");
    move<Withdraw>("anna", 200, february_ms, "household");
    move<ChargeFee>("bert", 50, february_ms, "");
    move<Deposit>("bank-fees", 50, february_ms, "");
  }

  void open(const std::string& key, Owner owner) {
    took(rt->send<Open>("account-" + key, [owner](auto c) { c.setOwner(owner); }).get());
  }
  template <class Command>
  void move(const std::string& key, std::int64_t amount, std::int64_t at, const char* purpose) {
    took(rt->send<Command>("account-" + key, [&](auto c) {
             auto movement = c.initMovement();
             movement.setAmount(amount);
             movement.setBookedAt(at);
             movement.setPurpose(purpose);
           }).get());
  }
  void took(const fasti::result<fasti::receipt>& receipt) {
    ASSERT_TRUE(receipt) << receipt.error().to_string();
    seen.visible_at = receipt->position;
  }

  std::optional<fasti::runtime> rt;
  fasti::query_options seen;
};

TEST_F(BankViews, TellTheBalanceOfOneAccount) {
  auto of = [this](const char* key) {
    return rt->query<balances, GetBalance>([key](auto q) { q.setAccount(key); }, seen).get();
  };
  const auto anna = of("anna");
  ASSERT_TRUE(anna) << anna.error().to_string();
  EXPECT_EQ((*anna)->getBalance(), 300);
  EXPECT_EQ((*anna)->getMovements(), 2U);
  EXPECT_EQ(std::string((*anna)->getAccount().cStr()), "anna");
  const auto nobody = of("nobody");
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().reason, "no-such-account");
}

TEST_F(BankViews, TellTheLargestCustomersFirst) {
  const auto largest = rt->query<balances, GetLargest>([](auto q) { q.setCount(10); }, seen).get();
  ASSERT_TRUE(largest);
  const auto rows = (*largest)->getRows();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(std::string(rows[0].getAccount().cStr()), "bert");
  EXPECT_EQ(rows[0].getBalance(), 850);
  EXPECT_EQ(std::string(rows[1].getAccount().cStr()), "anna");
}

TEST_F(BankViews, CountAccountsAndMoney) {
  const auto summary = rt->query<balances, GetSummary>([](auto) {}, seen).get();
  ASSERT_TRUE(summary);
  EXPECT_EQ((*summary)->getAccounts(), 2U);
  EXPECT_EQ((*summary)->getBankAccounts(), 1U);
  EXPECT_EQ((*summary)->getMoney(), 1'200);
}

TEST_F(BankViews, TellTheTurnoverOfCustomersByMonthAndPurpose) {
  auto of = [this](const char* month) {
    return rt->query<turnover, GetTurnover>([month](auto q) { q.setMonth(month); }, seen).get();
  };
  const auto january = of("1993-01");
  ASSERT_TRUE(january);
  ASSERT_EQ((*january)->getRows().size(), 1U);
  EXPECT_EQ((*january)->getRows()[0].getPaidIn(), 1'400);
  EXPECT_EQ((*january)->getRows()[0].getMovements(), 2U);
  const auto all = of("");
  ASSERT_TRUE(all);
  ASSERT_EQ((*all)->getRows().size(), 3U) << "the bank's own side of the fee is not counted";
  EXPECT_EQ((*all)->getRows()[1].getPaidOut(), 50);
  EXPECT_EQ((*all)->getRows()[2].getPaidOut(), 200);
}

}  // namespace
}  // namespace bank
