#include "runtime/core/projection_machine.hpp"

#include "tests/core/fold_kit.hpp"

namespace fasti::test {
namespace {

using ProjectionMachine = FoldTest;

TEST_F(ProjectionMachine, P9_RowsAndCheckpointGoInOneBatch) {
  deposited("ledger-a", 5);
  deposited("ledger-b", 7);
  put("other-x", type_id_of<Undeclared>, build<Undeclared>([](auto) {}));
  store.changes_left = 1;
  fold();
  EXPECT_EQ(*kept->checkpoint("balances"), position{3}) << "what did not match is looked at, too";
  EXPECT_EQ(rows(), folded_anew());
  EXPECT_EQ(machine->serving().events_folded(), 2U);
}

TEST_F(ProjectionMachine, P2_QueriesSeeOnlyWhatIsInTheStore) {
  deposited("ledger-a", 5);
  EXPECT_EQ(balance("a"), -1);
  fold();
  EXPECT_EQ(balance("a"), 5);
}

TEST_F(ProjectionMachine, AnAnswerSaysWhatPositionItShows) {
  deposited("ledger-a", 5);
  deposited("ledger-a", 5);
  fold();
  EXPECT_EQ(ask("a")->at(0)->as_of, position{2});
}

TEST_F(ProjectionMachine, QueryWaitsUntilItsPositionIsVisible) {
  const auto early = ask("a", 2);
  deposited("ledger-a", 5);
  fold();
  EXPECT_TRUE(early->empty());
  deposited("ledger-a", 5);
  fold();
  ASSERT_EQ(early->size(), 1U);
  EXPECT_EQ(owned<Balance>(early->front()->words)->getCents(), 10);
}

TEST_F(ProjectionMachine, QueryThatWaitsTooLongIsToldSo) {
  const auto late = ask("a", 2, 50ms);
  machine->answer_waiting(now + 49ms);
  EXPECT_TRUE(late->empty());
  machine->answer_waiting(now + 50ms);
  ASSERT_EQ(late->size(), 1U);
  EXPECT_EQ(late->front().error().code, errc::unavailable);
  EXPECT_EQ(late->front().error().reason, "not-visible-in-time");
}

TEST_F(ProjectionMachine, WaitingQueriesAreBounded) {
  const auto a = ask("a", 9);
  const auto b = ask("a", 9);
  const auto c = ask("a", 9);
  EXPECT_TRUE(a->empty() && b->empty());
  EXPECT_EQ(c->at(0).error().reason, "queue-full");
}

TEST_F(ProjectionMachine, RowThatIsNotThereIsTheProjectionsToReject) {
  const auto none = ask("nobody");
  EXPECT_EQ(none->at(0).error().code, errc::rejected);
  EXPECT_EQ(none->at(0).error().reason, "no-such-account");
}

TEST_F(ProjectionMachine, ErasedRowIsGoneAndCanComeBack) {
  deposited("ledger-a", 5);
  fold();
  withdrawn("ledger-a", 5, "close");
  fold();
  EXPECT_TRUE(rows().empty());
  deposited("ledger-a", 1);
  withdrawn("ledger-a", 1, "close");
  deposited("ledger-a", 2);
  fold();
  EXPECT_EQ(balance("a"), 2);
}

TEST_F(ProjectionMachine, PoisonStopsItBehindTheLastGoodEvent) {
  deposited("ledger-a", 5);
  deposited("ledger-b", 5);
  withdrawn("ledger-a", 1, "poison");
  deposited("ledger-b", 5);
  fold();
  ASSERT_TRUE(machine->stopped());
  EXPECT_EQ(machine->stopped()->reason, "projection-stopped");
  EXPECT_NE(machine->stopped()->detail.find("position 3"), std::string::npos);
  EXPECT_EQ(*kept->checkpoint("balances"), position{2}) << "the good ones before it come first";
  EXPECT_EQ(balance("a"), 5) << "what the view shows is still good";
  EXPECT_EQ(balance("b"), 5);
  EXPECT_EQ(ask("a", 3)->at(0).error().reason, "projection-stopped");
}

TEST_F(ProjectionMachine, RowsOfEarlierBatchesStayAtHand) {
  deposited("ledger-a", 5);
  fold();
  store.reads = 0;
  for (int i = 2; i <= 100; ++i) {
    deposited("ledger-a", 5);
    fold();
  }
  EXPECT_EQ(store.reads, 0);
  EXPECT_EQ(balance("a"), 500);
}

TEST_F(ProjectionMachine, NoMoreRowsStayAtHandThanMay) {
  const auto round = [this] {
    for (int i = 1; i <= 50; ++i) deposited("ledger-" + std::to_string(i), 5);
    fold();
  };
  round();
  store.reads = 0;
  round();
  EXPECT_GT(store.reads, 30) << "most have gone";
  for (int i = 1; i <= 50; ++i) EXPECT_EQ(balance(std::to_string(i).c_str()), 10);
}

TEST_F(ProjectionMachine, ARowThatWasErasedIsNotAtHandEither) {
  deposited("ledger-a", 5);
  withdrawn("ledger-a", 5, "close");
  fold();
  EXPECT_EQ(ask("a")->at(0).error().reason, "no-such-account");
  deposited("ledger-a", 1);
  fold();
  EXPECT_EQ(balance("a"), 1);
}

TEST_F(ProjectionMachine, P10_ADamagedRowStopsItAndIsNamed) {
  EXPECT_TRUE(kept->write("balances", {{{"a", "seven b"}}, no_position}));
  deposited("ledger-a", 5);
  fold();
  ASSERT_TRUE(machine->stopped());
  EXPECT_NE(machine->stopped()->detail.find("row \"a\""), std::string::npos);
}

TEST_F(ProjectionMachine, AStoreThatFailsStopsIt) {
  store.reads_fail = error{errc::corrupt, "broken", "as the test wants"};
  deposited("ledger-a", 5);
  fold();
  EXPECT_TRUE(machine->stopped());
}

TEST_F(ProjectionMachine, ACheckpointAheadOfTheJournalIsRefused) {
  EXPECT_TRUE(kept->write("balances", {{}, position{7}}));
  core::projection_machine other({port, *journal, store, options}, how);
  const auto refused = other.open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "checkpoint-ahead");
}

TEST_F(ProjectionMachine, StepsAreLargeOnTheWayToTheHeadAndSmallNearIt) {
  options.projection_batch_events = 1000;
  for (int i = 1; i <= 2100; ++i) deposited("ledger-a", 1);
  std::vector<std::uint64_t> shown;
  while (machine->wants_step(journal->head(), now)) {
    machine->step(journal->head(), now);
    shown.push_back(count_of(machine->checkpoint()));
  }
  EXPECT_EQ(shown, (std::vector<std::uint64_t>{1000, 2000, 2100}));
  shown.clear();
  for (int i = 1; i <= 1000; ++i) deposited("ledger-a", 1);
  while (machine->wants_step(journal->head(), now)) {
    machine->step(journal->head(), now);
    shown.push_back(count_of(machine->checkpoint()));
  }
  EXPECT_EQ(shown, (std::vector<std::uint64_t>{2612, 3100}));
  EXPECT_EQ(balance("a"), 3100);
}

TEST_F(ProjectionMachine, P13_TheSameEventsMakeTheSameRowsWhateverTheBatches) {
  for (int i = 1; i <= 12; ++i) {
    const auto* stream = i % 2 == 0 ? "ledger-a" : "ledger-b";
    i % 3 == 0 ? withdrawn(stream, 1) : deposited(stream, 10);
  }
  std::vector<shown_rows> shown;
  for (const std::size_t batch : {1U, 4U, 12U}) {
    options.projection_batch_events = batch;
    shown.push_back(folded_anew());
  }
  EXPECT_FALSE(shown[0].empty());
  EXPECT_EQ(shown[0], shown[1]);
  EXPECT_EQ(shown[0], shown[2]);
}

}  // namespace
}  // namespace fasti::test
