// A view that is folded anew beside the one that serves.

#include "tests/core/fold_kit.hpp"

namespace fasti::test {
namespace {

/// Counts withdrawals as if they were deposits: the view that a mistake made.
struct wrong_balances : balances {
  using balances::apply;
  void apply(Withdrawn::Reader e, const recorded_event& at, fasti::rows<row>& rows) {
    rows.at(at.key()).setCents(e.getCents());
  }
};

class ViewRebuild : public FoldTest {
 protected:
  void start_rebuild(when_caught_up then = when_caught_up::wait, position behind = no_position) {
    const auto started = machine->start_rebuild(behind, then);
    ASSERT_TRUE(started) << started.error().to_string();
  }
  [[nodiscard]] rebuild_phase phase() const { return machine->rebuild()->phase; }
  [[nodiscard]] std::uint64_t generation() const { return machine->rebuild_generation(); }
  void fill(int accounts) {
    for (int i = 0; i < accounts; ++i) deposited("ledger-" + std::to_string(i), i + 1);
  }
  [[nodiscard]] std::vector<std::string> views_kept() const {
    std::vector<std::string> names;
    const auto all = kept->checkpoints();
    for (const auto& [name, at] : *all) {
      if (!name.starts_with(core::own_views)) names.push_back(name);
    }
    return names;
  }
};

TEST_F(ViewRebuild, TheOldOneServesAndFollowsUntilTheNewOneTakesItsPlace) {
  fill(10);
  fold();
  start_rebuild();
  EXPECT_EQ(balance("3"), 4);
  machine->step(journal->head(), now);
  EXPECT_EQ(phase(), rebuild_phase::folding);
  EXPECT_EQ(machine->rebuild()->at, position{4});
  EXPECT_EQ(machine->rebuild()->goal, position{10});
  deposited("ledger-3", 100);
  fold();
  EXPECT_EQ(phase(), rebuild_phase::caught_up);
  EXPECT_EQ(balance("3"), 104);
  ASSERT_TRUE(machine->switch_over(generation()));
  EXPECT_EQ(phase(), rebuild_phase::switched_over);
  EXPECT_EQ(balance("3"), 104);
  EXPECT_EQ(views_kept().size(), 1U) << "the old one is gone";
  EXPECT_EQ(rows(), folded_anew());
}

TEST_F(ViewRebuild, TakesOverByItselfWhenAskedTo) {
  fill(10);
  fold();
  start_rebuild(when_caught_up::switch_over);
  fold();
  EXPECT_EQ(phase(), rebuild_phase::switched_over);
  EXPECT_EQ(rows(), folded_anew());
}

TEST_F(ViewRebuild, RepairsWhatAWrongProgramMade) {
  port = fasti::detail::port_of_projection<wrong_balances>();
  start();
  deposited("ledger-a", 50);
  withdrawn("ledger-a", 20);
  fold();
  EXPECT_EQ(balance("a"), 20);
  port = fasti::detail::port_of_projection<balances>();
  start();
  start_rebuild();
  fold();
  const auto both = machine->snapshot_of_both(generation());
  ASSERT_TRUE(both);
  std::vector<std::string> differing;
  const auto d = core::difference_of(*both, [&](std::string_view key, body_view, body_view) {
    differing.emplace_back(key);
    return true;
  });
  ASSERT_TRUE(d);
  EXPECT_EQ(d->changed, 1U);
  EXPECT_EQ(d->rows(), 1U);
  EXPECT_EQ(d->as_of, position{2});
  EXPECT_EQ(differing, std::vector<std::string>{"a"});
  ASSERT_TRUE(machine->switch_over(generation()));
  EXPECT_EQ(balance("a"), 30);
}

TEST_F(ViewRebuild, CancelledItLeavesNothing) {
  fill(10);
  fold();
  const auto before = rows();
  start_rebuild();
  machine->step(journal->head(), now);
  ASSERT_TRUE(machine->cancel_rebuild(generation()));
  EXPECT_EQ(phase(), rebuild_phase::cancelled);
  EXPECT_EQ(machine->cancel_rebuild(generation()).error().reason, "rebuild-over");
  EXPECT_EQ(machine->switch_over(generation()).error().reason, "rebuild-over");
  EXPECT_EQ(views_kept(), std::vector<std::string>{"balances"});
  EXPECT_EQ(rows(), before);
  start_rebuild(when_caught_up::switch_over);
  fold();
  EXPECT_EQ(rows(), before);
}

TEST_F(ViewRebuild, GoesOnBehindItsCheckpointAfterACrash) {
  fill(30);
  fold();
  start_rebuild();
  machine->step(journal->head(), now);
  machine->step(journal->head(), now);
  const auto at = machine->rebuild()->at;
  ASSERT_EQ(phase(), rebuild_phase::folding);
  start();
  ASSERT_TRUE(machine->rebuild());
  EXPECT_EQ(machine->rebuild()->at, at);
  fold();
  EXPECT_EQ(phase(), rebuild_phase::caught_up) << "it waits, as it was told to";
  ASSERT_TRUE(machine->switch_over(generation()));
  start();
  EXPECT_FALSE(machine->rebuild());
  EXPECT_EQ(rows(), folded_anew());
}

TEST_F(ViewRebuild, OneAtATime) {
  fill(30);
  fold();
  start_rebuild();
  EXPECT_EQ(machine->start_rebuild(no_position, when_caught_up::wait).error().reason,
            "rebuild-under-way");
  EXPECT_EQ(machine->switch_over(generation()).error().reason, "not-caught-up");
  EXPECT_EQ(machine->snapshot_of_both(generation()).error().reason, "not-caught-up");
}

TEST_F(ViewRebuild, ThatFailsLeavesTheOldOneAndMayBeStartedAgain) {
  port = fasti::detail::port_of_projection<wrong_balances>();
  start();
  deposited("ledger-a", 50);
  withdrawn("ledger-a", 20, "poison");
  fold();
  port = fasti::detail::port_of_projection<balances>();  // which throws at the poison
  start();
  start_rebuild(when_caught_up::switch_over);
  fold();
  EXPECT_EQ(phase(), rebuild_phase::failed);
  EXPECT_EQ(machine->rebuild()->failure->reason, "projection-stopped");
  EXPECT_EQ(balance("a"), 20);
  port = fasti::detail::port_of_projection<wrong_balances>();
  start_rebuild(when_caught_up::switch_over);
  fold();
  EXPECT_EQ(phase(), rebuild_phase::switched_over);
}

TEST_F(ViewRebuild, OfAStoppedViewGoesToTheEndAndStartsIt) {
  deposited("ledger-a", 50);
  withdrawn("ledger-a", 20, "poison");
  deposited("ledger-b", 7);
  fold();
  ASSERT_TRUE(machine->stopped());
  port = fasti::detail::port_of_projection<wrong_balances>();
  start_rebuild(when_caught_up::switch_over);
  const auto waits = ask("b", 3);
  EXPECT_TRUE(waits->empty()) << "the rebuild may bring it";
  fold();
  EXPECT_FALSE(machine->stopped());
  ASSERT_EQ(waits->size(), 1U);
  EXPECT_TRUE(waits->front());
}

TEST_F(ViewRebuild, OfAStoppedViewDoesNotChaseAJournalThatGrowsAllTheTime) {
  withdrawn("ledger-a", 20, "poison");
  fold();
  ASSERT_TRUE(machine->stopped());
  port = fasti::detail::port_of_projection<wrong_balances>();
  store.before_write = [this](std::string_view) {
    deposited("ledger-b", 1);  // whenever it comes to the end, there is more
    return result<void>();
  };
  const auto a_while = [this] {
    for (int steps = 0; steps < 20; ++steps) machine->step(journal->head(), now);
  };
  start_rebuild(when_caught_up::wait);
  a_while();
  EXPECT_EQ(phase(), rebuild_phase::caught_up);
  ASSERT_TRUE(machine->cancel_rebuild(generation()));
  start_rebuild(when_caught_up::switch_over);
  a_while();
  EXPECT_EQ(phase(), rebuild_phase::switched_over);
  EXPECT_FALSE(machine->stopped());
}

TEST_F(ViewRebuild, TakingOverIsTriedAgainWhenTheStoreRefusedIt) {
  std::string logged;
  options.log = [&logged](log_level, std::string_view line) { logged += line; };
  fill(10);
  fold();
  start_rebuild(when_caught_up::switch_over);
  store.before_write = [](std::string_view view) -> result<void> {
    if (view != core::generations_view) return {};
    return error{errc::unavailable, "disk-full", "as the test wants"};
  };
  fold();
  EXPECT_EQ(phase(), rebuild_phase::folding) << "the old one serves";
  EXPECT_NE(logged.find("disk-full"), std::string::npos);
  EXPECT_TRUE(machine->waits_for_retry()) << "ticks reach it";
  store.before_write = nullptr;
  machine->step(journal->head(), now);
  EXPECT_EQ(phase(), rebuild_phase::switched_over);
  EXPECT_EQ(rows(), folded_anew());
}

TEST_F(ViewRebuild, P10_WhichGenerationServesIsNotGuessedFromADamagedRow) {
  start_rebuild();
  for (const bool is_cut : {false, true}) {
    auto row = **kept->row(core::generations_view, "balances");
    is_cut ? row.resize(row.size() - 1) : damage_message(row);
    ASSERT_TRUE(kept->write(core::generations_view, {{{"balances", row}}, no_position}));
    const auto why = core::projection_machine({port, *journal, store, options}, how).open();
    ASSERT_FALSE(why);
    EXPECT_EQ(why.error().reason, "row-damaged");
    EXPECT_NE(why.error().detail.find("fasti.generations, row balances"), std::string::npos)
        << why.error().detail;
  }
}

TEST_F(ViewRebuild, FromAPositionItLeavesOutWhatWasBefore) {
  fill(10);
  fold();
  start_rebuild(when_caught_up::switch_over, position{7});
  fold();
  EXPECT_EQ(rows(), (shown_rows{{"7", {8, 1}}, {"8", {9, 1}}, {"9", {10, 1}}}));
}

TEST_F(ViewRebuild, ManyRowsAreComparedInTheirOrder) {
  fill(700);
  fold();
  start_rebuild(when_caught_up::wait, position{3});
  deposited("ledger-zz", 1);
  fold();
  EXPECT_TRUE(kept->write("balances", {{{"500", std::nullopt}}, position{701}}));
  const auto both = machine->snapshot_of_both(generation());
  ASSERT_TRUE(both);
  EXPECT_TRUE(kept->clear("balances")) << "the snapshot does not care";
  std::vector<std::string> keys;
  const auto d = core::difference_of(*both, [&](std::string_view key, body_view a, body_view b) {
    keys.emplace_back(key);
    EXPECT_NE(a.empty(), b.empty());
    return true;
  });
  ASSERT_TRUE(d);
  EXPECT_EQ(keys, (std::vector<std::string>{"0", "1", "2", "500"}));
  EXPECT_EQ(d->only_old, 3U);
  EXPECT_EQ(d->only_new, 1U);
  EXPECT_EQ(d->same, 697U);
}

}  // namespace
}  // namespace fasti::test
