// What a runtime knows after it was closed, copied while running, or has forgotten on purpose.

#include <filesystem>
#include <random>

#include "fasti/testing/runtime.hpp"
#include "persistence/disk.hpp"
#include "persistence/leveldb_stores.hpp"
#include "tests/runtime/ledger_kit.hpp"

namespace {

using namespace fasti;
using namespace fasti::test;
namespace fs = std::filesystem;

class Recovery : public ledger_test {};

TEST_F(Recovery, P1_AReopenKnowsEverything) {
  {
    auto rt = open();
    for (int i = 0; i < 20; ++i) static_cast<void>(deposit(rt, "ledger-a", 10));
    static_cast<void>(withdraw(rt, "ledger-a", 50));
    ASSERT_TRUE(rt.close().has_value());
  }
  auto rt = open();
  EXPECT_EQ(state_balance(rt, "ledger-a"), 150);
  EXPECT_EQ(view_balance(rt, "a"), 150);
  const auto r = deposit(rt, "ledger-a", 1);
  EXPECT_EQ(r->version, version{22});
  EXPECT_EQ(r->position, position{22});
  EXPECT_EQ(fold(rt.journal()).gap, "");
}

TEST_F(Recovery, P8_ARepeatAfterAReopenGetsTheFirstOutcome) {
  const auto id = command_id::of("pay once");
  result<receipt> first = error{};
  {
    auto rt = open();
    static_cast<void>(deposit(rt, "ledger-a", 1));
    first = deposit(rt, "ledger-a", 100, {.id = id});
  }
  auto rt = open();
  const auto again = deposit(rt, "ledger-a", 100, {.id = id});
  ASSERT_TRUE(again.has_value()) << again.error().to_string();
  EXPECT_EQ(again->what, committed::kind::repeat);
  EXPECT_EQ(again->version, first->version);
  EXPECT_EQ(again->position, first->position);
  EXPECT_EQ(again->events, first->events);
  EXPECT_EQ(again->time, first->time);
  EXPECT_EQ(deposit(rt, "ledger-a", 101, {.id = id}).error().reason, "command-id-reused");
  EXPECT_EQ(state_balance(rt, "ledger-a"), 101);
}

TEST_F(Recovery, P8_ARepeatAfterASnapshotGetsTheFirstOutcome) {
  auto o = options();
  o.snapshot_every_events = 5;
  const auto id = command_id::of("pay once");
  {
    auto rt = open(o);
    static_cast<void>(deposit(rt, "ledger-a", 100, {.id = id}));
    for (int i = 0; i < 20; ++i) static_cast<void>(deposit(rt, "ledger-a", 1));
    ASSERT_TRUE(comes_true([&] { return rt.stats().snapshots_saved > 0; }));
    EXPECT_EQ(deposit(rt, "ledger-a", 100, {.id = id})->what, committed::kind::repeat);
  }
  auto rt = open(o);
  const auto again = deposit(rt, "ledger-a", 100, {.id = id});
  EXPECT_EQ(rt.stats().snapshots_loaded, 1U);
  EXPECT_EQ(again->what, committed::kind::repeat);
  EXPECT_EQ(again->version, version{1});
  EXPECT_EQ(state_balance(rt, "ledger-a"), 120);
}

TEST_F(Recovery, P8_ARepeatAfterAReopenGetsTheFirstReply) {
  const auto draw = [](runtime& rt) {
    return answer_of(rt.send<ledger, Draw>("ledger-a", [](auto c) { c.setCents(30); },
                                           {.id = command_id::of("draw once")}));
  };
  {
    auto rt = open();
    static_cast<void>(deposit(rt, "ledger-a", 100));
    ASSERT_EQ(draw(rt)->reply->getLeft(), 70);
    for (int i = 0; i < 100; ++i) static_cast<void>(deposit(rt, "ledger-b", 1));
  }
  auto rt = open();
  static_cast<void>(deposit(rt, "ledger-a", 1));
  const auto again = draw(rt);
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(again->receipt.what, committed::kind::repeat);
  EXPECT_EQ(again->receipt.version, version{2});
  EXPECT_EQ(again->reply->getLeft(), 70);
  EXPECT_EQ(state_balance(rt, "ledger-a"), 71);
}

class Passivation : public both_storages {};
INSTANTIATE_TEST_SUITE_P(, Passivation, ::testing::Values(storage::leveldb, storage::memory),
                         storage_name);

TEST_P(Passivation, P8_ARepeatAfterItGetsTheFirstOutcome) {
  auto o = options();
  o.idle_timeout = std::chrono::milliseconds(0);
  auto rt = open(o);
  const auto id = command_id::of("pay once");
  const auto first = deposit(rt, "ledger-a", 100, {.id = id});
  ASSERT_TRUE(comes_true([&] { return rt.stats().aggregates_live == 0; }));
  const auto again = deposit(rt, "ledger-a", 100, {.id = id});
  EXPECT_EQ(again->what, committed::kind::repeat);
  EXPECT_EQ(again->version, first->version);
  EXPECT_EQ(again->position, first->position);
  EXPECT_EQ(deposit(rt, "ledger-a", 1)->version, version{2});
  EXPECT_EQ(state_balance(rt, "ledger-a"), 101);
  EXPECT_EQ(rt.stats().aggregates_recovered, 1U);
}

TEST_P(Passivation, P8_ARepeatAfterItAndASnapshotGetsTheFirstReply) {
  auto o = options();
  o.idle_timeout = std::chrono::milliseconds(0);
  o.snapshot_every_events = 5;
  auto rt = open(o);
  const auto draw = [&rt] {
    return answer_of(rt.send<ledger, Draw>("ledger-a", [](auto c) { c.setCents(30); },
                                           {.id = command_id::of("draw once")}));
  };
  ASSERT_TRUE(deposit(rt, "ledger-a", 100));
  ASSERT_EQ(draw()->reply->getLeft(), 70);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(deposit(rt, "ledger-a", 1));
  ASSERT_TRUE(comes_true([&] {
    const auto s = rt.stats();
    return s.snapshots_saved > 0 && s.aggregates_live == 0;
  }));
  const auto again = draw();
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(again->receipt.what, committed::kind::repeat);
  EXPECT_EQ(again->reply->getLeft(), 70);
  EXPECT_GT(rt.stats().snapshots_loaded, 0U);
  EXPECT_EQ(state_balance(rt, "ledger-a"), 90);
}

TEST_P(Passivation, TheLimitOnAggregatesHolds) {
  auto o = options();
  o.aggregates_max = 5;
  auto rt = open(o);
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(deposit(rt, "ledger-" + std::to_string(i), i + 1).has_value());
  }
  ASSERT_TRUE(comes_true([&] { return rt.stats().aggregates_live <= 5; }));
  for (int i = 0; i < 40; ++i) EXPECT_EQ(state_balance(rt, "ledger-" + std::to_string(i)), i + 1);
}

