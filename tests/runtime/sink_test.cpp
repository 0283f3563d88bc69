// Sinks through the public API, on either storage: one that keeps what it is given beside its
// checkpoint, and fails, waits and forgets when the test wants.

#include <condition_variable>
#include <mutex>

#include "fasti/sink.hpp"
#include "tests/runtime/ledger_kit.hpp"

namespace {

using namespace fasti;
using namespace fasti::test;
using namespace std::chrono_literals;
using numbers = std::vector<std::uint64_t>;

const error cross{errc::unavailable, "cross", "as the test wants"};

numbers from_to(std::uint64_t first, std::uint64_t last) {
  numbers all;
  for (auto n = first; n <= last; ++n) all.push_back(n);
  return all;
}

/// A place outside. It outlives the runtime, and the sinks that write to it.
struct place {
  enum class fails : std::uint8_t { before, behind, by_throwing };  // … keeping the batch

  /// The next `times` batches with events in them.
  void fail(std::size_t times, fails how = fails::before) {
    const std::lock_guard lock(mutex);
    failures = times;
    failing = how;
  }
  void hold() {
    const std::lock_guard lock(mutex);
    is_held = true;
  }
  void let_go() {
    {
      const std::lock_guard lock(mutex);
      is_held = false;
    }
    changed.notify_all();
  }
  [[nodiscard]] numbers taken() {
    const std::lock_guard lock(mutex);
    return positions;
  }

  std::mutex mutex;
  std::condition_variable changed;
  // Protected by mutex:
  std::optional<checkpoint> kept;
  numbers positions;
  std::vector<unique_id> ids;
  std::vector<std::size_t> sizes;  // of the batches, kept or not
  std::size_t failures = 0;
  fails failing = fails::before;
  bool is_held = false;
  bool is_at_work = false;
  std::optional<error> unreachable;
  std::size_t asked = 0;
};

class place_sink final : public sink {
 public:
  explicit place_sink(place& to, event_filter only = {}, std::string name = "place")
      : to_(to), only_(std::move(only)), name_(std::move(name)) {}

  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] event_filter only() const override { return only_; }
  [[nodiscard]] result<std::optional<checkpoint>> reached() override {
    const std::lock_guard lock(to_.mutex);
    ++to_.asked;
    if (to_.unreachable) return *to_.unreachable;
    return to_.kept;
  }
  [[nodiscard]] result<void> take(const event_batch& batch) override {
    std::unique_lock lock(to_.mutex);
    to_.is_at_work = true;
    to_.changed.notify_all();
    to_.changed.wait(lock, [this] { return !to_.is_held; });
    to_.is_at_work = false;
    to_.sizes.push_back(batch.size());
    const bool fails = !batch.empty() && to_.failures > 0;
    if (fails) --to_.failures;
    if (fails && to_.failing == place::fails::by_throwing)
      throw std::runtime_error("take is cross");
    if (fails && to_.failing == place::fails::before) return cross;
    to_.kept = batch.up_to();
    for (const auto& e : batch) {
      to_.positions.push_back(count_of(e.position));
      to_.ids.push_back(e.id);
    }
    return fails ? result<void>(cross) : result<void>();
  }

 private:
  place& to_;
  const event_filter only_;
  const std::string name_;
};

constexpr failure_policy patient{.retries_max = 5, .backoff = 1ms};

class Sinks : public both_storages {
 protected:
  static void deposit_some(runtime& rt, int n, std::string_view stream = "ledger-a") {
    for (int i = 0; i < n; ++i) ASSERT_TRUE(deposit(rt, stream, 100));
  }
  [[nodiscard]] result<void> add(runtime& rt, const sink_options& options = {},
                                 event_filter only = {}) {
    return rt.add_sink(std::make_unique<place_sink>(outside, std::move(only)), options);
  }
  [[nodiscard]] static result<void> wait_for_all(runtime& rt) {
    return rt.wait_for_sink("place", rt.journal().head(), answer_limit);
  }
  [[nodiscard]] static sink_status status(runtime& rt) { return rt.stats().sinks.at(0); }
  [[nodiscard]] static bool stops(runtime& rt) {
    return comes_true([&] { return status(rt).stopped.has_value(); });
  }

  place outside;
};

