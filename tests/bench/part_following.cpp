// What those who follow cost those who write, and how far behind them they are.
#include <algorithm>
#include <condition_variable>
#include <deque>
#include <thread>

#include "allocations.hpp"
#include "ledgers.hpp"
#include "parts.hpp"

namespace fasti::bench {
namespace {

constexpr std::size_t ledgers = 10'000;
constexpr std::size_t in_flight = 256;

void deposit_next(runtime& rt, flow& commands, std::size_t over) {
  const auto number = commands.next();
  if (!number) return;
  rt.send_then<test::Deposit>(
      ledger_name(*number % over), [](auto c) { c.setCents(1); },
      [&rt, &commands, over, sent = stopwatch::now()](const result<receipt>& r) {
        if (!r) fail(r.error().to_string());
        commands.on_done(sent);
        deposit_next(rt, commands, over);
      });
}

/// Commands a second, as many as go.
double full_load(runtime& rt, double seconds) {
  flow commands(in_flight, seconds);
  for (std::size_t i = 0; i < in_flight; ++i) deposit_next(rt, commands, ledgers);
  commands.wait();
  return commands.per_second();
}

/// Subscribers that keep what they get, and let go of one batch a second each.
class slow_subscribers {
 public:
  slow_subscribers(runtime& rt, std::size_t count) : desks_(count) {
    for (auto& d : desks_) {
      auto made = rt.subscribe({}, [&d](result<event_batch> batch) {
        if (!batch) return;
        const std::lock_guard lock(d.mutex);
        d.batches.push_back(*std::move(batch));
      });
      if (!made) fail(made.error().to_string());
      handles_.push_back(*std::move(made));
    }
    worker_ = std::thread([this] { work(); });
  }
  ~slow_subscribers() {
    {
      const std::lock_guard lock(mutex_);
      is_over_ = true;
    }
    ended_.notify_all();
    worker_.join();
    handles_.clear();
  }

 private:
  struct desk {
    std::mutex mutex;
    std::deque<event_batch> batches;
  };

  void work() {
    std::unique_lock lock(mutex_);
    while (!ended_.wait_for(lock, std::chrono::seconds{1}, [this] { return is_over_; })) {
      for (auto& d : desks_) {
        event_batch done;
        const std::lock_guard desk_lock(d.mutex);
        if (d.batches.empty()) continue;
        done = std::move(d.batches.front());
        d.batches.pop_front();
      }
    }
  }

