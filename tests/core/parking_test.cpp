// What a projection does with events that it cannot apply: stop, try again, park.

#include "fasti/keys.hpp"
#include "tests/core/fold_kit.hpp"

namespace fasti::test {
namespace {

/// `balances`, as a program that was mended folds them.
struct mended_balances : balances {
  using balances::apply;
  void apply(Withdrawn::Reader e, const recorded_event& at, fasti::rows<row>& rows) {
    add(at.key(), -e.getCents(), rows);
  }
};

/// All ledgers share one key.
struct strict_balances : balances {
  static std::string order_key(const recorded_event&) { return "all"; }
};

class Parking : public FoldTest {
 protected:
  Parking() { restart({.on_failure = {.then = when_failing::park}}); }

  void restart(const projection_options& o) {
    how = o;
    start();
  }
  void mend() {
    port = fasti::detail::port_of_projection<mended_balances>();
    start();
  }
  [[nodiscard]] const core::parked_events::by_position& parked() const {
    return machine->serving().parked().all();
  }
};

TEST_F(Parking, AFailingEventIsKeptWithItsReasonAndTheRestGoesOn) {
  deposited("ledger-a", 5);
  withdrawn("ledger-a", 1, "poison");
  deposited("ledger-b", 7);
  fold();
  EXPECT_FALSE(machine->stopped());
  EXPECT_EQ(machine->checkpoint(), position{3});
  ASSERT_EQ(parked().size(), 1U);
  const auto& [at, e] = *parked().begin();
  EXPECT_EQ(at, position{2});
  EXPECT_EQ(e.stream, "ledger-a");
  EXPECT_EQ(e.key, "ledger-a");
  EXPECT_EQ(e.reason, "apply is cross");
  EXPECT_EQ(e.parked_at, timestamp(3s)) << "by the runtime's clock";
  EXPECT_EQ(balance("a"), 5);
  EXPECT_EQ(balance("b"), 7);
}

TEST_F(Parking, LaterEventsOfItsKeyWaitBehindIt) {
  withdrawn("ledger-a", 1, "poison");
  deposited("ledger-a", 5);
  deposited("ledger-b", 7);
  deposited("ledger-a", 6);
  fold();
  ASSERT_EQ(parked().size(), 3U);
  EXPECT_TRUE(parked().at(position{2}).reason.empty());
  EXPECT_TRUE(parked().contains(position{4}));
  EXPECT_EQ(balance("a"), -1);
  EXPECT_EQ(balance("b"), 7);
}

TEST_F(Parking, TheKeyCanBeTheProjectionsOwn) {
  port = fasti::detail::port_of_projection<strict_balances>();
  start();
  withdrawn("ledger-a", 1, "poison");
  deposited("ledger-b", 7);
  fold();
  EXPECT_EQ(parked().size(), 2U);
  EXPECT_EQ(parked().at(position{2}).key, "all");
}

TEST_F(Parking, AReplayByAMendedProgramAppliesThemInTheirOrder) {
  deposited("ledger-a", 50);
  withdrawn("ledger-a", 1, "poison");
  withdrawn("ledger-a", 2);
  deposited("ledger-b", 7);
  fold();
  mend();
  const auto replayed = machine->replay_parked();
  ASSERT_TRUE(replayed);
  EXPECT_EQ(replayed->applied, 2U);
  EXPECT_EQ(replayed->still_parked, 0U);
  EXPECT_EQ(rows(), folded_anew());
  EXPECT_EQ(balance("a"), 47);
}

TEST_F(Parking, AReplayByTheSameProgramChangesNothing) {
  deposited("ledger-a", 50);
  withdrawn("ledger-a", 1, "poison");
  withdrawn("ledger-a", 2);
  fold();
  const auto before = rows();
  const auto replayed = machine->replay_parked();
  ASSERT_TRUE(replayed);
  EXPECT_EQ(replayed->applied, 0U);
  EXPECT_EQ(replayed->still_parked, 2U);
  EXPECT_EQ(rows(), before);
}

TEST_F(Parking, OneThatIsGivenUpLetsTheOthersGo) {
  deposited("ledger-a", 50);
  withdrawn("ledger-a", 1, "poison");
  withdrawn("ledger-a", 2);
  fold();
  EXPECT_EQ(machine->skip_parked(position{1}).error().reason, "not-parked");
  ASSERT_TRUE(machine->skip_parked(position{2}));
  EXPECT_EQ(machine->replay_parked()->applied, 1U);
  EXPECT_EQ(balance("a"), 48);
}

TEST_F(Parking, P9_ParkedEventsSurviveTheProcessWithTheRows) {
  deposited("ledger-a", 5);
  withdrawn("ledger-a", 1, "poison");
  deposited("ledger-a", 6);
  fold();
  const auto before = parked();
  start();
  ASSERT_EQ(parked().size(), before.size());
  EXPECT_EQ(parked().at(position{2}).reason, before.at(position{2}).reason);
  deposited("ledger-a", 7);
  fold();
  EXPECT_EQ(parked().size(), 3U) << "what comes later waits, too";
  EXPECT_EQ(balance("a"), 5);
}

TEST_F(Parking, P10_ADamagedRowOfOneIsNamed) {
  deposited("ledger-a", 5);
  withdrawn("ledger-a", 1, "poison");
  fold();
  const auto key = std::string(core::parked_keys) + key_of(std::uint64_t{2});
  for (const bool is_cut : {false, true}) {
    auto row = **kept->row("balances", key);
    is_cut ? row.resize(row.size() - 1) : damage_message(row);
    ASSERT_TRUE(kept->write("balances", {{{key, row}}, position{2}}));
    const auto why = core::projection_machine({port, *journal, store, options}, how).open();
    ASSERT_FALSE(why);
    EXPECT_EQ(why.error().reason, "row-damaged");
    EXPECT_NE(why.error().detail.find("balances, row of the event parked at position 2"),
              std::string::npos)
        << why.error().detail;
  }
}

TEST_F(Parking, OverTheLimitItStopsAndAReplayStartsItAgain) {
  restart({.on_failure = {.then = when_failing::park, .parked_max = 2}});
  for (const auto* stream : {"ledger-a", "ledger-b", "ledger-c"}) withdrawn(stream, 1, "poison");
  deposited("ledger-d", 9);
  fold();
  ASSERT_TRUE(machine->stopped());
  EXPECT_EQ(machine->stopped()->reason, "too-many-parked");
  EXPECT_EQ(machine->checkpoint(), position{2});
  mend();
  fold();
  EXPECT_EQ(machine->replay_parked()->applied, 2U);
  fold();
  EXPECT_EQ(rows(), folded_anew());
}

TEST_F(Parking, SeveralPoisonedEventsInOneBatchAreAllParked) {
  options.projection_batch_events = 100;
  for (int i = 0; i < 20; ++i) {
    const auto stream = "ledger-" + std::to_string(i);
    deposited(stream, 10);
    if (i % 3 == 0) withdrawn(stream, 1, "poison");
    deposited(stream, 1);
  }
  fold();
  EXPECT_EQ(parked().size(), 14U);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(balance(std::to_string(i).c_str()), i % 3 == 0 ? 10 : 11);
  }
}

TEST_F(Parking, AStoreThatFailsParksNothing) {
  store.reads_fail = error{errc::corrupt, "broken", "as the test wants"};
  deposited("ledger-a", 5);
  fold();
  EXPECT_TRUE(machine->stopped());
  EXPECT_TRUE(parked().empty());
}

TEST_F(Parking, RowsOfUsersDoNotBeginLikeFastisOwn) {
  struct greedy : balances {
    using balances::apply;
    void apply(Deposited::Reader, const recorded_event&, fasti::rows<row>& rows) {
      rows.at("\xff");
    }
  };
  port = fasti::detail::port_of_projection<greedy>();
  start();
  deposited("ledger-a", 5);
  fold();
  ASSERT_EQ(parked().size(), 1U);
  EXPECT_NE(parked().begin()->second.reason.find("0xff"), std::string::npos);
}

// -- trying again ---------------------------------------------------------------------------------

class Retrying : public Parking {
 protected:
  Retrying() {
    restart({.on_failure = {.retries_max = 3, .backoff = 100ms, .backoff_max = 250ms}});
  }
};

TEST_F(Retrying, WaitsTwiceAsLongEachTimeUpToALimitAndThenStops) {
  deposited("ledger-a", 5);
  withdrawn("ledger-a", 1, "poison");
  std::vector<clock::duration> waits;
  fold();
  while (!machine->stopped()) {
    ASSERT_LT(waits.size(), 10U);
    ASSERT_TRUE(machine->waits_for_retry());
    waits.push_back(machine->serving().retry_at() - now);
    now = machine->serving().retry_at() - 1ns;
    EXPECT_FALSE(machine->wants_step(journal->head(), now));
    now += 1ns;
    fold();
  }
  EXPECT_EQ(waits, (std::vector<clock::duration>{100ms, 200ms, 250ms}));
  EXPECT_EQ(machine->stopped()->reason, "projection-stopped");
  EXPECT_EQ(machine->checkpoint(), position{1});
}

TEST_F(Retrying, AStoreThatIsBackGoesOnAsIfNothingHadBeen) {
  deposited("ledger-a", 5);
  store.writes_fail = error{errc::unavailable, "full", "as the test wants"};
  fold();
  EXPECT_FALSE(machine->stopped());
  ASSERT_TRUE(machine->serving().failing());
  EXPECT_EQ(machine->serving().failing()->reason, "full");
  store.writes_fail.reset();
  now += 100ms;
  fold();
  EXPECT_FALSE(machine->serving().failing());
  EXPECT_EQ(balance("a"), 5);
}

TEST_F(Retrying, WhatIsDamagedIsNotTriedAgain) {
  deposited("ledger-a", 5);
  store.writes_fail = error{errc::corrupt, "damaged", "as the test wants"};
  fold();
  EXPECT_TRUE(machine->stopped());
}

TEST_F(Retrying, ThenItParks) {
  restart({.on_failure = {.retries_max = 1, .backoff = 100ms, .then = when_failing::park}});
  withdrawn("ledger-a", 1, "poison");
  deposited("ledger-b", 5);
  fold();
  EXPECT_TRUE(parked().empty());
  now += 100ms;
  fold();
  EXPECT_EQ(parked().size(), 1U);
  EXPECT_EQ(balance("b"), 5);
  EXPECT_FALSE(machine->waits_for_retry());
}

}  // namespace
}  // namespace fasti::test
