// Many at once: money adds up, versions have no gap, limits hold.

#include <atomic>
#include <latch>
#include <set>

#include "tests/runtime/ledger_kit.hpp"

namespace {

using namespace fasti;
using namespace fasti::test;

class Concurrency : public both_storages {
 protected:
  struct outcome {
    std::int64_t deposited = 0;
    std::vector<receipt> receipts;
  };

  /// `threads_count` threads send `sends_each` deposits each to `streams_count` streams.
  static std::vector<outcome> send_from_threads(runtime& rt, int threads_count, int sends_each,
                                                int streams_count) {
    std::vector<outcome> outcomes(static_cast<std::size_t>(threads_count));
    std::latch start(threads_count);
    std::vector<std::thread> threads;
    for (int t = 0; t < threads_count; ++t) {
      threads.emplace_back([&, t] {
        start.arrive_and_wait();
        auto& mine = outcomes[static_cast<std::size_t>(t)];
        std::vector<std::future<result<receipt>>> sent;
        for (int i = 0; i < sends_each; ++i) {
          const auto key = std::to_string((t * 31 + i) % streams_count);
          sent.push_back(start_deposit(rt, "ledger-" + key, i + 1));
          mine.deposited += i + 1;
        }
        for (auto& s : sent) {
          const auto r = answer_of(std::move(s));
          ASSERT_TRUE(r.has_value()) << r.error().to_string();
          mine.receipts.push_back(*r);
        }
      });
    }
    for (auto& t : threads) t.join();
    return outcomes;
  }

  static void expect_all_adds_up(runtime& rt, const std::vector<outcome>& outcomes) {
    const auto f = fold(rt.journal());
    EXPECT_EQ(f.gap, "");
    std::int64_t sum = 0;
    std::int64_t stored = 0;
    std::set<position> positions;
    std::uint64_t receipts = 0;
    for (const auto& o : outcomes) {
      sum += o.deposited;
      for (const auto& r : o.receipts) positions.insert(r.position);
      receipts += o.receipts.size();
    }
    EXPECT_EQ(positions.size(), receipts) << "each receipt has a position of its own";
    EXPECT_EQ(f.events, receipts);
    for (const auto& [key, cents] : f.balances) {
      stored += cents;
      EXPECT_EQ(state_balance(rt, "ledger-" + key), cents);
      EXPECT_EQ(view_balance(rt, key), cents);
    }
    EXPECT_EQ(stored, sum);
  }
};
INSTANTIATE_TEST_SUITE_P(, Concurrency, ::testing::Values(storage::leveldb, storage::memory),
                         storage_name);

TEST_P(Concurrency, P4_ManyThreadsToOneStream) {
  auto rt = open();
  expect_all_adds_up(rt, send_from_threads(rt, 4, 1000, 1));
}

TEST_P(Concurrency, P4_ManyThreadsToManyStreams) {
  auto rt = open();
  expect_all_adds_up(rt, send_from_threads(rt, 4, 1000, 500));
}

TEST_P(Concurrency, P6_OneSenderIsServedInOrder) {
  auto rt = open();
  std::vector<std::future<result<receipt>>> sent;
  for (int i = 0; i < 1000; ++i) sent.push_back(start_deposit(rt, "ledger-a", i + 1));
  std::uint64_t expected = 0;
  for (auto& s : sent) ASSERT_EQ(answer_of(std::move(s))->version, version{++expected});
}

TEST_P(Concurrency, P6_NobodyOverdraws) {
  auto rt = open();
  static_cast<void>(deposit(rt, "ledger-a", 100));
  std::atomic<int> paid{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        const auto r = withdraw(rt, "ledger-a", 1);
        if (r) {
          ++paid;
        } else {
          EXPECT_EQ(r.error().reason, "insufficient-funds");
        }
      }
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(paid, 100);
  EXPECT_EQ(state_balance(rt, "ledger-a"), 0);
}

TEST_P(Concurrency, ACallbackMaySendAgain) {
  constexpr int rounds = 300;
  auto rt = open();
  std::promise<int> done;
  std::atomic<int> round{0};
  std::function<void(const result<receipt>&)> again = [&](const result<receipt>& r) {
    ASSERT_TRUE(r.has_value()) << r.error().to_string();
    const int n = ++round;
    if (n == rounds) return done.set_value(n);
    rt.send_then<Deposit>(
        "ledger-" + std::to_string(n % 3), [](auto c) { c.setCents(1); }, again);
  };
  rt.send_then<Deposit>(
      "ledger-0", [](auto c) { c.setCents(1); }, again);
  auto finished = done.get_future();
  ASSERT_EQ(finished.wait_for(answer_limit), std::future_status::ready);
  EXPECT_EQ(rt.journal().head(), position{rounds});
}

TEST_P(Concurrency, P6_ACallbackAtTheLimitFindsItsOwnPlaceFree) {
  auto o = options();
  o.commands_in_flight_max = 1;
  o.aggregate_queue_max = 1;
  auto rt = open(o);
  std::promise<result<receipt>> second;
  rt.send_then<Deposit>(
      "ledger-a", [](auto c) { c.setCents(1); },
      [&](const result<receipt>&) {
        rt.send_then<Deposit>(
            "ledger-a", [](auto c) { c.setCents(1); },
            [&](result<receipt> r) { second.set_value(std::move(r)); });
      });
  auto finished = second.get_future();
  ASSERT_EQ(finished.wait_for(answer_limit), std::future_status::ready);
  EXPECT_TRUE(finished.get().has_value());
}

/// A clock that holds the journal's writer: a disk as slow as the test wants.
class held_clock {
 public:
  timestamp now() {
    while (held && std::this_thread::get_id() != owner_) std::this_thread::yield();
    return system_now();
  }
  std::atomic<bool> held{false};

