// Process managers: a transfer of money between ledgers, which takes time and may fail half-way.

#include <filesystem>
#include <set>

#include "tests/runtime/ledger_kit.hpp"
#include "transfer.capnp.h"

namespace {

using namespace fasti;
using namespace fasti::test;
using namespace std::chrono_literals;

struct desk {
  static constexpr auto category = "desk";
  using commands = types<Order>;
  using events = types<Ordered>;

  decision decide(Order::Reader c, emit& out) const {
    auto e = out.event<Ordered>();
    e.setFrom(c.getFrom());
    e.setTo(c.getTo());
    e.setCents(c.getCents());
    return accept();
  }
  void evolve(Ordered::Reader) {}
};

/// Takes no money.
struct frozen {
  static constexpr auto category = "frozen";
  using commands = types<Deposit>;
  using events = types<Deposited>;

  decision decide(Deposit::Reader, emit&) const { return reject("frozen", "since yesterday"); }
  void evolve(Deposited::Reader) {}
};

/// Cannot be read for a while.
struct brittle {
  static constexpr auto category = "brittle";
  using commands = types<Deposit>;
  using events = types<Deposited>;
  using queries = types<Balance(GetBalance)>;

  decision decide(Deposit::Reader c, emit& out) const {
    out.event<Deposited>().setCents(c.getCents());
    return accept();
  }
  void evolve(Deposited::Reader e) {
    if (is_broken) throw std::runtime_error("evolve is cross");
    balance += e.getCents();
  }
  decision answer(GetBalance::Reader, Balance::Builder reply) const {
    reply.setCents(balance);
    return accept();
  }

  std::int64_t balance = 0;
  static inline std::atomic<bool> is_broken{false};
};

struct transfer {
  static constexpr auto category = "transfer";
  using reacts_to = types<Ordered, Withdrawn, Deposited>;
  using commands = types<Withdraw, Deposit>;
  using events = types<Begun, Ended, Reminded>;
  using queries = types<Outcome(GetOutcome)>;

  void react(Ordered::Reader e, reactions& out) const {
    if (e.getCents() == 666) throw std::runtime_error("react is cross");
    auto begun = out.event<Begun>();
    begun.setFrom(e.getFrom());
    begun.setTo(e.getTo());
    begun.setCents(e.getCents());
    out.command<Withdraw>(e.getFrom().cStr()).setCents(e.getCents());
    out.set_timer("late", out.at().time + 1h);
  }
  void react(Withdrawn::Reader e, reactions& out) const {
    if (!to.empty()) out.command<Deposit>(to).setCents(e.getCents());
  }
  void react(Deposited::Reader, reactions& out) const {
    if (from.empty() || !how.empty()) return;
    end(out.at().stream == to ? "done" : "given back", out);
  }
  void on_refused(Withdraw::Reader, const refusal& why, reactions& out) const {
    end("refused: " + std::string(why.reason), out);
  }
  /// Gives back what was taken.
  void on_refused(Deposit::Reader c, const refusal&, reactions& out) const {
    out.command<Deposit>(from).setCents(c.getCents());
  }
  void on_timer(std::string_view name, reactions& out) const {
    EXPECT_EQ(name, "late");
    out.event<Reminded>();
  }

  void evolve(Begun::Reader e) {
    from = e.getFrom().cStr();
    to = e.getTo().cStr();
  }
  void evolve(Ended::Reader e) { how = e.getHow().cStr(); }
  void evolve(Reminded::Reader) { ++timers_fired; }

  decision answer(GetOutcome::Reader, Outcome::Builder reply) const {
    reply.setHow(how.c_str());
    reply.setTimersFired(timers_fired);
    return accept();
  }

  std::string from;
  std::string to;
  std::string how;
  unsigned timers_fired = 0;