TEST_F(Recovery, P13_SnapshotAndTailEqualAFullReplay) {
  auto o = options();
  o.snapshot_every_events = 7;
  {
    auto rt = open(o);
    for (int i = 0; i < 25; ++i) static_cast<void>(deposit(rt, "ledger-a", i + 1));
    ASSERT_TRUE(comes_true([&] { return rt.stats().snapshots_saved >= 3; }));
  }
  const auto words_of = [&](const runtime_options& with, std::uint64_t snapshots_loaded,
                            std::uint64_t replayed) {
    auto rt = open(with);
    auto b = answer_of(rt.query<ledger, GetBalance>("ledger-a", [](auto) {}));
    EXPECT_EQ(rt.stats().snapshots_loaded, snapshots_loaded);
    EXPECT_EQ(rt.stats().events_replayed, replayed);
    return std::vector<word>(b->words().begin(), b->words().end());
  };
  const auto with_snapshot = words_of(o, 1, 4);
  fs::remove_all(o.path + "/snapshots");
  const auto full = words_of(o, 0, 25);
  EXPECT_EQ(with_snapshot, full);
}

TEST_F(Recovery, P13_ASnapshotThatIsOfNoUseIsPassedOverForAnOlderOne) {
  auto o = options();
  o.snapshot_every_events = 7;
  o.snapshots_kept = 10;
  unique_id journal;
  {
    auto rt = open(o);
    journal = rt.journal().id();
    for (int i = 0; i < 25; ++i) static_cast<void>(deposit(rt, "ledger-a", 1));
    ASSERT_TRUE(comes_true([&] { return rt.stats().snapshots_saved >= 3; }));
  }
  {
    auto store = persistence::open_leveldb_snapshots(persistence::posix_disk(),
                                                     o.path + "/snapshots", journal, o.log, 10);
    ASSERT_TRUE(store);
    snapshot forged;
    forged.stream = stream_id::of("ledger", "a");
    forged.type = type_id_of<LedgerState>;
    forged.schema = fingerprint_of<LedgerState>();
    const auto save_at = [&](std::uint64_t v, const snapshot& s) {
      auto at = s;
      at.version = version{v};
      at.position = position{v};
      ASSERT_TRUE((*store)->save(at));
    };
    forged.body = {~std::uint64_t{0}};  // `load` throws at it
    save_at(23, forged);
    forged.body = build<LedgerState>([](auto s) { s.setBalance(999'999); });
    save_at(99, forged);
    auto changed = forged;
    changed.schema = schema_fingerprint{0xbad};
    save_at(24, changed);
    forged.type = type_id{0xbad};
    save_at(22, forged);
  }
  auto rt = open(o);
  EXPECT_EQ(state_balance(rt, "ledger-a"), 25);
  EXPECT_EQ(rt.stats().snapshots_loaded, 1U);
  EXPECT_EQ(rt.stats().events_replayed, 4U) << "from version 21 on";
  const auto said = logged();
  for (const auto* why :
       {"at version 22 passed over: it is of another type than the decider's `snapshot`",
        "at version 23 passed over: load threw",
        "at version 24 passed over: its struct has changed since it was saved",
        "at version 99 passed over: it is newer than its stream"}) {
    EXPECT_NE(said.find(why), std::string::npos) << why << "\nin " << said;
  }
}

TEST_F(Recovery, SnapshotsComeBySizeAndByWishAndSoManyStay) {
  struct wishful : ledger {
    bool wants_snapshot() const { return balance % 100 == 0; }
  };
  auto o = options();
  o.snapshot_every_events = 0;
  {
    auto rt = *runtime::open<wishful>(o);
    for (int i = 0; i < 3; ++i) static_cast<void>(deposit(rt, "ledger-a", 50));
    ASSERT_TRUE(comes_true([&] { return rt.stats().snapshots_saved == 1; })) << "at 100";
  }
  const auto words_of_one = build<Deposited>([](auto e) { e.setCents(1); }).size();
  o.snapshot_every_bytes = 5 * words_of_one * word_bytes;
  o.snapshots_kept = 3;
  unique_id journal;
  {
    auto rt = open(o);
    journal = rt.journal().id();
    for (int i = 0; i < 25; ++i) static_cast<void>(deposit(rt, "ledger-b", 1));
    ASSERT_TRUE(comes_true([&] { return rt.stats().snapshots_saved == 5; }));
  }
  auto store = persistence::open_leveldb_snapshots(persistence::posix_disk(), o.path + "/snapshots",
                                                   journal, o.log, 3);
  ASSERT_TRUE(store);
  std::vector<version> kept;
  for (auto at_most = latest_version; at_most != no_version;) {
    const auto found = (*store)->load(stream_id::of("ledger", "b"), at_most);
    ASSERT_TRUE(found);
    if (!*found) break;
    kept.push_back((*found)->version);
    at_most = version{count_of(kept.back()) - 1};
  }
  EXPECT_EQ(kept, (std::vector{version{25}, version{20}, version{15}}));
}

struct unsaved : ledger {
  void save(LedgerState::Builder) const { throw std::runtime_error("save is cross"); }
};

TEST_F(Recovery, AStateThatCannotBeSavedHasNoSnapshotAndGoesOn) {
  auto o = options();
  o.snapshot_every_events = 5;
  {
    auto rt = *runtime::open<unsaved>(o);
    for (int i = 0; i < 12; ++i) ASSERT_TRUE(deposit(rt, "ledger-a", 1));
    EXPECT_EQ(rt.stats().snapshots_saved, 0U);
  }
  const std::string line = "no snapshot of ledger-a: save threw save is cross\n";
  EXPECT_EQ(logged(), line + line) << "at 5 and at 10, not at every command";
  auto rt = *runtime::open<unsaved>(o);
  EXPECT_EQ(deposit(rt, "ledger-a", 1)->version, version{13});
}

TEST_F(Recovery, AnAggregateThatCannotBeLoadedNamesThePlaceAndIsLeftAloneForAWhile) {
  using std::chrono::milliseconds;
  fasti::testing::driven_clock clock;
  auto o = options();
  o.clock = [&clock] { return clock.now(); };
  auto rt = open(o);
  static_cast<void>(deposit(rt, "ledger-b", 1));
  commit poison;
  poison.origin.id = command_id::generate();
  poison.parts.push_back({stream_id::of("ledger", "a"), expected_version::no_stream(), 1});
  poison.bodies = build<Poisoned>([](auto) {});
  poison.events.push_back({type_id_of<Poisoned>, static_cast<std::uint32_t>(poison.bodies.size())});
  ASSERT_TRUE(append_and_wait(rt.journal(), std::move(poison)));
  const auto loads = [this] {
    const auto lines = logged();
    int n = 0;
    for (auto at = lines.find("ledger-a cannot be loaded"); at != std::string::npos;
         at = lines.find("ledger-a cannot be loaded", at + 1)) {
      ++n;
    }
    return n;
  };
  const auto broken = deposit(rt, "ledger-a", 1);
  EXPECT_EQ(broken.error().code, errc::corrupt);
  EXPECT_EQ(broken.error().detail, "ledger-a version 1 at position 2: evolve is cross");
  for (int pause = 1; pause <= 4; ++pause) {
    clock.advance(milliseconds{100 << (pause - 1)} - milliseconds{1});
    EXPECT_EQ(deposit(rt, "ledger-a", 1).error(), broken.error()) << "told again, nothing read";
    EXPECT_EQ(loads(), pause);
    clock.advance(milliseconds{1});
    EXPECT_EQ(deposit(rt, "ledger-a", 1).error(), broken.error());
    EXPECT_EQ(loads(), pause + 1);
  }
  EXPECT_TRUE(deposit(rt, "ledger-b", 1)) << "the others go on";
}

/// Folding it takes as long as the test wants.
struct held_up {
  static constexpr auto category = "held_up";
  using commands = types<Deposit>;
  using events = types<Deposited>;
  using queries = types<Balance(GetBalance)>;

  decision decide(Deposit::Reader c, emit& out) const {
    out.event<Deposited>().setCents(c.getCents());
    return accept();
  }
  void evolve(Deposited::Reader e) {
    const int folding = ++at_once;
    for (auto seen = most.load(); seen < folding && !most.compare_exchange_weak(seen, folding);) {
    }
    EXPECT_TRUE(comes_true([] { return !held.load(); }));
    balance += e.getCents();
    --at_once;
  }
  decision answer(GetBalance::Reader, Balance::Builder reply) const {
    reply.setCents(balance);
    return accept();
  }

  std::int64_t balance = 0;
  static inline std::atomic<bool> held{false};
  static inline std::atomic<int> at_once{0};
  static inline std::atomic<int> most{0};
};

TEST_F(Recovery, P6_NoMoreAreRecoveredAtOnceThanThereAreReaders) {
  constexpr int streams = 12;
  auto o = options();
  o.reader_threads = 3;
  {
    auto rt = *runtime::open<held_up>(o);
    for (int i = 0; i < streams; ++i) {
      ASSERT_TRUE(deposit(rt, "held_up-" + std::to_string(i), i));
    }
  }
  auto rt = *runtime::open<held_up>(o);
  held_up::most = 0;
  held_up::held = true;
  std::vector<std::future<result<owned<Balance>>>> asked;
  for (int i = 0; i < streams; ++i) {
    asked.push_back(rt.query<held_up, GetBalance>("held_up-" + std::to_string(i), [](auto) {}));
  }
  EXPECT_TRUE(comes_true([] { return held_up::at_once == 3; }));
  EXPECT_EQ(rt.stats().commands_in_flight, std::size_t{streams}) << "the others wait";
  held_up::held = false;
  for (int i = 0; i < streams; ++i) {
    const auto balance = answer_of(std::move(asked[static_cast<std::size_t>(i)]));
    ASSERT_TRUE(balance);
    EXPECT_EQ((*balance)->getCents(), i);
  }
  EXPECT_EQ(held_up::most, 3);
}

TEST_F(Recovery, P9_ALostViewIsFoldedAgain) {
  {
    auto rt = open();
    for (int i = 0; i < 100; ++i) static_cast<void>(deposit(rt, "ledger-a", 1));
    static_cast<void>(view_balance(rt, "a"));
  }
  fs::remove_all(options().path + "/views");
  auto rt = open();
  EXPECT_EQ(view_balance(rt, "a"), 100);
}

/// Copies the directory as a crash would leave it: files one after the other while the runtime
/// goes on, newest data last (the views first, the journal's own files after them).
void copy_running(const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  for (const auto* part : {"views", "snapshots"}) {
    fs::copy(from / part, to / part, fs::copy_options::recursive);
  }
  fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::skip_existing);
}

TEST_F(Recovery, P9_RowsAndCheckpointOfAHaltedRuntimeAgree) {
  const auto image = dir_ / "image";
  std::int64_t sent = 0;
  {
    auto o = options();
    o.projection_batch_events = 16;
    auto rt = open(o);
    for (int i = 0; i < 300; ++i) {
      static_cast<void>(deposit(rt, "ledger-" + std::to_string(i % 5), i + 1));
      sent += i + 1;
    }
    // No commands while it is copied: what is in flight in a file system is the crash test's.
    ASSERT_TRUE(comes_true([&] { return rt.stats().projections[0].checkpoint == position{300}; }));
    copy_running(o.path, image);
    static_cast<void>(deposit(rt, "ledger-0", 1'000'000));
  }
  auto o = options();
  o.path = image;
  auto rt = open(o);
  const auto f = fold(rt.journal());
  EXPECT_EQ(f.gap, "");
  EXPECT_EQ(f.events, 300U);
  std::int64_t sum = 0;
  for (int i = 0; i < 5; ++i) {
    const auto key = std::to_string(i);
    EXPECT_EQ(view_balance(rt, key), f.balances.at(key));
    EXPECT_EQ(state_balance(rt, "ledger-" + key), f.balances.at(key));
    sum += view_balance(rt, key);
  }
  EXPECT_EQ(sum, sent);
}

/// Folds of the view itself, without the runtime that wrote it: what the files say.
TEST_F(Recovery, P9_AViewThatStoppedShortAgreesWithAFoldToItsCheckpoint) {
  auto o = options();
  o.projection_batch_events = 3;
  {
    auto rt = open(o);
    for (int i = 0; i < 10; ++i) static_cast<void>(deposit(rt, "ledger-a", i + 1));
    static_cast<void>(withdraw(rt, "ledger-a", 1, "poison"));
    for (int i = 0; i < 10; ++i) static_cast<void>(deposit(rt, "ledger-a", 100));
    ASSERT_TRUE(comes_true([&] { return rt.stats().projections[0].stopped.has_value(); }));
  }
  auto rt = open(o);
  ASSERT_TRUE(comes_true([&] { return rt.stats().projections[0].stopped.has_value(); }));
  const auto checkpoint = rt.stats().projections[0].checkpoint;
  EXPECT_EQ(checkpoint, position{10}) << "everything before the poison";
  const auto row = view_row(rt, "a");
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ((*row)->getCents(), fold(rt.journal(), checkpoint).balances.at("a"));
  EXPECT_EQ((*row)->getEntries(), 10U);
}

TEST_F(Recovery, ManyReopensOfOneDirectoryAgree) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  auto o = options();
  o.snapshot_every_events = 4;
  std::map<std::string, std::int64_t> expected;
  for (int round = 0; round < 8; ++round) {
    auto rt = open(o);
    for (int i = 0; i < 20; ++i) {
      const auto key = std::to_string(random() % 6);
      const auto cents = static_cast<std::int64_t>(random() % 100 + 1);
      ASSERT_TRUE(deposit(rt, "ledger-" + key, cents).has_value());
      expected[key] += cents;
    }
    for (const auto& [key, cents] : expected) {
      ASSERT_EQ(state_balance(rt, "ledger-" + key), cents);
      ASSERT_EQ(view_balance(rt, key), cents);
    }
    ASSERT_EQ(fold(rt.journal()).gap, "");
  }
}

}  // namespace