TEST_P(Sinks, P9_TakeWhatIsThereAndWhatComesInOrderWithPositionAndId) {
  auto rt = open();
  deposit_some(rt, 20);
  ASSERT_TRUE(add(rt, {.batch_events_max = 7}));
  ASSERT_TRUE(wait_for_all(rt));
  deposit_some(rt, 20);
  ASSERT_TRUE(wait_for_all(rt));
  EXPECT_EQ(outside.taken(), from_to(1, 40));
  std::vector<unique_id> ids;
  ASSERT_TRUE(rt.journal().read({}, [&ids](const recorded_event& e) {
    ids.push_back(e.id);
    return visit::more;
  }));
  EXPECT_EQ(outside.ids, ids);
  const auto now = status(rt);
  EXPECT_EQ(now.name, "place");
  EXPECT_EQ(now.checkpoint, position{40});
  EXPECT_EQ(now.events_taken, 40U);
  EXPECT_FALSE(now.stopped || now.failing);
  EXPECT_EQ(outside.sizes.at(0), 0U) << "the first batch is a checkpoint alone";
}

TEST_P(Sinks, P9_GoBehindTheirOwnCheckpointWhenTheyAreAddedAgain) {
  {
    auto rt = open();
    deposit_some(rt, 5);
    ASSERT_TRUE(add(rt));
    ASSERT_TRUE(wait_for_all(rt));
  }
  if (GetParam() == storage::memory) return;  // nothing of it is left
  auto rt = open();
  deposit_some(rt, 3);
  ASSERT_TRUE(add(rt));
  ASSERT_TRUE(wait_for_all(rt));
  EXPECT_EQ(outside.taken(), from_to(1, 8));
}

TEST_P(Sinks, P9_OneThatFailsIsTriedAgainAndMissesNothing) {
  auto rt = open();
  outside.fail(3);
  ASSERT_TRUE(add(rt, {.on_failure = patient, .batch_events_max = 4}));
  deposit_some(rt, 30);
  ASSERT_TRUE(wait_for_all(rt));
  EXPECT_EQ(outside.taken(), from_to(1, 30));
  EXPECT_EQ(outside.asked, 4U);
  EXPECT_FALSE(status(rt).failing);
  EXPECT_EQ(status(rt).retries, 0U);
}

TEST_P(Sinks, P9_OneThatFailsBehindItsCommitIsAskedAndGetsNothingTwice) {
  auto rt = open();
  outside.fail(3, place::fails::behind);
  deposit_some(rt, 30);
  ASSERT_TRUE(add(rt, {.on_failure = patient, .batch_events_max = 4}));
  ASSERT_TRUE(wait_for_all(rt));
  EXPECT_EQ(outside.taken(), from_to(1, 30));
}

TEST_P(Sinks, P9_OneThatHasLostWhatItHadGetsItAgain) {
  auto rt = open();
  deposit_some(rt, 10);
  ASSERT_TRUE(add(rt, {.on_failure = patient, .batch_events_max = 2}));
  ASSERT_TRUE(wait_for_all(rt));
  {
    const std::lock_guard lock(outside.mutex);
    outside.kept->position = position{4};  // restored from a copy
    outside.positions.resize(4);
  }
  outside.fail(1);
  deposit_some(rt, 2);
  ASSERT_TRUE(comes_true([&] { return outside.taken().size() == 12U; }));
  EXPECT_EQ(outside.taken(), from_to(1, 12));
}

TEST_P(Sinks, AfterItsTriesItStopsWithTheErrorAndOthersGoOn) {
  place well;  // outlives the runtime
  auto rt = open();
  ASSERT_TRUE(rt.add_sink(std::make_unique<place_sink>(well, event_filter{}, "well")));
  outside.fail(99, place::fails::by_throwing);
  ASSERT_TRUE(add(rt, {.on_failure = {.retries_max = 2, .backoff = 1ms}}));
  deposit_some(rt, 3);
  ASSERT_TRUE(stops(rt));
  const auto now = status(rt);
  EXPECT_EQ(now.stopped->reason, "sink-threw");
  EXPECT_NE(now.stopped->detail.find("sink place, behind position 0: take threw take is cross"),
            std::string::npos)
      << now.stopped->to_string();
  EXPECT_EQ(outside.asked, 3U);
  EXPECT_EQ(rt.wait_for_sink("place", position{3}, answer_limit).error(), *now.stopped);
  EXPECT_TRUE(rt.wait_for_sink("well", position{3}, answer_limit));
  EXPECT_EQ(well.taken(), from_to(1, 3));
  EXPECT_TRUE(deposit(rt, "ledger-a", 1));
}