 private:
  static void end(const std::string& how, reactions& out) {
    out.event<Ended>().setHow(how.c_str());
    out.cancel_timer("late");
  }
};

struct other : transfer {
  static constexpr auto category = "other";
};

class Process : public both_storages {
 protected:
  [[nodiscard]] runtime_options options() const {
    auto o = both_storages::options();
    o.clock = [now = now_] { return timestamp(std::chrono::nanoseconds(now->load())); };
    return o;
  }
  [[nodiscard]] runtime open() const {
    auto opened = runtime::open<ledger, desk, frozen, transfer>(options());
    if (!opened) throw std::runtime_error(opened.error().to_string());
    return *std::move(opened);
  }
  /// What it will be called.
  static std::string order(runtime& rt, const char* from, const char* to, std::int64_t cents,
                           command_origin origin = {}) {
    if (origin.id.is_none()) origin.id = command_id::generate();
    const auto key = origin.id.to_string();
    const auto done = answer_of(rt.send<Order>(
        "desk-1",
        [&](auto c) {
          c.setFrom(from);
          c.setTo(to);
          c.setCents(cents);
        },
        origin));
    EXPECT_TRUE(done) << done.error().to_string();
    return "transfer-" + key;
  }
  static std::string outcome(runtime& rt, const std::string& of) {
    const auto answer = answer_of(rt.query<transfer, GetOutcome>(of, [](auto) {}));
    return answer ? (*answer)->getHow().cStr() : answer.error().to_string();
  }
  static unsigned timers_fired(runtime& rt, const std::string& of) {
    return (*answer_of(rt.query<transfer, GetOutcome>(of, [](auto) {})))->getTimersFired();
  }
  static bool ends(runtime& rt, const std::string& of) {
    return comes_true([&] { return !outcome(rt, of).empty(); });
  }
  void pass(std::chrono::nanoseconds time) const { *now_ += time.count(); }

  struct stored_event {
    std::string command;
    type_id type;
    unique_id id;
    unique_id correlation;
    unique_id causation;
    trace_context trace;
  };
  static std::vector<stored_event> events_of(runtime& rt, const std::string& stream) {
    std::vector<stored_event> all;
    EXPECT_TRUE(rt.journal().read_stream(*stream_id::parse(stream), {}, [&](const auto& e) {
      all.push_back({e.command.to_string(), e.type, e.id, e.correlation, e.causation, e.trace});
      return visit::more;
    }));
    return all;
  }