 private:
  std::thread::id owner_ = std::this_thread::get_id();
};

TEST_P(Concurrency, P6_AFullAggregateRefusesAndTakesAgainLater) {
  const auto clock = std::make_shared<held_clock>();
  auto o = options();
  o.aggregate_queue_max = 4;
  o.clock = [clock] { return clock->now(); };
  auto rt = open(o);
  ASSERT_TRUE(deposit(rt, "ledger-a", 1).has_value());
  clock->held = true;
  std::vector<std::future<result<receipt>>> sent;
  for (int i = 0; i < 10; ++i) sent.push_back(start_deposit(rt, "ledger-a", 1));
  EXPECT_EQ(rt.stats().commands_in_flight, 4U);
  for (std::size_t i = 4; i < sent.size(); ++i) {
    const auto refused = answer_of(std::move(sent[i]));
    EXPECT_EQ(refused.error().code, errc::unavailable);
    EXPECT_EQ(refused.error().reason, "queue-full");
  }
  clock->held = false;
  for (std::size_t i = 0; i < 4; ++i) EXPECT_TRUE(answer_of(std::move(sent[i])).has_value());
  EXPECT_TRUE(deposit(rt, "ledger-a", 1).has_value());
  EXPECT_EQ(state_balance(rt, "ledger-a"), 6);
}

TEST_P(Concurrency, P6_ABusyNodeRefusesAndTakesAgainLater) {
  const auto clock = std::make_shared<held_clock>();
  auto o = options();
  o.commands_in_flight_max = 3;
  o.clock = [clock] { return clock->now(); };
  auto rt = open(o);
  clock->held = true;
  std::vector<std::future<result<receipt>>> sent;
  for (int i = 0; i < 5; ++i) sent.push_back(start_deposit(rt, "ledger-" + std::to_string(i), 1));
  for (std::size_t i = 3; i < sent.size(); ++i) {
    EXPECT_EQ(answer_of(std::move(sent[i])).error().reason, "node-busy");
  }
  clock->held = false;
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(answer_of(std::move(sent[i])).has_value());
  EXPECT_TRUE(deposit(rt, "ledger-a", 1).has_value());
}

TEST_P(Concurrency, P2_NoViewAndNoStateIsAheadOfTheDisk) {
  auto rt = open();
  std::atomic<bool> sending{true};
  std::thread sender([&] {
    for (int i = 0; i < 2000; ++i) static_cast<void>(start_deposit(rt, "ledger-a", 1));
    sending = false;
  });
  while (sending && !HasFailure()) {
    const auto cents = state_balance(rt, "ledger-a");
    EXPECT_LE(static_cast<std::uint64_t>(cents), count_of(rt.journal().head()));
    const auto row = view_row(rt, "a");
    if (!row) continue;
    EXPECT_LE((*row)->getEntries(), count_of(rt.journal().head()));
  }
  sender.join();
}

}  // namespace
