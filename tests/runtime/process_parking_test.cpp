// Events that process managers park, with a whole runtime around them.

#include "tests/runtime/ledger_kit.hpp"
#include "transfer.capnp.h"

namespace {

using namespace fasti;
using namespace fasti::test;
using namespace std::chrono_literals;

/// Adds up what is deposited in each ledger, until it meets what it does not understand.
struct tally {
  static constexpr auto category = "tally";
  using reacts_to = types<Deposited>;
  using commands = types<Withdraw>;
  using events = types<Begun>;
  using queries = types<Balance(GetBalance)>;

  static constexpr std::int64_t poison = 666;
  static constexpr std::int64_t keyless = 13;

  static std::optional<std::string> key_of(Deposited::Reader e, const recorded_event& at) {
    if (e.getCents() == keyless && !is_mended) return "";
    return std::string(at.key());
  }
  void react(Deposited::Reader e, reactions& out) const {
    if (e.getCents() == poison) {
      is_inside = true;
      while (is_held) std::this_thread::yield();
      if (!is_mended) throw std::runtime_error("react is cross");
    }
    auto counted = out.event<Begun>();
    counted.setCents(e.getCents());
    counted.setFrom(std::to_string(count_of(out.at().position)));
  }
  void on_refused(Withdraw::Reader, const refusal&, reactions&) const {}
  void evolve(Begun::Reader e) { cents += e.getCents(); }
  decision answer(GetBalance::Reader, Balance::Builder reply) const {
    reply.setCents(cents);
    return accept();
  }

  std::int64_t cents = 0;

