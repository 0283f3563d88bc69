#pragma once
/// A histogram that one thread at a time records into while others read. Nobody waits: a reader may
/// see a value that is counted and not yet summed up.

#include <atomic>

#include "fasti/histogram.hpp"

namespace fasti::persistence {

class shared_histogram {
 public:
  void record(std::uint64_t value, std::uint64_t times = 1) noexcept {
    add(counts_[histogram::range_of(value)], times);
    add(sum_, value * times);
  }

  [[nodiscard]] histogram read() const noexcept {
    histogram h;
    for (std::size_t i = 0; i < histogram::ranges; ++i) {
      h.counts[i] = counts_[i].load(std::memory_order_relaxed);
    }
    h.sum = sum_.load(std::memory_order_relaxed);
    return h;
  }

 private:
  /// There is one who writes: no locked instruction is needed.
  static void add(std::atomic<std::uint64_t>& to, std::uint64_t n) noexcept {
    to.store(to.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }

  std::array<std::atomic<std::uint64_t>, histogram::ranges> counts_{};
  std::atomic<std::uint64_t> sum_{0};
};

}  // namespace fasti::persistence
