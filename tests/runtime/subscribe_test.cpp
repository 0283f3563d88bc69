// Subscriptions through the public API, on either storage.

#include <mutex>
#include <random>

#include "tests/runtime/ledger_kit.hpp"

namespace {

using namespace fasti;
using namespace fasti::test;
using namespace std::chrono_literals;
using numbers = std::vector<std::uint64_t>;

numbers positions_of(const event_batch& batch) {
  numbers all;
  for (const auto& e : batch) all.push_back(count_of(e.position));
  return all;
}
numbers from_to(std::uint64_t first, std::uint64_t last) {
  numbers all;
  for (auto n = first; n <= last; ++n) all.push_back(n);
  return all;
}

/// The positions of the next `n` events, or of fewer if that takes a minute.
numbers take(event_feed& feed, std::size_t n) {
  numbers all;
  while (all.size() < n) {
    const auto batch = feed.next(answer_limit);
    if (!batch || batch->empty()) break;
    const auto more = positions_of(*batch);
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}
/// … of all that are there, if the feed asks for everything.
numbers take_all(runtime& rt, subscription_options options) {
  auto feed = rt.subscribe(std::move(options)).value();
  numbers all;
  while (true) {
    const auto batch = feed.next(answer_limit);
    if (!batch) break;
    const auto more = positions_of(*batch);
    all.insert(all.end(), more.begin(), more.end());
    if (batch->empty() || batch->up_to().position == rt.journal().head()) break;
  }
  return all;
}

/// A callback's memory: what came, and the batches as long as it holds them.
struct collector {
  [[nodiscard]] batch_callback callback() {
    return [this](result<event_batch> came) {
      const std::lock_guard lock(mutex);
      if (!came) return ended.push_back(came.error());
      const auto more = positions_of(*came);
      seen.insert(seen.end(), more.begin(), more.end());
      if (holds) held.push_back(*std::move(came));
    };
  }
  [[nodiscard]] std::size_t count() {
    const std::lock_guard lock(mutex);
    return seen.size();
  }
  void let_go() {
    std::vector<event_batch> gone;
    const std::lock_guard lock(mutex);
    gone.swap(held);
  }

  std::mutex mutex;
  bool holds = false;
  numbers seen;
  std::vector<event_batch> held;
  std::vector<error> ended;
};

class Subscribe : public both_storages {
 protected:
  static void deposit_some(runtime& rt, int n, std::string_view stream = "ledger-a") {
    for (int i = 0; i < n; ++i) ASSERT_TRUE(deposit(rt, stream, 100));
  }
  /// Positions 1 to 8: deposits into a and b by turns, then a is withdrawn from, drawn from (8).
  static void fill(runtime& rt) {
    for (int i = 0; i < 3; ++i) {
      deposit_some(rt, 1, "ledger-a");
      deposit_some(rt, 1, "ledger-b");
    }
    ASSERT_TRUE(withdraw(rt, "ledger-a", 1));
    ASSERT_TRUE(
        (answer_of(rt.send<ledger, Draw>("ledger-a", [](auto c) { c.setCents(1); })).has_value()));
  }
};

TEST_P(Subscribe, P4_GivesWhatIsThereAndWhatComesEachOnceInOrder) {
  auto rt = open();
  deposit_some(rt, 50);
  auto feed = rt.subscribe({.batch_events_max = 7}).value();
  EXPECT_EQ(take(feed, 50), from_to(1, 50));
  std::thread writer([&rt] { deposit_some(rt, 50); });
  EXPECT_EQ(take(feed, 50), from_to(51, 100));
  writer.join();
  const auto nothing = feed.next(0ms);
  ASSERT_TRUE(nothing);
  EXPECT_TRUE(nothing->empty());
  EXPECT_EQ(nothing->up_to(), (checkpoint{rt.journal().id(), position{100}}));
}

TEST_P(Subscribe, AnEventIsWhole) {
  auto rt = open();
  deposit_some(rt, 1);
  command_origin origin{.id = command_id::of("w"), .metadata = "who"};
  ASSERT_TRUE(answer_of(rt.send<ledger, Draw>(
                            "ledger-a", [](auto c) { c.setCents(42); }, origin))
                  .has_value());
  auto feed = rt.subscribe({.from = start_at::behind(position{1})}).value();
  const auto batch = feed.next(answer_limit).value();
  ASSERT_EQ(batch.size(), 1U);
  const auto& e = batch[0];
  EXPECT_EQ(e.stream, "ledger-a");
  EXPECT_EQ(e.version, version{2});
  EXPECT_EQ(e.command, command_id::of("w"));
  EXPECT_EQ(e.metadata, "who");
  EXPECT_TRUE(e.tags.contains("drawn"));
  body_reader body(e.body);
  EXPECT_EQ(body.root<Withdrawn>().getCents(), 42);
}

TEST_P(Subscribe, GivesWhatIsAskedForOnly) {
  auto rt = open();
  fill(rt);
  EXPECT_EQ(take_all(rt, {}), from_to(1, 8));
  EXPECT_EQ(take_all(rt, {.only = {.types = {type_id_of<Withdrawn>}}}), (numbers{7, 8}));
  EXPECT_EQ(take_all(rt, {.only = {.tags = {"drawn"}}}), (numbers{8}));
  EXPECT_EQ(take_all(rt, {.only = {.categories = {"nobody", "ledger"}}}), from_to(1, 8));
  EXPECT_EQ(take_all(rt, {.only = {.stream = "ledger-b"}}), (numbers{2, 4, 6}));
  EXPECT_EQ(take_all(rt, {.only = {.types = {type_id_of<Withdrawn>}, .stream = "ledger-a"}}),
            (numbers{7, 8}));
  EXPECT_EQ(take_all(rt, {.only = {.tags = {"drawn"}, .stream = "ledger-a"}}), (numbers{8}));
}

TEST_P(Subscribe, BeginsWhereItIsTold) {
  auto rt = open();
  fill(rt);
  for (std::uint64_t p = 0; p < 8; ++p) {
    EXPECT_EQ(take_all(rt, {.from = start_at::behind(position{p})}), from_to(p + 1, 8));
    numbers of_b = {2, 4, 6};
    std::erase_if(of_b, [p](auto n) { return n <= p; });
    auto one = rt.subscribe({.from = start_at::behind(position{p}), .only = {.stream = "ledger-b"}})
                   .value();
    EXPECT_EQ(take(one, of_b.size()), of_b) << "behind " << p;
  }
  const checkpoint third{rt.journal().id(), position{3}};
  EXPECT_EQ(take_all(rt, {.from = start_at::behind(*checkpoint::parse(third.to_string()))}),
            from_to(4, 8));
}

TEST_P(Subscribe, BeginsAtATimeOrNow) {
  timestamp now{};
  auto o = options();
  o.clock = [&now] { return now; };
  auto rt = open(std::move(o));
  for (int hour = 1; hour <= 3; ++hour) {
    now = timestamp{} + std::chrono::hours{hour};
    deposit_some(rt, 2);
  }
  EXPECT_EQ(take_all(rt, {.from = start_at::time(timestamp{} + 2h)}), from_to(3, 6));
  auto from_now = rt.subscribe({.from = start_at::now()}).value();
  deposit_some(rt, 2);
  EXPECT_EQ(take(from_now, 2), from_to(7, 8));
}

TEST_P(Subscribe, RefusesAPlaceThatThisJournalDoesNotHave) {
  auto rt = open();
  deposit_some(rt, 1);
  const auto refused = [&rt](const start_at& from) {
    const auto feed = rt.subscribe({.from = from});
    return feed ? "it is there" : feed.error().reason;
  };
  EXPECT_EQ(refused(start_at::behind(position{2})), "checkpoint-ahead");
  EXPECT_EQ(refused(start_at::behind(checkpoint{{1, 2}, position{1}})), "foreign-checkpoint");
  EXPECT_EQ(refused(start_at::behind(checkpoint{rt.journal().id(), position{1}})), "it is there");
  EXPECT_EQ(rt.subscribe({.only = {.stream = "ledger"}}).error().code, errc::invalid);
  EXPECT_EQ(rt.subscribe({.from = start_at::behind(position{2})}, {}).error().reason,
            "checkpoint-ahead");
}

TEST_P(Subscribe, P6_WhoHoldsAllItMayGetsNoMoreAndOtherOnesDo) {
  auto rt = open();
  collector slow;
  slow.holds = true;
  const auto handle =
      rt.subscribe({.name = "slow", .batch_events_max = 1, .batches_held_max = 3}, slow.callback())
          .value();
  auto quick = rt.subscribe({}).value();
  deposit_some(rt, 20);
  EXPECT_EQ(take(quick, 20), from_to(1, 20));
  ASSERT_TRUE(comes_true([&] { return slow.count() == 3; }));
  const auto status = rt.stats().subscriptions.at(0);
  EXPECT_EQ(status.name, "slow");
  EXPECT_EQ(status.batches_held, 3U);
  EXPECT_EQ(status.given_up_to, position{3});
  while (slow.count() < 20) slow.let_go();
  EXPECT_EQ(slow.seen, from_to(1, 20));
}

TEST_P(Subscribe, WhilePausedNothingIsRead) {
  auto rt = open();
  collector all;
  auto handle = rt.subscribe({}, all.callback()).value();
  deposit_some(rt, 3);
  ASSERT_TRUE(comes_true([&] { return all.count() == 3; }));
  handle.pause();
  EXPECT_TRUE(handle.status().is_paused);
  deposit_some(rt, 3);
  EXPECT_EQ(view_balance(rt, "a"), 600) << "the view has all, so the bus has told of it";
  EXPECT_EQ(handle.status().given_up_to, position{3});
  handle.resume();
  EXPECT_TRUE(comes_true([&] { return all.count() == 6; }));
}

TEST_P(Subscribe, EndsWithItsHandleAndFreesEverythingAtOnce) {
  auto rt = open();
  deposit_some(rt, 3);
  const auto memory = std::make_shared<std::atomic<int>>(0);
  {
    const auto handle =
        rt.subscribe({}, [memory](const result<event_batch>&) { ++*memory; }).value();
    ASSERT_TRUE(comes_true([&] { return *memory == 1; }));
    EXPECT_GT(memory.use_count(), 1);
  }
  EXPECT_EQ(memory.use_count(), 1) << "the callback has gone";
  deposit_some(rt, 3);
  EXPECT_EQ(view_balance(rt, "a"), 600);
  EXPECT_EQ(*memory, 1);
  EXPECT_TRUE(rt.stats().subscriptions.empty());
}

TEST_P(Subscribe, AHandleMayEndInItsOwnCall) {
  auto rt = open();
  std::atomic<int> calls{0};
  std::optional<subscription> handle;
  std::promise<void> is_there;
  auto made = rt.subscribe({.batch_events_max = 1},
                           [&, ready = is_there.get_future().share()](result<event_batch>) {
                             ready.wait();
                             ++calls;
                             handle.reset();
                           });
  handle.emplace(*std::move(made));
  is_there.set_value();
  deposit_some(rt, 5);
  EXPECT_TRUE(comes_true([&] { return rt.stats().subscriptions.empty(); }));
  EXPECT_EQ(view_balance(rt, "a"), 500);
  EXPECT_EQ(calls, 1);
}

TEST_P(Subscribe, ACallbackThatThrowsEndsItsSubscriptionAndNothingElse) {
  auto rt = open();
  const auto handle = rt.subscribe({.name = "cross"}, [](const result<event_batch>&) {
                          throw std::runtime_error("as the test wants");
                        }).value();
  deposit_some(rt, 3);
  const auto said = "subscription cross: its callback threw as the test wants";
  EXPECT_TRUE(comes_true([&] { return logged().find(said) != std::string::npos; }));
  EXPECT_TRUE(rt.stats().subscriptions.empty());
  EXPECT_EQ(view_balance(rt, "a"), 300);
}

TEST_P(Subscribe, TheLastCallSaysThatTheRuntimeCloses) {
  collector all;
  all.holds = true;
  std::optional<subscription> handle;
  std::optional<event_feed> feed;
  {
    auto rt = open();
    handle.emplace(rt.subscribe({.batches_held_max = 8}, all.callback()).value());
    feed.emplace(rt.subscribe({.only = {.types = {type_id_of<Withdrawn>}}}).value());
    deposit_some(rt, 3);
    ASSERT_TRUE(comes_true([&] { return all.count() == 3; }));
    ASSERT_TRUE(rt.close());
    EXPECT_EQ(rt.subscribe({}).error().code, errc::closed);
  }
  ASSERT_EQ(all.ended.size(), 1U);
  EXPECT_EQ(all.ended[0].code, errc::closed);
  EXPECT_EQ(feed->next(answer_limit).error().code, errc::closed);
  EXPECT_EQ(feed->next(0ms).error().code, errc::closed);
  EXPECT_EQ(all.held.at(0)[0].stream, "ledger-a") << "a batch outlives its runtime";
  all.let_go();
  handle->resume();
}

TEST_P(Subscribe, P4_ManyAtOnceUnderLoadEachGetEverythingOnce) {
  constexpr int senders = 3;
  constexpr int each = 150;
  constexpr std::size_t subscribers = 8;
  auto rt = open();
  std::vector<std::thread> threads;
  for (int t = 0; t < senders; ++t) {
    threads.emplace_back([&rt, t] { deposit_some(rt, each, "ledger-" + std::to_string(t)); });
  }
  std::vector<numbers> seen(subscribers);
  for (std::size_t s = 0; s < subscribers; ++s) {
    threads.emplace_back([&rt, s, &mine = seen[s]] {
      std::mt19937_64 by(s);
      checkpoint saved{rt.journal().id(), no_position};
      while (mine.size() < senders * each) {  // again and again from where it was
        auto feed =
            rt.subscribe({.from = start_at::behind(saved), .batch_events_max = 1 + s * 5}).value();
        for (auto batches = 1 + by() % 9; batches > 0; --batches) {
          const auto batch = feed.next(20ms).value();
          const auto more = positions_of(batch);
          mine.insert(mine.end(), more.begin(), more.end());
          saved = batch.up_to();
        }
      }
    });
  }
  for (auto& t : threads) t.join();
  for (const auto& mine : seen) EXPECT_EQ(mine, from_to(1, senders * each));
}

TEST_P(Subscribe, TruncatedEventsComeMarked) {
  auto o = options();
  o.snapshot_every_events = 5;
  auto rt = open(std::move(o));
  deposit_some(rt, 12);
  ASSERT_TRUE(comes_true([&rt] { return rt.stats().snapshots_saved >= 2; }));
  ASSERT_EQ(view_balance(rt, "a"), 1200);
  ASSERT_TRUE(rt.truncate("ledger-a", version{4}, "as the test wants"));
  auto feed = rt.subscribe({.only = {.categories = {"ledger"}}}).value();
  std::size_t seen = 0;
  std::size_t marked = 0;
  while (seen < 12) {
    const auto batch = feed.next(answer_limit).value();
    ASSERT_FALSE(batch.empty());
    for (const auto& e : batch) {
      ++seen;
      marked += e.is_truncated() ? 1U : 0U;
      EXPECT_EQ(e.body.empty(), e.is_truncated());
    }
  }
  EXPECT_EQ(marked, 4U);
}

INSTANTIATE_TEST_SUITE_P(, Subscribe, ::testing::Values(storage::leveldb, storage::memory),
                         storage_name);

TEST(Checkpoint, IsWrittenAndReadBack) {
  const checkpoint c{{0x0123456789abcdefULL, 0xfULL}, position{17}};
  EXPECT_EQ(c.to_string(), "17@0123456789abcdef000000000000000f");
  EXPECT_EQ(checkpoint::parse(c.to_string()).value(), c);
  const auto refused = {"",
                        "17",
                        "17@",
                        "@0123456789abcdef000000000000000f",
                        "17@0123456789abcdef00000000000000",
                        "17@0123456789abcdef000000000000000g",
                        "-1@0123456789abcdef000000000000000f",
                        "17@0123456789abcdef000000000000000f ",
                        "99999999999999999999@0123456789abcdef000000000000000f"};
  for (const auto* text : refused) {
    EXPECT_EQ(checkpoint::parse(text).error().reason, "malformed-checkpoint") << text;
  }
}

}  // namespace