  static inline std::atomic<bool> is_mended{false};
  static inline std::atomic<bool> is_held{false};
  static inline std::atomic<bool> is_inside{false};
};

class ProcessParking : public both_storages {
 protected:
  ProcessParking() {
    tally::is_mended = false;
    tally::is_held = false;
    tally::is_inside = false;
  }
  [[nodiscard]] static runtime open(runtime_options o) {
    auto rt = *runtime::open<ledger>(std::move(o));
    const auto added = rt.add<tally>({.on_failure = {.then = when_failing::park}});
    EXPECT_TRUE(added) << added.error().to_string();
    return rt;
  }
  [[nodiscard]] runtime open() const { return open(options()); }
  static void deposits(runtime& rt, const char* to, std::initializer_list<std::int64_t> cents) {
    for (const auto c : cents) ASSERT_TRUE(deposit(rt, to, c));
  }
  static process_status status_of(runtime& rt) { return rt.stats().processes.at(0); }
  /// All that is in the journal now is handled or parked.
  static void catch_up(runtime& rt) {
    const auto head = rt.journal().head();
    ASSERT_TRUE(comes_true([&] { return status_of(rt).handled >= head; }));
  }
  static std::int64_t counted(runtime& rt, const char* of) {
    return (*answer_of(rt.query<tally, GetBalance>(of, [](auto) {})))->getCents();
  }
};
INSTANTIATE_TEST_SUITE_P(Storages, ProcessParking,
                         ::testing::Values(storage::leveldb, storage::memory), storage_name);

TEST_P(ProcessParking, P9_TheyAreListedReplayedAndSkipped) {
  auto rt = open();
  deposits(rt, "ledger-a", {5});
  const auto bad = deposit(rt, "ledger-a", tally::poison);
  deposits(rt, "ledger-a", {7});
  deposits(rt, "ledger-b", {tally::poison, 20});
  deposits(rt, "ledger-c", {100});
  catch_up(rt);
  EXPECT_EQ(counted(rt, "tally-a"), 5);
  EXPECT_EQ(counted(rt, "tally-b"), 0);
  EXPECT_EQ(counted(rt, "tally-c"), 100) << "the others go on";
  EXPECT_FALSE(status_of(rt).stopped);
  EXPECT_EQ(status_of(rt).parked, 4U);
  EXPECT_NE(logged().find("process managers tally have"), std::string::npos);

  const auto parked = *rt.parked<tally>();
  ASSERT_EQ(parked.size(), 4U);
  EXPECT_EQ(parked[0].position, bad->position);
  EXPECT_EQ(parked[0].stream, "ledger-a");
  EXPECT_EQ(parked[0].key, "a");
  EXPECT_EQ(parked[0].reason, "react is cross");
  EXPECT_EQ(parked[1].reason, "");

  EXPECT_TRUE(rt.skip_parked<tally>(parked[0].position));
  EXPECT_EQ(rt.skip_parked<tally>(parked[0].position).error().reason, "not-parked");
  const auto tried = rt.replay_parked<tally>();
  ASSERT_TRUE(tried) << tried.error().to_string();
  EXPECT_EQ(tried->applied, 1U);
  EXPECT_EQ(tried->still_parked, 2U);
  EXPECT_EQ(counted(rt, "tally-a"), 12);
  tally::is_mended = true;
  EXPECT_EQ(rt.replay_parked<tally>()->applied, 2U);
  EXPECT_EQ(counted(rt, "tally-b"), tally::poison + 20);
  EXPECT_EQ(status_of(rt).parked, 0U);
}

TEST_P(ProcessParking, P9_TheyOutliveTheRuntime) {
  if (GetParam() != storage::leveldb) return;
  {
    auto rt = open();
    deposits(rt, "ledger-a", {tally::poison, 7});
    catch_up(rt);
  }
  tally::is_mended = true;
  auto rt = open();
  deposits(rt, "ledger-a", {8});
  catch_up(rt);
  EXPECT_EQ(rt.parked<tally>()->size(), 3U);
  EXPECT_EQ(rt.parked<tally>()->at(0).reason, "react is cross");
  EXPECT_EQ(counted(rt, "tally-a"), 0);
  EXPECT_EQ(rt.replay_parked<tally>()->applied, 3U);
  EXPECT_EQ(counted(rt, "tally-a"), tally::poison + 15);
}

/// Where each was handled, and in which order.
std::map<std::string, std::vector<std::uint64_t>> handled_in(runtime& rt) {
  std::map<std::string, std::vector<std::uint64_t>> all;
  EXPECT_TRUE(rt.journal().read({.types = {type_id_of<Begun>}}, [&](const recorded_event& e) {
    body_reader reader(e.body);
    all[std::string(e.key())].push_back(std::stoull(reader.root<Begun>().getFrom().cStr()));
    return visit::more;
  }));
  return all;
}

TEST_P(ProcessParking, P9_ReplayedWhileMoreComeEachIsHandledOnceAndInItsOrder) {
  constexpr int rounds = 60;
  auto rt = open();
  deposits(rt, "ledger-a", {tally::poison});
  catch_up(rt);
  std::atomic<bool> has_sent{false};
  std::thread sender([&] {
    for (int i = 0; i < rounds; ++i) {
      tally::is_mended = i % 8 > 3;
      for (const auto* to : {"ledger-a", "ledger-b", "ledger-c"}) {
        EXPECT_TRUE(deposit(rt, to, i % 5 == 0 ? tally::poison : 1));
      }
    }
    tally::is_mended = true;
    has_sent = true;
  });
  while (!has_sent) EXPECT_TRUE(rt.replay_parked<tally>());
  sender.join();
  catch_up(rt);
  EXPECT_EQ(rt.replay_parked<tally>()->still_parked, 0U);
  std::map<std::string, std::vector<std::uint64_t>> happened;
  ASSERT_TRUE(rt.journal().read({.types = {type_id_of<Deposited>}}, [&](const auto& e) {
    happened[std::string(e.key())].push_back(count_of(e.position));
    return visit::more;
  }));
  EXPECT_EQ(handled_in(rt), happened);
}

TEST_P(ProcessParking, OneWhoseKeyIsAnotherTodayIsHandledUnlessItIsTooLate) {
  auto rt = open();
  deposits(rt, "ledger-a", {tally::keyless, 5});
  catch_up(rt);
  deposits(rt, "ledger-b", {tally::keyless});
  catch_up(rt);
  EXPECT_EQ(counted(rt, "tally-a"), 5);
  EXPECT_EQ(rt.parked<tally>()->size(), 2U);
  tally::is_mended = true;
  EXPECT_EQ(rt.replay_parked<tally>()->applied, 0U) << "both have the empty key: one waits";
  const auto late = rt.parked<tally>()->at(0);
  EXPECT_NE(late.reason.find("tally-a has handled the event at position 2"), std::string::npos)
      << late.reason;
  EXPECT_TRUE(rt.skip_parked<tally>(late.position));
  EXPECT_EQ(rt.replay_parked<tally>()->applied, 1U);
  EXPECT_EQ(counted(rt, "tally-a"), 5);
  EXPECT_EQ(counted(rt, "tally-b"), tally::keyless);
}

TEST_P(ProcessParking, AReplayIsOverWhenTheRuntimeCloses) {
  auto o = options();
  o.shutdown_timeout = 50ms;
  auto rt = open(o);
  deposits(rt, "ledger-a", {tally::poison, 7});
  catch_up(rt);
  tally::is_held = true;
  tally::is_inside = false;
  auto replayed = std::async(std::launch::async, [&rt] { return rt.replay_parked<tally>(); });
  ASSERT_TRUE(comes_true([] { return tally::is_inside.load(); }));
  auto closed = std::async(std::launch::async, [&rt] { return rt.close(); });
  const auto why = answer_of(std::move(replayed));  // its `react` has not returned
  EXPECT_EQ(why.error().code, errc::closed) << why.error().to_string();
  tally::is_held = false;
  static_cast<void>(closed.get());
  EXPECT_EQ(rt.replay_parked<tally>().error().code, errc::closed);
  EXPECT_EQ(rt.parked<tally>().error().code, errc::closed);
  EXPECT_EQ(rt.skip_parked<tally>(position{1}).error().code, errc::closed);
}

TEST_P(ProcessParking, TruncateWaitsForThem) {
  auto o = options();
  o.snapshot_every_events = 2;
  auto rt = open(o);
  deposits(rt, "ledger-a", {50});
  const auto bad = deposit(rt, "ledger-a", tally::poison);
  deposits(rt, "ledger-a", {1, 1, 1, 1, 1});
  ASSERT_TRUE(comes_true([&rt] { return rt.stats().snapshots_saved >= 2; }));
  catch_up(rt);
  const auto says = "fasti.process.tally has parked the event at position " +
                    std::to_string(count_of(bad->position));
  ASSERT_TRUE(comes_true([&] {  // the outbox is a view, too, and may be behind for a moment
    const auto refused = rt.truncate("ledger-a", version{2}, "");
    return !refused && refused.error().detail.find(says) != std::string::npos;
  }));
}

TEST_P(ProcessParking, OfThoseWhoWereNotAddedNothingIsKnown) {
  auto rt = *runtime::open<ledger>(options());
  EXPECT_EQ(rt.parked<tally>().error().reason, "unknown-process");
  EXPECT_EQ(rt.replay_parked<tally>().error().reason, "unknown-process");
  EXPECT_EQ(rt.skip_parked<tally>(position{1}).error().reason, "unknown-process");
}

}  // namespace
