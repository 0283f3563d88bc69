#pragma once
/// One tick for the whole node: deadlines and idle times hang on it, not on a timer each.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "fasti/detail/thread_name.hpp"

namespace fasti::node {

class ticker {
 public:
  ticker(std::chrono::milliseconds period, std::function<void()> tick)
      : thread_([this, period, tick = std::move(tick)] {
          detail::name_this_thread("fasti.ticker");
          std::unique_lock lock(mutex_);
          while (!ended_.wait_for(lock, period, [this] { return end_; })) tick();
        }) {}
  ticker(const ticker&) = delete;
  ticker& operator=(const ticker&) = delete;
  ~ticker() { stop(); }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      end_ = true;
    }
    ended_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool end_ = false;
  std::thread thread_;
};

}  // namespace fasti::node