  std::deque<desk> desks_;
  std::vector<subscription> handles_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool is_over_ = false;  // protected by mutex_
  std::thread worker_;
};

struct follower_rounds {
  std::size_t count;
  std::vector<double> rate = {};
  std::vector<double> heap_kib = {};
};

void run(follower_rounds& into, const plan& p) {
  const scratch place(p.directory + "/followers");
  auto rt = open_ledgers(place.path());
  deposit_to_each(rt, p.quick ? 100 : ledgers, 1, in_flight, "followers");
  calm_disk(place.path());
  std::uint64_t heap_with = 0;
  {
    const slow_subscribers slow(rt, into.count);
    into.rate.push_back(full_load(rt, p.quick ? 0.05 : 3.0));
    heap_with = heap_bytes();
  }
  const auto heap_without = heap_bytes();
  into.heap_kib.push_back(
      heap_with < heap_without ? 0 : static_cast<double>(heap_with - heap_without) / 1024);
  close(rt);
}

// -- how far behind ------------------------------------------------------------------------------

struct visible_rounds {
  std::vector<double> asked_per_second;
  std::vector<double> p50_us;
  std::vector<double> p99_us;
  std::vector<double> cores;
};

/// Commands a second that go and are shown: the view's time to catch up counts.
double sustained(runtime& rt, double seconds) {
  const auto begin = stopwatch::now();
  const double commands = full_load(rt, seconds) * seconds;
  wait_until_shown(rt, rt.journal().head());
  return commands / seconds_since(begin);
}

/// Sends so many commands a second, in portions of a millisecond. Of every so many receipts the
/// time is taken until the view shows what it says.
void half_load(visible_rounds& into, runtime& rt, double per_second, double seconds) {
  constexpr std::size_t one_in = 16;
  const auto total = std::max(one_in, static_cast<std::size_t>(per_second * seconds));
  std::mutex mutex;
  std::condition_variable ended;
  std::vector<double> behind_us;
  std::size_t left = total;
  const auto done = [&](std::optional<double> us) {
    const std::lock_guard lock(mutex);
    if (us) behind_us.push_back(*us);
    if (--left == 0) ended.notify_all();
  };
  const auto ask = [&](position shown) {
    rt.query_then<test::balances, test::GetBalance>(
        [](auto q) { q.setAccount("0"); },
        [&done, got = stopwatch::now()](const result<owned<test::Balance>>& answer) {
          if (!answer) fail(answer.error().to_string());
          done(seconds_since(got) * 1e6);
        },
        {.visible_at = shown});
  };
  const double cpu_before = cpu_seconds();
  const auto begin = stopwatch::now();
  std::unique_lock lock(mutex);
  for (std::size_t sent = 0; sent < total;) {
    lock.unlock();
    const auto due = std::min(total, static_cast<std::size_t>(seconds_since(begin) * per_second));
    for (; sent < due; ++sent) {
      rt.send_then<test::Deposit>(
          ledger_name(sent % ledgers), [](auto c) { c.setCents(1); },
          [&, sent](const result<receipt>& r) {
            if (!r) fail(r.error().to_string());
            if (sent % one_in == 0) return ask(r->position);
            done(std::nullopt);
          });
    }
    lock.lock();
    ended.wait_for(lock, std::chrono::milliseconds{1}, [&left] { return left == 0; });
  }
  ended.wait(lock, [&left] { return left == 0; });
  into.asked_per_second.push_back(static_cast<double>(total) / seconds_since(begin));
  into.cores.push_back((cpu_seconds() - cpu_before) / seconds_since(begin));
  into.p50_us.push_back(quantile(behind_us, 0.5));
  into.p99_us.push_back(quantile(behind_us, 0.99));
}

}  // namespace

table measure_followers(const plan& p) {
  std::vector<follower_rounds> all{{0}, {1}, {10}, {100}};
  for (int round = 0; round < p.rounds; ++round) {
    for (auto& f : all) {
      tell_progress("followers, round " + std::to_string(round + 1) + " of " +
                    std::to_string(p.rounds) + ", " + std::to_string(f.count));
      run(f, p);
    }
  }
  table t{"followers",
          "commands with " + std::to_string(in_flight) + " in flight while slow subscribers follow",
          {{"subscribers", "subscribers"},
           {"per_second", "commands/s"},
           {"ratio_to_none", ": none", 2, "commands/s against none in the same round", true},
           {"heap_kib", "heap KiB", 0, "that goes when they go, all together"}}};
  t.notes = {"Each wants every event, holds its two batches, and lets go of one a second."};
  for (const auto& f : all) {
    t.rows.push_back({std::to_string(f.count), median(f.rate), median_ratio(f.rate, all[0].rate),
                      median(f.heap_kib)});
  }
  return t;
}

table measure_visible(const plan& p) {
  visible_rounds rounds;
  for (int round = 0; round < p.rounds; ++round) {
    tell_progress("visible, round " + std::to_string(round + 1) + " of " +
                  std::to_string(p.rounds));
    const scratch place(p.directory + "/visible");
    auto rt = open_ledgers(place.path());
    if (auto added = rt.add<test::balances>(); !added) fail(added.error().to_string());
    deposit_to_each(rt, ledgers, 1, in_flight, "visible");
    half_load(rounds, rt, sustained(rt, p.quick ? 0.05 : 2.0) / 2, p.quick ? 0.05 : 3.0);
    close(rt);
  }
  table t{"visible",
          "from a receipt until the view shows it, at half of what commands and view keep up with",
          {{"load", "load"},
           {"per_second", "commands/s"},
           {"cores", "cores", 2, "that all of it keeps busy"},
           {"p50_us", "p50 us"},
           {"p99_us", "p99 us", 0, "of one receipt in 16; the median of the rounds"}}};
  t.rows.push_back({std::string("half"), median(rounds.asked_per_second), median(rounds.cores),
                    median(rounds.p50_us), median(rounds.p99_us)});
  return t;
}

}  // namespace fasti::bench
