#pragma once
/// A few threads for work that blocks: recovery of aggregates, steps of projections, snapshots.

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "actors/services.hpp"

namespace fasti::node {

class reader_pool final : public actors::task_runner {
 public:
  explicit reader_pool(std::size_t threads);
  ~reader_pool() override;

  [[nodiscard]] bool run(std::function<void()> task) override;
  [[nodiscard]] bool run_if_idle(std::function<void()> task) override;

  /// Calls `one(0)` … `one(n - 1)`, here and on threads that are idle, and returns when all of them
  /// have returned. They must not throw. May be called from a task: it waits for nothing that has
  /// not begun.
  void run_each(std::size_t n, const std::function<void(std::size_t)>& one);

  /// Takes nothing more, finishes what it has, ends the threads. Idempotent.
  void close();

 private:
  using tasks = std::deque<std::function<void()>>;
  /// More of them waiting than this is "much".
  static constexpr std::size_t optional_tasks_max = 1024;

  /// False: it is closed, or so many wait there.
  [[nodiscard]] bool put(tasks& into, std::size_t max, std::function<void()> task);
  void work();

  std::mutex mutex_;
  std::condition_variable came_;
  // Protected by mutex_:
  tasks tasks_;
  tasks optional_tasks_;  // when nothing else waits
  bool closed_ = false;

  std::vector<std::thread> threads_;
};

}  // namespace fasti::node
