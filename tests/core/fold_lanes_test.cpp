// A view that several lanes fold at once is the view that one makes.

#include <random>

#include "tests/core/fold_kit.hpp"

namespace fasti::test {
namespace {

struct balances_by_key : balances {
  static std::string order_key(const recorded_event& e) { return std::string(e.key()); }
};

/// … that cannot take some events, when half of the row is changed.
struct cross_balances : balances_by_key {
  using balances::apply;
  void apply(Withdrawn::Reader e, const recorded_event& at, rows<row>& rows) {
    add(at.key(), -e.getCents(), rows);
    if (e.getNote() == "poison" && !is_mended) throw std::runtime_error("apply is cross");
    if (e.getNote() == "close") rows.erase(at.key());
  }
  static inline bool is_mended = false;
};

class Lanes : public FoldTest {
 protected:
  Lanes() {
    cross_balances::is_mended = false;
    how.lanes = 3;
    run_each = [this](std::size_t n, const auto& one) {
      rounds.push_back(n);
      for (std::size_t i = n; i-- > 0;) one(i);
    };
  }

  template <class Projection>
  void start_with() {
    port = fasti::detail::port_of_projection<Projection>();
    start();
  }
  [[nodiscard]] shown_rows folded_in_one_lane() {
    how.lanes = 1;
    auto shown = folded_anew();
    how.lanes = 3;
    return shown;
  }

