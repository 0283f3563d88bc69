#pragma once
/// A runtime to throw away, in memory, with a clock that the test drives.
///
///     fasti::testing::runtime_in_memory<account, balances> rt;
///     auto receipt = rt->send<Deposit>("account-1", [](auto c) { c.setCents(5); }).get();
///     rt.clock().advance(std::chrono::hours{24});
///
/// It is the real one over the journal's reference model: actors, views and queries behave as they
/// do on a disk, and nothing survives it.

#include <atomic>

#include "fasti/runtime.hpp"
#include "fasti/testing/mismatch.hpp"

namespace fasti::testing {

/// The time of day; it stands still until it is moved. Safe to use from any thread.
class driven_clock {
 public:
  explicit driven_clock(timestamp begin = timestamp{std::chrono::hours{24}})
      : now_(begin.time_since_epoch().count()) {}

  [[nodiscard]] timestamp now() const noexcept {
    return timestamp{timestamp::duration{now_.load(std::memory_order_relaxed)}};
  }
  void advance(timestamp::duration by) noexcept { now_ += by.count(); }

 private:
  std::atomic<timestamp::rep> now_;
};

template <class... DecidersAndProjections>
class runtime_in_memory {
 public:
  /// Of `options` the storage and the clock are not used.
  explicit runtime_in_memory(runtime_options options = {})
      : clock_(std::make_shared<driven_clock>()), runtime_(opened(std::move(options), clock_)) {}

  [[nodiscard]] fasti::runtime* operator->() noexcept { return &runtime_; }
  [[nodiscard]] fasti::runtime& operator*() noexcept { return runtime_; }
  [[nodiscard]] driven_clock& clock() noexcept { return *clock_; }

 private:
  static fasti::runtime opened(runtime_options options, std::shared_ptr<driven_clock> clock) {
    options.storage = storage::memory;
    options.clock = [clock = std::move(clock)] { return clock->now(); };
    auto rt = fasti::runtime::open<DecidersAndProjections...>(std::move(options));
    if (!rt) throw mismatch("the runtime does not open: " + rt.error().to_string());
    return *std::move(rt);
  }

  std::shared_ptr<driven_clock> clock_;
  fasti::runtime runtime_;
};

}  // namespace fasti::testing
