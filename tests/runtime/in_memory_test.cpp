// The throw-away runtime of the test kit: the real one, with a clock that the test drives.

#include <gtest/gtest.h>

#include "fasti/testing/runtime.hpp"
#include "tests/support/ledger.hpp"

namespace fasti::test {
namespace {

auto cents(std::int64_t n) {
  return [n](auto message) { message.setCents(n); };
}

TEST(RuntimeInMemory, IsAWholeOne) {
  testing::runtime_in_memory<ledger, balances> rt;
  auto receipt = rt->send<Deposit>("ledger-1", cents(500)).get();
  ASSERT_TRUE(receipt) << receipt.error().to_string();
  auto balance = rt->query<balances, GetBalance>([](auto q) { q.setAccount("1"); },
                                                 {.visible_at = receipt->position})
                     .get();
  ASSERT_TRUE(balance) << balance.error().to_string();
  EXPECT_EQ((*balance)->getCents(), 500);
  EXPECT_EQ(rt->send<Withdraw>("ledger-1", cents(501)).get().error().reason, "insufficient-funds");
}

TEST(RuntimeInMemory, TimeIsTheTests) {
  testing::runtime_in_memory<ledger> rt;
  const auto begin = rt.clock().now();
  auto first = rt->send<Deposit>("ledger-1", cents(1)).get();
  rt.clock().advance(std::chrono::hours{24});
  auto second = rt->send<Deposit>("ledger-1", cents(1)).get();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->time, begin);
  EXPECT_EQ(second->time, begin + std::chrono::hours{24});
}

TEST(RuntimeInMemory, TwoKnowNothingOfEachOther) {
  testing::runtime_in_memory<ledger> one;
  testing::runtime_in_memory<ledger> other;
  ASSERT_TRUE(one->send<Deposit>("ledger-1", cents(5)).get());
  EXPECT_EQ(other->send<Withdraw>("ledger-1", cents(5)).get().error().code, errc::rejected);
}

struct nameless : ledger {
  static constexpr auto category = "with-a-dash";
};

TEST(RuntimeInMemory, WhatDoesNotOpenIsAMismatch) {
  EXPECT_THROW(testing::runtime_in_memory<nameless>{}, testing::mismatch);
}

}  // namespace
}  // namespace fasti::test