TEST_P(Sinks, WhileItWaitsForARetryItSaysWhyAndTheEndDoesNotWait) {
  auto rt = open();
  outside.fail(99);
  ASSERT_TRUE(add(rt, {.on_failure = {.retries_max = 5, .backoff = 24h, .backoff_max = 24h}}));
  deposit_some(rt, 3);
  ASSERT_TRUE(comes_true([&] { return status(rt).failing.has_value(); }));
  EXPECT_EQ(status(rt).failing->reason, "cross");
  EXPECT_EQ(status(rt).retries, 1U);
  EXPECT_EQ(status(rt).checkpoint, no_position) << "what was given and not taken does not count";
  EXPECT_EQ(rt.wait_for_sink("place", position{1}, 1ms).error().reason, "not-visible-in-time");
  EXPECT_TRUE(rt.close());  // not in 24 hours
}

TEST_P(Sinks, OneThatCannotBeAskedIsTriedAgain) {
  auto rt = open();
  outside.unreachable = cross;
  ASSERT_TRUE(add(rt, {.on_failure = {.retries_max = ~0U, .backoff = 1ms, .backoff_max = 1ms}}));
  ASSERT_TRUE(comes_true([&] { return status(rt).failing.has_value(); }));
  {
    const std::lock_guard lock(outside.mutex);
    outside.unreachable.reset();
  }
  deposit_some(rt, 3);
  ASSERT_TRUE(wait_for_all(rt));
  EXPECT_EQ(outside.taken(), from_to(1, 3));
}

TEST_P(Sinks, ACheckpointOfAnotherJournalStopsItAndSaysWhatToDo) {
  auto rt = open();
  outside.kept = checkpoint{unique_id::of("another"), position{1}};
  deposit_some(rt, 3);
  ASSERT_TRUE(add(rt, {.on_failure = patient}));
  ASSERT_TRUE(stops(rt));
  EXPECT_EQ(status(rt).stopped->reason, "foreign-checkpoint");
  EXPECT_NE(status(rt).stopped->detail.find("begin anew"), std::string::npos);
  EXPECT_EQ(outside.asked, 1U) << "trying again would not help";
  EXPECT_TRUE(outside.taken().empty());
}

TEST_P(Sinks, ACheckpointAheadOfTheJournalStopsItAndSaysWhatToDo) {
  auto rt = open();
  outside.kept = checkpoint{rt.journal().id(), position{99}};
  ASSERT_TRUE(add(rt, {.on_failure = patient}));
  ASSERT_TRUE(stops(rt));
  EXPECT_EQ(status(rt).stopped->reason, "checkpoint-ahead");
  EXPECT_NE(status(rt).stopped->detail.find("restored from an older copy"), std::string::npos);
}

TEST_P(Sinks, OnlyWhatItWantsAndThePlacesOfTheRestCountAsTaken) {
  auto rt = open();
  deposit_some(rt, 5);
  ASSERT_TRUE(withdraw(rt, "ledger-a", 1));
  deposit_some(rt, 5);
  ASSERT_TRUE(add(rt, {}, {.types = {type_id_of<Withdrawn>}}));
  ASSERT_TRUE(wait_for_all(rt));  // position 11 is none of its own
  EXPECT_EQ(outside.taken(), numbers{6});
  EXPECT_EQ(status(rt).checkpoint, position{11});
}

TEST_P(Sinks, BeginWhereTheyAreToldAndKeepThatAtOnce) {
  auto rt = open();
  deposit_some(rt, 5);
  outside.fail(1);
  ASSERT_TRUE(add(rt, {.from = start_at::now(), .on_failure = patient}));
  deposit_some(rt, 2);
  ASSERT_TRUE(wait_for_all(rt));
  EXPECT_EQ(outside.taken(), from_to(6, 7)) << "now was when it was added, also after a failure";
}

TEST_P(Sinks, P6_OneThatIsSlowHoldsTwoBatchesAndSlowsNobody) {
  auto rt = open();
  deposit_some(rt, 1);
  ASSERT_TRUE(add(rt, {.batch_events_max = 1}));
  ASSERT_TRUE(wait_for_all(rt));
  outside.hold();
  deposit_some(rt, 50);
  EXPECT_EQ(view_balance(rt, "a"), 5100);
  const auto held = [&] { return rt.stats().subscriptions.at(0).batches_held; };
  EXPECT_TRUE(comes_true([&] { return held() == 2U; }));
  EXPECT_EQ(rt.stats().subscriptions.at(0).given_up_to, position{3});
  outside.let_go();
  ASSERT_TRUE(wait_for_all(rt));
  EXPECT_EQ(outside.taken(), from_to(1, 51));
}

