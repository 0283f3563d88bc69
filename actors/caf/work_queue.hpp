#pragma once
/// The jobs that wait for a worker, first come, first served. Any thread puts; workers take.
///
/// What costs in such a queue is waking: to end a thread's sleep takes longer than most jobs. So a
/// worker that finds nothing looks again for some microseconds before it goes to sleep. One does
/// so at a time, and while it does nobody needs to be woken; who leaves more behind than it takes
/// wakes the next. (Go's scheduler made the idea known.) Workers that sleep cost nothing.

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>

namespace fasti::actors::detail {

template <class Job>
class work_queue {
 public:
  work_queue() = default;
  ~work_queue() {
    if (serves_ == this) serves_ = nullptr;
  }
  work_queue(const work_queue&) = delete;
  work_queue& operator=(const work_queue&) = delete;

  /// From a worker, one job wakes nobody: it comes for it itself when its turn is over.
  void put(Job job) {
    bool wakes = false;
    {
      const std::lock_guard lock(mutex_);
      const bool putter_comes = jobs_.empty() && serves_ == this;
      jobs_.push_back(std::move(job));
      waiting_.store(jobs_.size(), std::memory_order_relaxed);
      wakes = !putter_comes && needs_another();
    }
    if (wakes) came_.notify_one();
  }

  /// The oldest; blocks until there is one.
  [[nodiscard]] Job take() {
    serves_ = this;
    std::unique_lock lock(mutex_);
    while (jobs_.empty()) {
      if (!someone_looks_) look(lock);
      if (jobs_.empty()) sleep(lock);
    }
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    if constexpr (std::is_pointer_v<Job>) {
      if (jobs_.size() >= ahead) fetch(jobs_[ahead - 1]);
    }
    waiting_.store(jobs_.size(), std::memory_order_relaxed);
    const bool wakes = !jobs_.empty() && needs_another();
    lock.unlock();
    if (wakes) came_.notify_one();
    return job;
  }

  /// What nobody took.
  [[nodiscard]] std::deque<Job> take_all() {
    const std::lock_guard lock(mutex_);
    waiting_.store(0, std::memory_order_relaxed);
    return std::exchange(jobs_, {});
  }

 private:
  /// Each lets others run first: some 0.3 to 1 us.
  static constexpr int looks_max = 8;
  static constexpr std::size_t ahead = 2;
  static constexpr std::size_t lines_fetched = 8;

  /// Its turn comes soon, and its memory was not looked at for long.
  static void fetch(const void* job) {
    const auto* at = static_cast<const char*>(job);
    for (std::size_t line = 0; line < lines_fetched; ++line) __builtin_prefetch(at + 64 * line);
  }

  /// With the mutex. One is to be told to wake.
  bool needs_another() {
    if (someone_looks_ || someone_comes_ || asleep_ == 0) return false;
    someone_comes_ = true;  // and calls the next if there is need
    return true;
  }

  void look(std::unique_lock<std::mutex>& lock) {
    someone_looks_ = true;
    lock.unlock();
    for (int i = 0; i < looks_max && waiting_.load(std::memory_order_relaxed) == 0; ++i) {
      std::this_thread::yield();
    }
    lock.lock();
    someone_looks_ = false;
  }

  void sleep(std::unique_lock<std::mutex>& lock) {
    ++asleep_;
    came_.wait(lock);
    --asleep_;
    someone_comes_ = false;
  }

  /// Whose worker this thread is: it has called `take`, and will again.
  static inline thread_local const work_queue* serves_ = nullptr;

  std::mutex mutex_;
  std::condition_variable came_;
  // Protected by mutex_:
  std::deque<Job> jobs_;
  std::size_t asleep_ = 0;
  bool someone_comes_ = false;  // of these: it was told to wake, and is not awake yet
  bool someone_looks_ = false;

  std::atomic<std::size_t> waiting_{0};  // in jobs_, for a look without the mutex
};

}  // namespace fasti::actors::detail
