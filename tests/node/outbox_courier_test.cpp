// What the outbox delivers when much of it cannot be delivered.

#include <random>

#include "fasti/keys.hpp"
#include "tests/node/outbox_kit.hpp"

namespace fasti::test {
namespace {

const error down{errc::unavailable, "down", "as the test wants"};

std::function<std::optional<error>(const std::string&)> fails_from(const std::string& prefix) {
  return [prefix](const std::string& stream) {
    return stream.starts_with(prefix) ? std::optional(down) : std::nullopt;
  };
}

class OutboxCourier : public OutboxTest {
 protected:
  static constexpr std::size_t more_than_it_holds = 3000;

  [[nodiscard]] std::size_t effects_on(const std::string& stream) {
    const auto found = effects.find(stream);
    return found == effects.end() ? 0 : found->second.size();
  }
  void expect_all_delivered_in_order() {
    for (int ticks = 0; !is_empty(); ++ticks) {
      ASSERT_LT(ticks, 5000) << "it does not come to an end";
      tick();
    }
    tick(2);
    EXPECT_EQ(effects, issued);
    const auto s = courier->status();
    EXPECT_EQ(s.under_way, 0U);
    EXPECT_FALSE(s.has_more);
    EXPECT_FALSE(s.failing);
  }
};

TEST_F(OutboxCourier, StreamsThatCannotBeReachedHoldUpNoOther) {
  failure_of = fails_from("lost-");
  for (std::size_t i = 0; i < more_than_it_holds; ++i) {
    issue("transfer-1", "lost-" + std::to_string(i));
  }
  issue("transfer-2", "ledger-a");
  run();
  EXPECT_EQ(effects_on("ledger-a"), 1U) << "it needs no tick";
  const auto s = courier->status();
  EXPECT_LE(s.under_way, 1024U);
  EXPECT_TRUE(s.has_more);
  EXPECT_EQ(s.failing->reason, "down");
  tick(100);
  issue("transfer-2", "ledger-a");
  run();
  EXPECT_EQ(effects_on("ledger-a"), 2U) << "nor later";
  failure_of = nullptr;
  expect_all_delivered_in_order();
}

TEST_F(OutboxCourier, OneStreamThatCannotBeReachedHoldsUpNoOther) {
  failure_of = fails_from("lost-");
  for (std::size_t i = 0; i < more_than_it_holds; ++i) issue("transfer-1", "lost-a");
  issue("transfer-2", "ledger-a");
  run();
  EXPECT_EQ(effects_on("ledger-a"), 1U);
  EXPECT_LE(courier->status().under_way, 64U);
  failure_of = nullptr;
  expect_all_delivered_in_order();
}

TEST_F(OutboxCourier, ProcessManagersThatCannotBeToldHoldUpNoOther) {
  failure_of = fails_from("lost-");
  for (std::size_t i = 0; i < more_than_it_holds; ++i) {
    issue("lost-" + std::to_string(i), "ledger-" + std::to_string(i));
  }
  issue("transfer-2", "ledger-z");
  run();
  EXPECT_EQ(effects_on("ledger-z"), 1U);
  tick(50);
  failure_of = nullptr;
  expect_all_delivered_in_order();
}

TEST_F(OutboxCourier, WhatIsNewGoesBehindWhatWasPutBack) {
  failure_of = fails_from("lost-");
  for (std::size_t i = 0; i < more_than_it_holds; ++i) {
    issue("transfer-1", "lost-" + std::to_string(i));
  }
  run();
  for (std::size_t i = 0; i < more_than_it_holds; ++i) {
    issue("transfer-2", "lost-" + std::to_string(i));
  }
  failure_of = nullptr;
  expect_all_delivered_in_order();
}

TEST_F(OutboxCourier, WhatWasPutBackGetsItsTurnHoweverMuchIsUnderWay) {
  failure_of = fails_from("lost-");
  leaves_waiting = [](const std::string& stream) { return stream.starts_with("slow-"); };
  for (std::size_t i = 0; i < more_than_it_holds; ++i) {
    issue("transfer-1", "lost-" + std::to_string(i));
  }
  run();
  for (int i = 0; i < 900; ++i) issue("transfer-2", "slow-" + std::to_string(i));
  run();
  failure_of = nullptr;
  tick(int{more_than_it_holds});
  EXPECT_EQ(effects.size(), more_than_it_holds);
}

TEST_F(OutboxCourier, WhatWaitsIsTriedAgainLessAndLessOften) {
  failure_of = fails_from("lost-");
  for (std::size_t i = 0; i < more_than_it_holds; ++i) {
    issue("transfer-1", "lost-" + std::to_string(i));
  }
  std::uint64_t tries = 0;
  failure_of = [&tries](const std::string&) {
    ++tries;
    return down;
  };
  tick(100);
  EXPECT_LT(tries, 100 * 1024U / 4) << "those that wait do not take turns at every tick";
}

TEST_F(OutboxCourier, AStoreThatCannotBeReadForAWhileIsSaidAndReadAgain) {
  issue("transfer-1", "ledger-a");
  fold();
  store.reads_fail = error{errc::unavailable, "disk-away", "as the test wants"};
  run();
  ASSERT_TRUE(courier->status().failing);
  EXPECT_NE(courier->status().failing->detail.find("disk-away"), std::string::npos);
  EXPECT_EQ(deliveries, 0U);
  store.reads_fail.reset();
  expect_all_delivered_in_order();
}

TEST_F(OutboxCourier, WhatMayPassIsTriedAgainAndIsNoRefusal) {
  for (const auto why : {errc::corrupt, errc::closed, errc::unknown, errc::conflict}) {
    failure_of = [why](const std::string&) { return error{why, "not now", "as the test wants"}; };
    issue("transfer-1", "ledger-a");
    run();
    EXPECT_EQ(courier->status().failing->reason, "not now");
    failure_of = nullptr;
    expect_all_delivered_in_order();
  }
  EXPECT_TRUE(refusals.empty());
}

TEST_F(OutboxCourier, P10_ADamagedRowIsNamed) {
  issue("transfer-1", "ledger-a");
  issue("transfer-1", "ledger-b");
  fold();
  const auto row = key_of("transfer-1", std::uint64_t{2});
  auto bytes = **kept->row(port.name, row);
  damage_message(bytes);
  ASSERT_TRUE(kept->write(port.name, {{{row, bytes}}, journal->head()}));
  run();
  EXPECT_EQ(effects_on("ledger-a"), 1U) << "what is before it is delivered";
  ASSERT_TRUE(courier->status().failing);
  const auto why = courier->status().failing->detail;
  EXPECT_NE(why.find("row-damaged"), std::string::npos) << why;
  EXPECT_NE(why.find("fasti.outbox, row transfer-1 2"), std::string::npos) << why;
}

/// Streams and process managers come and go, and so does the process.
TEST_F(OutboxCourier, P8_WhateverHappensEachTakesEffectOnceAndInItsOrder) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto below = [&random](unsigned n) { return static_cast<unsigned>(random() % n); };
  unsigned share_lost = 0;
  failure_of = [&](const std::string& to) -> std::optional<error> {
    const auto lot = std::hash<std::string>{}(to) % 100;
    if (lot < share_lost) return down;
    return below(20) == 0 ? std::optional(error{errc::unknown, "no-answer", ""}) : std::nullopt;
  };
  for (int step = 0; step < 300; ++step) {
    if (below(10) == 0) share_lost = below(4) * 33;
    if (below(60) == 0) restart();
    for (auto n = below(60); n > 0; --n) {
      issue("transfer-" + std::to_string(below(300)), "ledger-" + std::to_string(below(3000)));
    }
    below(2) == 0 ? tick() : run();
  }
  failure_of = nullptr;
  expect_all_delivered_in_order();
}

}  // namespace
}  // namespace fasti::test