 private:
  std::shared_ptr<std::atomic<std::int64_t>> now_ =
      std::make_shared<std::atomic<std::int64_t>>(std::chrono::nanoseconds(1h).count());
};
INSTANTIATE_TEST_SUITE_P(Storages, Process, ::testing::Values(storage::leveldb, storage::memory),
                         storage_name);

TEST_P(Process, TakesAndGives) {
  auto rt = open();
  ASSERT_TRUE(deposit(rt, "ledger-a", 100));
  const auto t = order(rt, "ledger-a", "ledger-b", 30);
  ASSERT_TRUE(ends(rt, t));
  EXPECT_EQ(outcome(rt, t), "done");
  EXPECT_EQ(state_balance(rt, "ledger-a"), 70);
  EXPECT_EQ(state_balance(rt, "ledger-b"), 30);
}

TEST_P(Process, ARefusalComesBackWithItsReason) {
  auto rt = open();
  const auto t = order(rt, "ledger-a", "ledger-b", 30);
  ASSERT_TRUE(ends(rt, t));
  EXPECT_EQ(outcome(rt, t), "refused: insufficient-funds");
  EXPECT_EQ(state_balance(rt, "ledger-b"), 0);
}

TEST_P(Process, WhatWasDoneIsUndoneWhenALaterStepIsRefused) {
  auto rt = open();
  ASSERT_TRUE(deposit(rt, "ledger-a", 100));
  const auto t = order(rt, "ledger-a", "frozen-b", 30);
  ASSERT_TRUE(ends(rt, t));
  EXPECT_EQ(outcome(rt, t), "given back");
  EXPECT_EQ(state_balance(rt, "ledger-a"), 100);
}

TEST_P(Process, P3_AReactionIsOneCommit) {
  auto rt = open();
  ASSERT_TRUE(deposit(rt, "ledger-a", 100));
  const auto t = order(rt, "ledger-a", "ledger-b", 30);
  ASSERT_TRUE(ends(rt, t));
  std::map<std::string, std::size_t> events;
  const auto all = events_of(rt, t);
  for (const auto& e : all) ++events[e.command];
  ASSERT_GE(all.size(), 4U);
  EXPECT_EQ(all[0].type, type_id_of<Begun>);
  EXPECT_EQ(events[all[0].command], 4U) << "its own, what it handled, a command, a timer";
}

TEST_P(Process, WhatItBelongsToGoesFromTheFirstCommandToTheLastEvent) {
  auto rt = open();
  ASSERT_TRUE(deposit(rt, "ledger-a", 100));
  command_origin first;
  first.id = command_id::generate();
  first.trace = *trace_context::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  const auto t = order(rt, "ledger-a", "ledger-b", 30, first);
  ASSERT_TRUE(ends(rt, t));
  const auto streams = {"desk-1", t.c_str(), "ledger-a", "ledger-b"};
  std::set<std::string> ids;
  for (const auto* stream : streams) {
    for (const auto& e : events_of(rt, stream)) ids.insert(e.id.to_string());
  }
  for (const auto* stream : streams) {
    SCOPED_TRACE(stream);
    const auto last = events_of(rt, stream).back();
    EXPECT_EQ(last.correlation, unique_id(first.id));
    EXPECT_EQ(last.trace, first.trace) << last.trace.to_string();
    if (stream == std::string_view("desk-1")) continue;  // the first: it was caused by nobody
    EXPECT_TRUE(ids.contains(last.causation.to_string()));
  }
}

TEST_P(Process, P8_ManyAtOnceEachTakeEffectOnce) {
  auto rt = open();
  constexpr int count = 300;
  ASSERT_TRUE(deposit(rt, "ledger-a", 10 * count));
  std::vector<std::string> all;
  for (int i = 0; i < count; ++i) {
    all.push_back(order(rt, "ledger-a", i % 3 == 0 ? "frozen-x" : "ledger-b", 10));
  }
  for (const auto& t : all) ASSERT_TRUE(ends(rt, t)) << t;
  EXPECT_EQ(state_balance(rt, "ledger-a"), 10 * count / 3);
  EXPECT_EQ(state_balance(rt, "ledger-b"), 10 * (count - count / 3));
  ASSERT_TRUE(comes_true([&] { return rt.stats().outbox.under_way == 0; }));
}

TEST_P(Process, P8_GoesOnInTheNextRuntimeAndAfterTheLossOfAllViews) {
  if (GetParam() != storage::leveldb) return;
  std::vector<std::string> all;
  {
    auto rt = open();
    ASSERT_TRUE(deposit(rt, "ledger-a", 1000));
    for (int i = 0; i < 50; ++i) all.push_back(order(rt, "ledger-a", "ledger-b", 10));
  }  // in the middle of it
  for (int round = 0; round < 3; ++round) {
    if (round > 0) std::filesystem::remove_all(options().path + "/views");
    auto rt = open();
    for (const auto& t : all) ASSERT_TRUE(ends(rt, t)) << t;
    ASSERT_TRUE(comes_true([&] {
      const auto s = rt.stats();
      return s.processes.at(0).handled == s.journal.head && s.outbox.under_way == 0;
    }));
    EXPECT_EQ(state_balance(rt, "ledger-a"), 500) << round;
    EXPECT_EQ(state_balance(rt, "ledger-b"), 500) << round;
  }
}

TEST_P(Process, CommandsWaitForWhoDecidesThem) {
  auto rt = *runtime::open<ledger, desk, transfer>(options());
  ASSERT_TRUE(deposit(rt, "ledger-a", 100));
  const auto t = order(rt, "ledger-a", "frozen-b", 30);
  ASSERT_TRUE(comes_true([&] { return rt.stats().outbox.failing.has_value(); }));
  EXPECT_EQ(rt.stats().outbox.failing->reason, "unknown-category");
  ASSERT_TRUE(rt.add<frozen>());
  ASSERT_TRUE(ends(rt, t));
  EXPECT_EQ(outcome(rt, t), "given back");
}

TEST_P(Process, P8_CommandsWaitForAnAggregateThatCannotBeRead) {
  if (GetParam() != storage::leveldb) return;
  brittle::is_broken = false;
  {
    auto rt = *runtime::open<brittle>(options());
    ASSERT_TRUE(deposit(rt, "brittle-b", 1));
  }
  brittle::is_broken = true;
  auto rt = *runtime::open<ledger, desk, brittle, transfer>(options());
  ASSERT_TRUE(deposit(rt, "ledger-a", 100));
  const auto t = order(rt, "ledger-a", "brittle-b", 30);
  ASSERT_TRUE(comes_true([&] { return rt.stats().outbox.failing.has_value(); }));
  EXPECT_EQ(rt.stats().outbox.failing->code, errc::corrupt);
  EXPECT_EQ(outcome(rt, t), "") << "it is no refusal";
  brittle::is_broken = false;
  pass(10min);  // it is not read again at every try
  ASSERT_TRUE(ends(rt, t));
  EXPECT_EQ(outcome(rt, t), "done");
  const auto balance = answer_of(rt.query<brittle, GetBalance>("brittle-b", [](auto) {}));
  EXPECT_EQ((*balance)->getCents(), 31);
}

TEST_P(Process, AReactionThatThrowsStopsItsKindAndNothingElse) {
  auto rt = open();
  ASSERT_TRUE(deposit(rt, "ledger-a", 10'000));
  const auto before = order(rt, "ledger-a", "ledger-b", 1);
  ASSERT_TRUE(ends(rt, before));
  static_cast<void>(order(rt, "ledger-a", "ledger-b", 666));
  ASSERT_TRUE(comes_true([&] { return rt.stats().processes.at(0).stopped.has_value(); }));
  const auto why = rt.stats().processes.at(0).stopped;
  EXPECT_NE(why->detail.find("react is cross"), std::string::npos) << why->detail;
  EXPECT_NE(logged().find("react is cross"), std::string::npos);
  EXPECT_EQ(state_balance(rt, "ledger-b"), 1);
}

// -- timers ---------------------------------------------------------------------------------------

/// Withdraws nothing, waits.
TEST_P(Process, ATimerFiresOnceWhenItsTimeHasCome) {
  auto rt = *runtime::open<ledger, desk, transfer>(options());
  ASSERT_TRUE(deposit(rt, "ledger-a", 100));
  const auto t = order(rt, "ledger-a", "frozen-b", 30);  // which nobody decides: it is under way
  ASSERT_TRUE(comes_true([&] { return rt.stats().outbox.failing.has_value(); }));
  EXPECT_EQ(timers_fired(rt, t), 0U);
  pass(59min);
  const auto seen = rt.stats().journal.head;
  ASSERT_TRUE(deposit(rt, "ledger-z", 1));
  EXPECT_EQ(timers_fired(rt, t), 0U);
  pass(2min);
  ASSERT_TRUE(comes_true([&] { return timers_fired(rt, t) == 1; }));
  pass(48h);
  ASSERT_TRUE(rt.add<frozen>());
  ASSERT_TRUE(ends(rt, t));
  EXPECT_EQ(timers_fired(rt, t), 1U);
  EXPECT_GT(rt.stats().journal.head, seen);
}

TEST_P(Process, ACancelledTimerDoesNotFire) {
  auto rt = open();
  ASSERT_TRUE(deposit(rt, "ledger-a", 100));
  const auto done = order(rt, "ledger-a", "ledger-b", 30);
  ASSERT_TRUE(ends(rt, done));
  pass(48h);
  // One that is set later fires, so the one before it would have, too.
  auto rt_clock_moved = order(rt, "ledger-a", "ledger-b", 30);
  ASSERT_TRUE(ends(rt, rt_clock_moved));
  EXPECT_EQ(timers_fired(rt, done), 0U);
}

TEST_P(Process, TimersSurviveARestartAndLateOnesComeInTheirOrder) {
  if (GetParam() != storage::leveldb) return;
  std::vector<std::string> all;
  {
    auto rt = *runtime::open<ledger, desk, transfer>(options());
    ASSERT_TRUE(deposit(rt, "ledger-a", 1000));
    for (int i = 0; i < 20; ++i) {
      all.push_back(order(rt, "ledger-a", "frozen-b", 1));
      pass(1min);
    }
    ASSERT_TRUE(comes_true([&] { return state_balance(rt, "ledger-a") == 980; }));
  }
  pass(48h);
  auto rt = *runtime::open<ledger, desk, transfer>(options());
  for (const auto& t : all) ASSERT_TRUE(comes_true([&] { return timers_fired(rt, t) == 1; })) << t;
  std::vector<std::string> fired;
  ASSERT_TRUE(rt.journal().read({.types = {type_id_of<Reminded>}}, [&](const auto& e) {
    fired.emplace_back(e.stream);
    return visit::more;
  }));
  EXPECT_EQ(fired, all);
}

TEST_P(Process, WhereItBeganStaysWhenAllViewsAreLost) {
  if (GetParam() != storage::leveldb) return;
  std::string kept;
  {
    auto rt = *runtime::open<ledger, desk, frozen>(options());
    ASSERT_TRUE(rt.add<transfer>({.from = start_at::now()}));  // the journal is empty
    ASSERT_TRUE(deposit(rt, "ledger-a", 100));
    kept = order(rt, "ledger-a", "ledger-b", 7);
  }
  std::filesystem::remove_all(options().path + "/views");
  auto rt = *runtime::open<ledger, desk, frozen>(options());
  ASSERT_TRUE(rt.add<transfer>({.from = start_at::now()}));
  ASSERT_TRUE(ends(rt, kept)) << "it does not begin anew at the head";
  EXPECT_EQ(state_balance(rt, "ledger-b"), 7);
}

TEST_P(Process, CommandsWaitForWhoIssuedThem) {
  if (GetParam() != storage::leveldb) return;
  {
    auto rt = *runtime::open<ledger, desk, transfer>(options());
    ASSERT_TRUE(deposit(rt, "ledger-a", 100));
    static_cast<void>(order(rt, "ledger-a", "frozen-b", 30));
    ASSERT_TRUE(comes_true([&] { return rt.stats().outbox.failing.has_value(); }));
  }
  // A program that has forgotten it, but has others.
  auto rt = *runtime::open<ledger, desk, frozen, other>(options());
  ASSERT_TRUE(comes_true([&] { return rt.stats().outbox.failing.has_value(); }));
  EXPECT_NE(rt.stats().outbox.failing->detail.find("transfer"), std::string::npos);
  ASSERT_TRUE(rt.add<transfer>());
  ASSERT_TRUE(comes_true([&] { return rt.stats().outbox.under_way == 0; }));
}

TEST_P(Process, WhatIsUnderWayIsNotTruncated) {
  auto o = options();
  o.snapshot_every_events = 2;
  auto rt = *runtime::open<ledger, desk, transfer>(o);
  ASSERT_TRUE(deposit(rt, "ledger-a", 100));
  const auto t = order(rt, "ledger-a", "frozen-b", 30);
  ASSERT_TRUE(comes_true([&] { return rt.stats().outbox.failing.has_value(); }));
  const auto refused = rt.truncate(t, version{4}, "");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::conflict);
}

TEST_P(Process, ANewOneMayLeaveOutWhatWasBefore) {
  auto rt = *runtime::open<ledger, desk, frozen>(options());
  ASSERT_TRUE(deposit(rt, "ledger-a", 100));
  static_cast<void>(order(rt, "ledger-a", "ledger-b", 30));
  ASSERT_TRUE(rt.add<transfer>({.from = start_at::now()}));
  const auto t = order(rt, "ledger-a", "ledger-b", 7);
  ASSERT_TRUE(ends(rt, t));
  EXPECT_EQ(state_balance(rt, "ledger-a"), 93);
}

}  // namespace
