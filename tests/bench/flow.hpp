#pragma once
/// Keeps so many things on their way: each that is done sends the next one.

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "bench_kit.hpp"

namespace fasti::bench {

class flow {
 public:
  /// Ends after `seconds`, or when `count_max` were sent.
  flow(std::size_t in_flight, double seconds, std::uint64_t count_max = UINT64_MAX)
      : seconds_(seconds), count_max_(count_max), left_(in_flight) {}

  /// The number of the next one, from 0; nothing when no more is to be sent. Each place in flight
  /// that gets nothing is at its end. The first one is sent even if its time is over by then: there
  /// is something to measure.
  [[nodiscard]] std::optional<std::uint64_t> next() {
    const auto number = sent_.fetch_add(1);
    const bool is_to_look = number > 0 && number % sample_every == 0;
    if (is_to_look && seconds_since(begin_) >= seconds_) is_over_ = true;
    if (number < count_max_ && !is_over_.load(std::memory_order_relaxed)) return number;
    const std::lock_guard lock(mutex_);
    if (--left_ == 0) ended_.notify_all();
    return std::nullopt;
  }

  void on_done(stopwatch::time_point sent) {
    const auto n = done_.fetch_add(1);
    if (n % (n < dense_samples ? 1 : sample_every) != 0) return;
    const double us = seconds_since(sent) * 1e6;
    const std::lock_guard lock(mutex_);
    latencies_us_.push_back(us);
  }

  void wait() {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return left_ == 0; });
    took_ = seconds_since(begin_);
  }

  // After `wait`:
  [[nodiscard]] std::uint64_t done() const { return done_; }
  [[nodiscard]] double per_second() const { return static_cast<double>(done_) / took_; }
  [[nodiscard]] const std::vector<double>& latencies_us() const { return latencies_us_; }

 private:
  static constexpr std::uint64_t dense_samples = 20'000;
  static constexpr std::uint64_t sample_every = 16;

  const stopwatch::time_point begin_ = stopwatch::now();
  const double seconds_;
  const std::uint64_t count_max_;
  std::atomic<std::uint64_t> sent_{0};
  std::atomic<std::uint64_t> done_{0};
  std::atomic<bool> is_over_{false};
  std::mutex mutex_;
  std::condition_variable ended_;
  std::size_t left_;
  std::vector<double> latencies_us_;
  double took_ = 0;
};

}  // namespace fasti::bench
