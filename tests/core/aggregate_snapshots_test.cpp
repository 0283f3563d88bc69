// When an aggregate saves its state, and that what it saves is what its events say.

#include "aggregate_fixture.hpp"

namespace fasti::test {
namespace {

TEST_F(AggregateMachine, SnapshotIsTakenEachTimeTheStreamHasGrownEnough) {
  bring_to_life();
  for (int i = 1; i <= 7; ++i) static_cast<void>(deposit(i));
  ASSERT_EQ(world.snapshots.size(), 2U);
  EXPECT_EQ(world.snapshots[0].version, version{3});
  EXPECT_EQ(world.snapshots[1].version, version{6});
  EXPECT_EQ(world.snapshots[1].type, type_id_of<LedgerState>);
  EXPECT_EQ(world.snapshots[1].schema, fingerprint_of<LedgerState>());
  body_reader saved(world.snapshots[1].body);
  EXPECT_EQ(saved.root<LedgerState>().getBalance(), 21);
}

TEST_F(AggregateMachine, ASnapshotIsTakenWhenTheTailIsLong) {
  const auto of_one = build<Deposited>([](auto e) { e.setCents(1); }).size() * word_bytes;
  aggregate_machine by_size{
      stream_id::of("ledger", "2"), decider, world, {.every_bytes = 4 * of_one}};
  const auto send_to = [&by_size](std::int64_t cents) {
    core::command_request asks{
        type_id_of<Deposit>, build<Deposit>([cents](auto c) { c.setCents(cents); }), {}};
    asks.origin.id = command_id::generate();
    by_size.on_arrival(std::make_unique<core::incoming_command>(by_size.stream(), std::move(asks),
                                                                [](const result<receipt>&) {}));
  };
  send_to(1);
  core::recovered_aggregate loaded{decider.make(), version{2}, no_version};
  loaded.tail_bytes = 2 * of_one;
  by_size.on_loaded(std::move(loaded));
  EXPECT_TRUE(world.snapshots.empty());
  send_to(1);
  ASSERT_EQ(world.snapshots.size(), 1U) << "what was replayed counts";
  EXPECT_EQ(world.snapshots[0].version, version{4});
  for (int i = 0; i < 3; ++i) send_to(1);
  EXPECT_EQ(world.snapshots.size(), 1U);
  send_to(1);
  EXPECT_EQ(world.snapshots.size(), 2U);
}

struct wishful : ledger {
  using commands = types<Deposit>;
  decision decide(Deposit::Reader c, emit& out) const { return ledger::decide(c, out); }
  bool wants_snapshot() const { return balance % 100 == 0; }
};

TEST_F(AggregateMachine, ASnapshotIsTakenWhenTheDeciderWantsOne) {
  const auto port = fasti::detail::port_of_decider<wishful>();
  aggregate_machine wishing{stream_id::of("ledger", "2"), port, world, {}};
  std::vector<std::uint64_t> at;
  for (const std::int64_t cents : {50, 50, 99, 1, 1}) {
    core::command_request asks{
        type_id_of<Deposit>, build<Deposit>([cents](auto c) { c.setCents(cents); }), {}};
    asks.origin.id = command_id::generate();
    wishing.on_arrival(std::make_unique<core::incoming_command>(wishing.stream(), std::move(asks),
                                                                [](const result<receipt>&) {}));
    if (wishing.where() == phase::loading) wishing.on_loaded({{port.make(), {}, {}}});
  }
  for (const auto& s : world.snapshots) at.push_back(count_of(s.version));
  EXPECT_EQ(at, (std::vector<std::uint64_t>{2, 4}));
}

TEST_F(AggregateMachine, P13_LiveStateEqualsTheFoldOfItsEventsByteForByte) {
  bring_to_life();
  for (int i = 1; i <= 9; ++i) static_cast<void>(deposit(i));
  static_cast<void>(withdraw(11));
  world.settle_all();
  const auto recovered = world.recovered();
  message_scratch scratch;
  std::vector<word> folded;
  recovered.state->save(scratch.begin());
  scratch.finish(folded);
  static_cast<void>(deposit(1));
  static_cast<void>(deposit(1));  // the twelfth event: a snapshot of the live state
  ASSERT_EQ(world.snapshots.back().version, version{12});
  body_reader live(world.snapshots.back().body);
  body_reader fold(folded);
  EXPECT_EQ(live.root<LedgerState>().getBalance(), fold.root<LedgerState>().getBalance() + 2);
  world.settle_all();
  folded.clear();
  world.recovered().state->save(scratch.begin());
  scratch.finish(folded);
  EXPECT_EQ(world.snapshots.back().body, folded);
}

}  // namespace
}  // namespace fasti::test
