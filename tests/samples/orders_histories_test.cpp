// The shop's deciders under histories that nobody thought of: every field is what the schema
// allows.
#include <gtest/gtest.h>
#include <fasti/testing/histories.hpp>

#include <algorithm>
#include <limits>

#include "samples/orders/order.hpp"
#include "samples/orders/payment.hpp"
#include "samples/orders/stock.hpp"

namespace orders {
namespace {

using fasti::testing::dice;
using fasti::testing::histories;

void place_some(Place::Builder c, dice& d) {
  c.setCustomer(d.one_of({"ann", "ben"}));
  auto lines = c.initLines(d.between(0U, 3U));
  for (auto l : lines) {
    l.setArticle(d.one_of({"tea", "pot", "cup", "jar", "tin"}));
    l.setCount(d.between(1U, 20U));
    l.setCents(d.between(0, 100'000));
  }
}

bool is_sum_of_its_lines(const order& o) {
  std::int64_t sum = 0;
  for (const auto& l : o.lines) sum += l.cents * l.count;
  return o.cents == sum;
}

TEST(OrderHistories, P13_HasALifeThatAddsUp) {
  const auto report =
      histories<order>({.cases = 6000})
          .filling<Place>(place_some)
          .always(is_sum_of_its_lines, "an order costs what its lines cost")
          .always([](const order& o) { return (o.stage == Stage::UNKNOWN) == o.lines.empty(); },
                  "an order that was placed has lines, and no other")
          .check();
  for (const auto& c : report.commands) EXPECT_GT(c.accepted, 20U) << report.to_string();
}

TEST(OrderHistories, P13_AnyPlaceThatTheSchemaAllowsIsDecided) {
  const auto report = histories<order>({.cases = 3000})
                          .always([](const order& o) { return o.cents >= 0; }, "nothing is owed")
                          .check();
  EXPECT_GT(report.commands[0].accepted, 20U) << report.to_string();
}

TEST(StockHistories, P13_WhatIsOnTheShelfIsFreeOrPutAside) {
  const auto report =
      histories<stock>({.cases = 3000})
          .always(
              [](const stock& s) {
                std::uint64_t on_shelf = s.free;
                for (const auto& [order, count] : s.reserved) on_shelf += count;
                return on_shelf <= std::numeric_limits<std::uint32_t>::max();
              },
              "the shelf holds what is free and what is put aside")
          .always(
              [](const stock& s) {
                return std::none_of(s.reserved.begin(), s.reserved.end(),
                                    [](const auto& held) { return held.second == 0; });
              },
              "nothing is put aside for nobody")
          .check();
  for (const auto& c : report.commands) EXPECT_GT(c.accepted, 200U) << report.to_string();
}

TEST(PaymentHistories, P13_NobodyOwesAnything) {
  const auto report =
      histories<payment>({.cases = 3000})
          .always([](const payment& p) { return p.cents >= 0; }, "nobody owes anything")
          .always(
              [](const payment& p) {
                return std::all_of(p.charged.begin(), p.charged.end(),
                                   [](const auto& paid) { return paid.second >= 0; });
              },
              "nothing is paid out by a charge")
          .check();
  for (const auto& c : report.commands) EXPECT_GT(c.accepted, 200U) << report.to_string();
}

TEST(NumbersHistories, P13_RiseFromOne) {
  const auto report = histories<numbers>().check();
  EXPECT_TRUE(report.commands[0].rejected.empty());
}

}  // namespace
}  // namespace orders