  std::vector<std::size_t> rounds;
};

TEST_F(Lanes, P9_SeveralMakeTheRowsThatOneMakes) {
  start_with<cross_balances>();
  options.projection_batch_events = 64;
  std::mt19937_64 chance(7);
  for (int i = 0; i < 500; ++i) {
    const auto stream = "ledger-" + std::to_string(chance() % 12);
    if (chance() % 5 == 0) {
      withdrawn(stream, 3, chance() % 4 == 0 ? "close" : "");
    } else {
      deposited(stream, 10);
    }
    if (i % 50 == 0) start();
    if (i % 7 == 0) fold();
  }
  fold();
  EXPECT_EQ(machine->checkpoint(), journal->head());
  EXPECT_EQ(rows(), folded_in_one_lane());
  EXPECT_EQ(rows().size(), 12U);
  ASSERT_FALSE(rounds.empty());
  EXPECT_EQ(rounds.front(), 3U);
}

TEST_F(Lanes, TheirNumberMayBeAnotherAfterARestart) {
  start_with<cross_balances>();
  for (const unsigned lanes : {3U, 1U, 2U, 5U}) {
    how.lanes = lanes;
    start();
    for (const auto* stream : {"ledger-a", "ledger-b", "ledger-c", "ledger-d"}) {
      deposited(stream, 10);
    }
    fold();
  }
  EXPECT_EQ(rows(), (shown_rows{{"a", {40, 4}}, {"b", {40, 4}}, {"c", {40, 4}}, {"d", {40, 4}}}));
}

TEST_F(Lanes, AViewIsAskedAcrossAllOfThem) {
  start_with<cross_balances>();
  for (int i = 0; i < 9; ++i) deposited("ledger-" + std::to_string(i), 10 + i);
  fold();
  for (int i = 0; i < 9; ++i) EXPECT_EQ(balance(std::to_string(i).c_str()), 10 + i);
}

TEST_F(Lanes, AnEventThatFailsStopsTheViewInFrontOfIt) {
  start_with<cross_balances>();
  deposited("ledger-a", 10);
  deposited("ledger-b", 10);
  withdrawn("ledger-a", 1, "poison");
  deposited("ledger-b", 10);
  fold();
  ASSERT_TRUE(machine->stopped());
  EXPECT_NE(machine->stopped()->detail.find("apply is cross"), std::string::npos);
  EXPECT_EQ(machine->checkpoint(), position{2});
  EXPECT_EQ(rows(), (shown_rows{{"a", {10, 1}}, {"b", {10, 1}}}));

  cross_balances::is_mended = true;
  start();
  fold();
  EXPECT_EQ(rows(), (shown_rows{{"a", {9, 2}}, {"b", {20, 2}}}));
}

TEST_F(Lanes, AnEventThatFailsIsTriedAgainAndThenParkedWithThoseOfItsKey) {
  how.on_failure = {.retries_max = 1, .backoff = 5ms, .then = when_failing::park};
  start_with<cross_balances>();
  deposited("ledger-a", 10);
  withdrawn("ledger-a", 1, "poison");
  deposited("ledger-b", 10);
  deposited("ledger-a", 10);
  fold();
  EXPECT_TRUE(machine->serving().failing());
  EXPECT_EQ(machine->checkpoint(), position{1});
  now += 5ms;
  fold();
  EXPECT_EQ(machine->checkpoint(), journal->head());
  EXPECT_EQ(rows(), (shown_rows{{"a", {10, 1}}, {"b", {10, 1}}}));
  EXPECT_EQ(machine->serving().parked().size(), 2U);

  deposited("ledger-a", 10);  // comes to several lanes, and waits
  deposited("ledger-c", 10);
  fold();
  EXPECT_EQ(machine->serving().parked().size(), 3U);
  cross_balances::is_mended = true;
  ASSERT_TRUE(machine->replay_parked());
  EXPECT_EQ(rows(), folded_in_one_lane());
}

TEST_F(Lanes, NoMoreIsParkedThanMayBe) {
  how.on_failure = {.then = when_failing::park, .parked_max = 2};
  start_with<cross_balances>();
  withdrawn("ledger-a", 1, "poison");
  for (int i = 0; i < 3; ++i) deposited("ledger-a", 10);
  fold();
  ASSERT_TRUE(machine->stopped());
  EXPECT_EQ(machine->stopped()->reason, "too-many-parked");
  EXPECT_EQ(machine->checkpoint(), position{2});
}

struct one_sum : balances_by_key {
  void apply(Deposited::Reader e, const recorded_event&, rows<row>& rows) {
    add("sum", e.getCents(), rows);
  }
  void apply(Withdrawn::Reader, const recorded_event&, rows<row>&) {}
};

TEST_F(Lanes, ARowOfAnotherKeyIsRefused) {
  start_with<one_sum>();
  deposited("ledger-a", 10);
  fold();
  ASSERT_TRUE(machine->stopped());
  EXPECT_NE(machine->stopped()->detail.find("row \"sum\" does not belong to the event's key \"a\""),
            std::string::npos)
      << machine->stopped()->to_string();
  EXPECT_TRUE(rows().empty());
}

struct entries_of_days : balances_by_key {
  void apply(Deposited::Reader e, const recorded_event& at, rows<row>& rows) {
    add(std::string(at.key()) + "/" + std::to_string(count_of(at.version)), e.getCents(), rows);
  }
  void apply(Withdrawn::Reader, const recorded_event&, rows<row>&) {}
};

TEST_F(Lanes, RowsBehindTheKeyAreItsOwn) {
  start_with<entries_of_days>();
  deposited("ledger-a", 10);
  deposited("ledger-b", 20);
  deposited("ledger-a", 30);
  fold();
  EXPECT_EQ(rows(), (shown_rows{{"a/1", {10, 1}}, {"a/2", {30, 1}}, {"b/1", {20, 1}}}));
}

struct balances_by_entry : cross_balances {
  static std::string order_key(const recorded_event& e) {
    return std::string(e.key()) + "/" + std::to_string(count_of(e.version));
  }
};

TEST_F(Lanes, WhatIsTheSameUpToTheFirstSlashIsOneOwners) {
  start_with<balances_by_entry>();
  for (int i = 0; i < 6; ++i) {
    deposited("ledger-a", 10);
    deposited("ledger-b", 20);
  }
  fold();
  EXPECT_EQ(rows(), (shown_rows{{"a", {60, 6}}, {"b", {120, 6}}}));
}

TEST_F(Lanes, AStoreThatCannotBeReadForAWhileIsTriedAgain) {
  how.on_failure = {.retries_max = 3, .backoff = 5ms};
  start_with<cross_balances>();
  for (const auto* stream : {"ledger-a", "ledger-b", "ledger-c"}) deposited(stream, 10);
  store.reads_fail = error{errc::unavailable, "disk-away", "as the test wants"};
  fold();
  EXPECT_TRUE(machine->serving().failing());
  EXPECT_EQ(machine->checkpoint(), no_position);
  store.reads_fail.reset();
  now += 5ms;
  fold();
  EXPECT_EQ(rows(), (shown_rows{{"a", {10, 1}}, {"b", {10, 1}}, {"c", {10, 1}}}));
}

}  // namespace
}  // namespace fasti::test
