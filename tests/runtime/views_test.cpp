// Views beyond queries: read whole, rebuilt beside themselves, with events parked.

#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "fasti/keys.hpp"
#include "tests/runtime/ledger_kit.hpp"

namespace {

using namespace fasti;
using namespace fasti::test;
using namespace std::chrono_literals;

/// `balances` under another name, mended or not, found by their entries, too.
struct books : balances {
  static constexpr auto name = "books";
  static constexpr projection_options options{.on_failure = {.then = when_failing::park}};
  using balances::apply;
  void apply(Withdrawn::Reader e, const recorded_event& at, rows<row>& rows) {
    if (e.getNote() == "poison" && !is_mended) throw std::runtime_error("apply is cross");
    add(at.key(), -e.getCents(), rows);
  }
  static void keys_of(Balance::Reader row, std::string_view, secondary_keys& out) {
    out.add("by-entries", key_of(row.getEntries()));
  }
  static inline std::atomic<bool> is_mended{false};
};

class Views : public both_storages {
 protected:
  Views() { books::is_mended = false; }
  static projection_status status_of(const runtime& rt, std::string_view name) {
    for (auto& p : rt.stats().projections) {
      if (p.name == name) return p;
    }
    return {};
  }
  static void catch_up(runtime& rt) {
    const auto seen = rt.read_view<books>([](const auto&) {},
                                          {.visible_at = rt.journal().head(), .timeout = 60s});
    ASSERT_TRUE(seen) << seen.error().to_string();
  }
};
INSTANTIATE_TEST_SUITE_P(Storages, Views, ::testing::Values(storage::leveldb, storage::memory),
                         storage_name);

TEST_P(Views, AnswersSayWhatPositionTheyShow) {
  auto rt = open();
  const auto done = deposit(rt, "ledger-a", 5);
  const auto seen = answer_of(rt.query<balances, GetBalance>([](auto q) { q.setAccount("a"); },
                                                             {.visible_at = done->position}));
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->as_of, done->position);
  EXPECT_EQ((*seen)->getCents(), 5);
}

