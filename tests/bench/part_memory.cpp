// What an aggregate costs while it waits in memory for its next command, and what is left when it
// has gone.
#include <algorithm>
#include <thread>

#include "allocations.hpp"
#include "ledgers.hpp"
#include "parts.hpp"

namespace fasti::bench {
namespace {

constexpr std::size_t in_flight = 1024;
/// For aggregates of which each has a command on its way: nearly as many as a node lets in.
constexpr std::size_t in_flight_max = 60'000;

std::vector<std::size_t> sizes(const plan& p) {
  if (p.large) return {p.events, p.events * 10};
  return {p.events};
}

/// Long enough for all of them to be there at once.
std::chrono::milliseconds idle_timeout(std::size_t aggregates) {
  return std::chrono::milliseconds{2000 + aggregates / 20};
}

table empty_table() {
  return {"memory",
          "the heap while aggregates wait for their next command",
          {{"aggregates", "aggregates"},
           {"bytes_each", "bytes each", 0,
            "of the heap that their leaving gives back, their own state included"},
           {"own_state_bytes", "own state", 0, "… of which are the decider's own"},
           {"busy_bytes_each", "busy bytes", 0,
            "more at the peak for each with a command on its way, in all queues and the journal"},
           {"left_behind", "left", 0, "aggregates in memory after the idle timeout"},
           {"left_bytes_each", "left bytes", 2,
            "of the heap for each that comes back, is asked, and leaves: the second time"},
           {"per_second", "created/s", 0, "first commands, durable, 1024 in flight"}},
          {},
          {"Each ledger gets one command; nobody asks for any of them again until they leave.",
           "In the end so many get another one, all at once: 60,000 at most."}};
}

/// When the last of those who left has had its last turn: nothing is given back any more.
std::uint64_t settled_heap(runtime& rt) {
  constexpr int times_the_same = 100;
  auto least = heap_bytes();
  for (int same = 0; same < times_the_same; ++same) {
    ask_each(rt, 1, 1, "memory");
    const auto now = heap_bytes();
    if (now < least) same = 0;
    least = std::min(least, now);
  }
  return least;
}

/// The most that was seen, looked at now and then.
class heap_peak {
 public:
  [[nodiscard]] std::uint64_t stop() {
    looks_.request_stop();
    looks_.join();
    return most_;
  }

 private:
  std::uint64_t most_ = 0;
  std::jthread looks_{[this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      most_ = std::max(most_, heap_bytes());
      std::this_thread::yield();
    }
  }};
};

void measure(table& t, const plan& p, std::size_t aggregates) {
  const scratch place(p.directory + "/memory");
  runtime_options options;
  options.idle_timeout = idle_timeout(aggregates);
  options.aggregates_max = 2 * aggregates;
  auto rt = open_ledgers(place.path(), std::move(options));
  const auto begin = stopwatch::now();
  deposit_to_each(rt, aggregates, 1, in_flight, "memory");
  const double took = seconds_since(begin);
  const auto heap_with = heap_bytes();
  if (rt.stats().aggregates_live != aggregates) fail("some left before all were there");
  wait_until_passivated(rt, "memory");
  const auto heap_without = settled_heap(rt);
  const auto n = static_cast<double>(aggregates);
  const double each = (static_cast<double>(heap_with) - static_cast<double>(heap_without)) / n;
  const auto own = static_cast<double>(sizeof(fasti::detail::aggregate_state_of<test::ledger>));
  const auto left = static_cast<double>(rt.stats().aggregates_live) - 1;
  double more = 0;
  for (auto before = heap_without; const bool is_warm : {false, true}) {
    ask_each(rt, aggregates, in_flight, "memory");
    wait_until_passivated(rt, "memory");
    const auto now = settled_heap(rt);
    if (is_warm) more = static_cast<double>(now) - static_cast<double>(before);
    before = now;
  }
  const auto at_rest = static_cast<double>(heap_bytes());
  const auto busy = std::min(aggregates, in_flight_max);
  heap_peak peak;
  deposit_to_each(rt, busy, 1, busy, "memory");
  const double each_busy =
      (static_cast<double>(peak.stop()) - at_rest) / static_cast<double>(busy) - each;
  t.rows.push_back({std::to_string(aggregates), each, own, std::max(0.0, each_busy), left,
                    std::max(0.0, more / n), n / took});
  close(rt);
}

}  // namespace

table measure_memory(const plan& p) {
  table t = empty_table();
  for (const auto aggregates : sizes(p)) measure(t, p, aggregates);
  return t;
}

}  // namespace fasti::bench