TEST_P(Sinks, TheEndWaitsForTheCallAtWorkAndTellsThoseWhoWait) {
  auto rt = open();
  deposit_some(rt, 1);
  ASSERT_TRUE(add(rt));
  ASSERT_TRUE(wait_for_all(rt));
  outside.hold();
  deposit_some(rt, 1);
  {
    std::unique_lock lock(outside.mutex);
    outside.changed.wait(lock, [&] { return outside.is_at_work; });
  }
  auto waits = std::async(std::launch::async,
                          [&] { return rt.wait_for_sink("place", position{2}, answer_limit); });
  auto closes = std::async(std::launch::async, [&] { return rt.close(); });
  EXPECT_EQ(waits.get().error().code, errc::closed);
  EXPECT_EQ(closes.wait_for(0ms), std::future_status::timeout);
  outside.let_go();
  EXPECT_TRUE(closes.get());
  EXPECT_EQ(outside.taken(), from_to(1, 2));
  EXPECT_EQ(rt.wait_for_sink("place", position{1}, 1ms).error().code, errc::closed);
  EXPECT_EQ(add(rt).error().code, errc::closed);
}

TEST_P(Sinks, RefusesWhatMakesNoSense) {
  auto rt = open();
  const auto reason_of = [&](const sink_options& options) {
    return add(rt, options).error().reason;
  };
  EXPECT_EQ(reason_of({.on_failure = {.then = when_failing::park}}), "cannot-park");
  EXPECT_EQ(reason_of({.from = start_at::behind(position{9})}), "checkpoint-ahead");
  EXPECT_EQ(rt.add_sink(nullptr).error().reason, "no-sink");
  EXPECT_EQ(rt.add_sink(std::make_unique<place_sink>(outside, event_filter{}, "")).error().reason,
            "malformed-name");
  EXPECT_EQ(rt.wait_for_sink("place", position{1}, 1ms).error().reason, "unknown-sink");
  ASSERT_TRUE(add(rt));
  EXPECT_EQ(reason_of({}), "name-taken");
}

INSTANTIATE_TEST_SUITE_P(On, Sinks, ::testing::Values(storage::leveldb, storage::memory),
                         storage_name);

class SinkAndTruncation : public ledger_test {
 protected:
  [[nodiscard]] runtime open_filled() const {
    auto o = options();
    o.snapshot_every_events = 10;
    auto rt = open(std::move(o));
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(deposit(rt, "ledger-a", 1));
    EXPECT_TRUE(comes_true([&rt] { return rt.stats().snapshots_saved >= 1; }));
    EXPECT_EQ(view_balance(rt, "a"), 10);
    return rt;
  }
  place outside;
};

TEST_F(SinkAndTruncation, OneThatMeetsATruncatedEventStopsBeforeIt) {
  auto rt = open_filled();
  ASSERT_TRUE(rt.truncate("ledger-a", version{10}, "kept for a year"));
  ASSERT_TRUE(rt.add_sink(std::make_unique<place_sink>(outside), {.on_failure = patient}));
  ASSERT_TRUE(comes_true([&] { return rt.stats().sinks.at(0).stopped.has_value(); }));
  const auto why = *rt.stats().sinks.at(0).stopped;
  EXPECT_EQ(why.reason, "behind-truncation");
  EXPECT_NE(why.detail.find("position 1 (ledger-a version 1)"), std::string::npos) << why.detail;
  EXPECT_TRUE(outside.taken().empty());
}

TEST_F(SinkAndTruncation, NothingIsTruncatedThatItHasNotTaken) {
  auto rt = open_filled();
  outside.hold();
  ASSERT_TRUE(rt.add_sink(std::make_unique<place_sink>(outside)));
  EXPECT_EQ(rt.truncate("ledger-a", version{10}, "").error().reason, "sink-behind");
  outside.let_go();
  ASSERT_TRUE(rt.wait_for_sink("place", position{10}, answer_limit));
  EXPECT_TRUE(rt.truncate("ledger-a", version{10}, ""));
}

}  // namespace