TEST_P(Views, AreReadWholeAtOnePosition) {
  auto rt = open();
  ASSERT_TRUE(rt.add<books>());
  for (int i = 0; i < 9; ++i) {
    for (int n = 0; n <= i; ++n) ASSERT_TRUE(deposit(rt, "ledger-" + std::to_string(i), 1));
  }
  std::string keys;
  std::string by_entries;
  std::int64_t sum = 0;
  const auto as_of = rt.read_view<books>(
      [&](const view<Balance>& all) {
        EXPECT_TRUE(deposit(rt, "ledger-4", 1'000)) << "writing goes on meanwhile";
        all.scan({.from = "3", .before = "6"}, [&](std::string_view key, Balance::Reader row) {
          keys += key;
          sum += row.getCents();
        });
        all.scan_by("by-entries", {.prefix = key_of(std::uint64_t{8})},
                    [&](std::string_view key, Balance::Reader) { by_entries += key; });
      },
      {.visible_at = rt.journal().head()});
  ASSERT_TRUE(as_of) << as_of.error().to_string();
  EXPECT_EQ(*as_of, position{45});
  EXPECT_EQ(keys, "345");
  EXPECT_EQ(sum, 4 + 5 + 6);
  EXPECT_EQ(by_entries, "7");
}

TEST_P(Views, ReadingWaitsNoLongerThanAskedFor) {
  auto rt = open();
  const auto seen =
      rt.read_view<balances>([](const auto&) {}, {.visible_at = position{9}, .timeout = 1ms});
  EXPECT_EQ(seen.error().reason, "not-visible-in-time");
  EXPECT_EQ(rt.read_view<books>([](const auto&) {}).error().reason, "unknown-projection");
}

TEST_P(Views, P9_ParkedEventsAreListedReplayedAndSkipped) {
  auto rt = open();
  ASSERT_TRUE(rt.add<books>());
  ASSERT_TRUE(deposit(rt, "ledger-a", 50));
  ASSERT_TRUE(deposit(rt, "ledger-b", 50));
  const auto bad = withdraw(rt, "ledger-a", 1, "poison");
  ASSERT_TRUE(withdraw(rt, "ledger-a", 2));
  ASSERT_TRUE(withdraw(rt, "ledger-b", 3, "poison"));
  catch_up(rt);
  EXPECT_EQ(status_of(rt, "books").parked, 3U);
  EXPECT_FALSE(status_of(rt, "books").stopped);
  const auto parked = rt.parked<books>();
  ASSERT_TRUE(parked);
  ASSERT_EQ(parked->size(), 3U);
  EXPECT_EQ(parked->at(0).position, bad->position);
  EXPECT_EQ(parked->at(0).stream, "ledger-a");
  EXPECT_EQ(parked->at(0).reason, "apply is cross");
  EXPECT_NE(logged().find("parked"), std::string::npos) << "who looks at the log knows";
  EXPECT_TRUE(rt.skip_parked<books>(parked->at(0).position));
  const auto tried = rt.replay_parked<books>();
  ASSERT_TRUE(tried);
  EXPECT_EQ(tried->applied, 1U);
  EXPECT_EQ(tried->still_parked, 1U);
  books::is_mended = true;
  EXPECT_EQ(rt.replay_parked<books>()->still_parked, 0U);
  std::map<std::string, std::int64_t> cents;
  ASSERT_TRUE(rt.read_view<books>([&](const view<Balance>& all) {
    all.scan("", [&](std::string_view key, Balance::Reader row) {
      cents[std::string(key)] = row.getCents();
    });
  }));
  EXPECT_EQ(cents, (std::map<std::string, std::int64_t>{{"a", 48}, {"b", 47}}));
}

TEST_P(Views, RetriesGoOnWithTheTicksOfTheNode) {
  auto rt = open();
  ASSERT_TRUE(
      rt.add<books>({.on_failure = {.retries_max = 1000, .backoff = 1ms, .backoff_max = 1ms}}));
  ASSERT_TRUE(deposit(rt, "ledger-a", 50));
  ASSERT_TRUE(withdraw(rt, "ledger-a", 1, "poison"));
  ASSERT_TRUE(comes_true([&] { return status_of(rt, "books").retries >= 2; }));
  EXPECT_TRUE(status_of(rt, "books").failing);
  books::is_mended = true;
  catch_up(rt);
  EXPECT_FALSE(status_of(rt, "books").failing);
}

TEST_P(Views, SayHowFastTheyAndSubscriptionsAre) {
  auto rt = open();
  ASSERT_TRUE(rt.add<books>());
  const auto all = rt.subscribe({.name = "all"}, [](const auto&) {});
  ASSERT_TRUE(all) << all.error().to_string();
  const auto begin = std::chrono::steady_clock::now();
  const auto are_known = [&rt] {
    const auto s = rt.stats();
    return status_of(rt, "books").events_per_second > 0 &&
           s.subscriptions.at(0).events_per_second > 0;
  };
  while (!are_known() && std::chrono::steady_clock::now() - begin < 60s) {
    ASSERT_TRUE(deposit(rt, "ledger-a", 1));
  }
  EXPECT_TRUE(are_known());
  EXPECT_LE(rt.stats().subscriptions.at(0).events_given, count_of(rt.journal().head()));
}

TEST_P(Views, InMemoryTheyAreFoldedByEachRuntime) {
  auto rt = open();
  ASSERT_TRUE(rt.add<books>({.kept = view_place::memory}));
  ASSERT_TRUE(deposit(rt, "ledger-a", 50));
  catch_up(rt);
  EXPECT_EQ(status_of(rt, "books").events_folded, 1U);
  if (GetParam() != storage::leveldb) return;
  ASSERT_TRUE(rt.close());
  auto again = open();
  ASSERT_TRUE(again.add<books>({.kept = view_place::memory}));
  catch_up(again);
  EXPECT_EQ(status_of(again, "books").events_folded, 1U) << "from the beginning";
}

/// Does not go on until two threads are at it.
struct shared_books : balances {
  static constexpr auto name = "shared-books";
  static constexpr projection_options options{.lanes = 2};
  using balances::apply;
  void apply(Deposited::Reader e, const recorded_event& at, rows<row>& rows) {
    std::unique_lock lock(mutex);
    threads.insert(std::this_thread::get_id());
    came.notify_all();
    if (came.wait_for(lock, 60s, [] { return threads.size() == 2; })) {
      add(at.key(), e.getCents(), rows);
    }
  }
  static std::string order_key(const recorded_event& e) { return std::string(e.key()); }

  static inline std::mutex mutex;
  static inline std::condition_variable came;
  static inline std::set<std::thread::id> threads;  // protected by mutex
};

TEST_P(Views, SeveralThreadsFoldOneInLanes) {
  shared_books::threads.clear();
  auto rt = open();
  for (int i = 0; i < 16; ++i) ASSERT_TRUE(deposit(rt, "ledger-" + std::to_string(i), 1 + i));
  ASSERT_TRUE(rt.add<shared_books>());
  std::size_t rows = 0;
  std::int64_t sum = 0;
  ASSERT_TRUE(rt.read_view<shared_books>(
      [&](const view<Balance>& all) {
        all.scan("", [&](std::string_view, Balance::Reader row) {
          ++rows;
          sum += row.getCents();
        });
      },
      {.visible_at = rt.journal().head(), .timeout = 60s}));
  EXPECT_EQ(rows, 16U);
  EXPECT_EQ(sum, 16 * 17 / 2);
  for (int i = 0; i < 16; ++i) {
    const auto seen = answer_of(
        rt.query<shared_books, GetBalance>([i](auto q) { q.setAccount(std::to_string(i)); }));
    ASSERT_TRUE(seen) << seen.error().to_string();
    EXPECT_EQ((*seen)->getCents(), 1 + i);
  }
}

struct unordered_books : balances {
  static constexpr auto name = "unordered-books";
};

TEST_P(Views, LanesNeedAnOrderKey) {
  auto rt = open();
  EXPECT_EQ(rt.add<unordered_books>({.lanes = 2}).error().reason, "no-order-key");
  EXPECT_EQ(rt.add<unordered_books>({.lanes = 0}).error().reason, "lanes-out-of-range");
  EXPECT_EQ(rt.add<shared_books>({.lanes = 65}).error().reason, "lanes-out-of-range");
  EXPECT_TRUE(rt.add<unordered_books>({.lanes = 1}));
}

TEST_P(Views, ARebuildIsComparedAndSwitchedTo) {
  auto rt = open();
  ASSERT_TRUE(rt.add<books>());
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(deposit(rt, "ledger-" + std::to_string(i), 1));
  catch_up(rt);
  auto again =
      rt.rebuild<books>({.from = start_at::behind(position{10}), .then = when_caught_up::wait});
  ASSERT_TRUE(again) << again.error().to_string();
  const auto came_to = again->wait(60s);
  ASSERT_TRUE(came_to);
  EXPECT_EQ(came_to->phase, rebuild_phase::caught_up);
  EXPECT_EQ(rt.rebuild<books>().error().reason, "rebuild-under-way");
  std::size_t gone = 0;
  const auto d = again->compare([&](std::string_view, auto serving, auto rebuilt) {
    EXPECT_EQ(serving->getCents(), 1);
    EXPECT_FALSE(rebuilt);
    ++gone;
  });
  ASSERT_TRUE(d) << d.error().to_string();
  EXPECT_EQ(gone, 10U);
  EXPECT_EQ(d->only_old, 10U);
  EXPECT_EQ(d->same, 40U);
  ASSERT_TRUE(again->switch_over());
  EXPECT_EQ(again->status().phase, rebuild_phase::switched_over);
  EXPECT_EQ(again->switch_over().error().reason, "rebuild-over");
  std::size_t rows = 0;
  ASSERT_TRUE(rt.read_view<books>([&](const view<Balance>& all) {
    all.scan("", [&](std::string_view, Balance::Reader) { ++rows; });
  }));
  EXPECT_EQ(rows, 40U);
}

TEST_P(Views, ARebuildOfAStoppedViewFollowsTheJournal) {
  auto rt = open();
  ASSERT_TRUE(rt.add<books>({}));
  ASSERT_TRUE(deposit(rt, "ledger-a", 50));
  ASSERT_TRUE(withdraw(rt, "ledger-a", 1, "poison"));
  ASSERT_TRUE(comes_true([&] { return status_of(rt, "books").stopped.has_value(); }));
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(deposit(rt, "ledger-b", 1));
  books::is_mended = true;
  auto again = rt.rebuild<books>({.then = when_caught_up::wait});
  ASSERT_TRUE(again);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(deposit(rt, "ledger-b", 1));
  const auto end = rt.journal().head();
  ASSERT_TRUE(comes_true([&] { return again->status().at == end; }));
  ASSERT_TRUE(again->switch_over());
  catch_up(rt);
  EXPECT_FALSE(status_of(rt, "books").stopped);
}

TEST_P(Views, ARebuildGoesOnInTheNextRuntime) {
  if (GetParam() != storage::leveldb) return;
  auto o = options();
  o.projection_batch_events = 2;
  {
    auto rt = open(o);
    ASSERT_TRUE(rt.add<books>());
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(deposit(rt, "ledger-" + std::to_string(i), 1));
    catch_up(rt);
    EXPECT_FALSE(rt.last_rebuild<books>());
    ASSERT_TRUE(rt.rebuild<books>({.then = when_caught_up::wait}));
  }
  auto rt = open(o);
  ASSERT_TRUE(rt.add<books>());
  auto again = rt.last_rebuild<books>();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->wait(60s)->phase, rebuild_phase::caught_up);
  EXPECT_EQ(again->compare()->rows(), 0U);
  ASSERT_TRUE(again->cancel());
  EXPECT_EQ(status_of(rt, "books").rebuild->phase, rebuild_phase::cancelled);
}

TEST_P(Views, AHandleOfARebuildMayOutliveItsRuntime) {
  std::optional<view_rebuild<Balance>> kept;
  {
    auto rt = open();
    ASSERT_TRUE(rt.add<books>());
    ASSERT_TRUE(deposit(rt, "ledger-a", 1));
    kept = *rt.rebuild<books>({.then = when_caught_up::wait});
    ASSERT_TRUE(kept->wait(60s));
  }
  EXPECT_EQ(kept->status().phase, rebuild_phase::caught_up);
  EXPECT_EQ(kept->switch_over().error().code, errc::closed);
  EXPECT_EQ(kept->cancel().error().code, errc::closed);
  EXPECT_EQ(kept->compare().error().code, errc::closed);
}

TEST_P(Views, TruncateWaitsForParkedEvents) {
  auto o = options();
  o.snapshot_every_events = 2;
  auto rt = *runtime::open<ledger, books>(o);
  ASSERT_TRUE(deposit(rt, "ledger-a", 50));
  ASSERT_TRUE(withdraw(rt, "ledger-a", 1, "poison"));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(deposit(rt, "ledger-a", 1));
  ASSERT_TRUE(comes_true([&rt] { return rt.stats().snapshots_saved >= 2; }));
  catch_up(rt);
  books::is_mended = true;
  const auto refused = rt.truncate("ledger-a", version{2}, "");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("parked"), std::string::npos) << refused.error().detail;
}

struct ill_named : balances {
  static constexpr auto name = "fasti.mine";
};

TEST_P(Views, NamesThatAreFastisOwnAreRefused) {
  auto rt = open();
  EXPECT_EQ(rt.add<ill_named>().error().reason, "malformed-view-name");
}

}  // namespace
