#pragma once
/// The jobs that wait for a worker, first come, first served. Any thread puts; workers take.
///
/// What costs in such a queue is waking: to end a thread's sleep takes longer than most jobs. So a
/// worker that finds nothing looks again for some microseconds before it goes to sleep. One does
/// so at a time, and while it does nobody needs to be woken; who leaves more behind than it takes
/// wakes the next. (Go's scheduler made the idea known.) Workers that sleep cost nothing.
///
/// More workers than there are processors for are slower than fewer: they wait for each other's
/// locks. As a rule only the `eager` ones work, and the others are a reserve. While jobs wait one
/// of these watches, and when few were taken in some milliseconds it helps for a stint: a turn
/// that takes long, or never ends, does not hold up the others.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>

#include "fasti/detail/fetch.hpp"

namespace fasti::actors::detail {

template <class Job>
class work_queue {
 public:
  /// `eager`: so many workers are no reserve; at least 1.
  explicit work_queue(std::size_t eager = std::numeric_limits<std::size_t>::max())
      : eager_(eager) {}
  ~work_queue() {
    if (me_.serves == this) me_ = {};
  }
  work_queue(const work_queue&) = delete;
  work_queue& operator=(const work_queue&) = delete;

  /// From a worker, one job wakes nobody: it comes for it itself when its turn is over.
  void put(Job job) {
    bool wakes = false;
    {
      const std::lock_guard lock(mutex_);
      const bool putter_comes = jobs_.empty() && me_.serves == this;
      jobs_.push_back(std::move(job));
      waiting_.store(jobs_.size(), std::memory_order_relaxed);
      wakes = !putter_comes && needs_another();
    }
    if (wakes) came_.notify_one();
  }

  /// The oldest; blocks until there is one.
  [[nodiscard]] Job take() {
    if (me_.serves != this) me_ = {.serves = this};
    std::unique_lock lock(mutex_);
    if (me_.as == role::helper && ++me_.jobs >= stint_jobs) end_stint();
    while (!may_take(lock)) rest(lock);
    ++takes_;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    if constexpr (std::is_pointer_v<Job>) {
      if (jobs_.size() >= ahead) fasti::detail::fetch(jobs_[ahead - 1], bytes_fetched);
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
  /// How long one watches, and how many jobs are few for that.
  static constexpr auto watch_time = std::chrono::milliseconds{5};
  static constexpr std::uint64_t few_takes = 128;
  /// What a helper does before it looks whether it is still needed: it is when that took so long,
  /// or nobody else did anything meanwhile.
  static constexpr std::uint64_t stint_jobs = 16;
  static constexpr auto long_stint = std::chrono::microseconds{stint_jobs * 20};
  /// Of a job whose turn comes soon: its memory was not looked at for long.
  static constexpr std::size_t bytes_fetched = 512;

  using clock = std::chrono::steady_clock;
  enum class role : std::uint8_t { reserve, eager, helper };
  /// A thread that has called `take`, and will again.
  struct worker {
    const work_queue* serves = nullptr;
    role as = role::reserve;
    // Of a helper's stint:
    std::uint64_t jobs = 0;
    std::uint64_t takes_before = 0;  // of all
    clock::time_point began = {};
  };

  // With the mutex:

  /// One is to be told to wake: to work, or to watch those who do.
  bool needs_another() {
    if (someone_looks_ || someone_comes_ || asleep_ == 0) return false;
    if (at_work_ >= eager_ && someone_watches_) return false;
    someone_comes_ = true;  // and calls the next if there is need
    return true;
  }
  void begin_as(role as) {
    me_.as = as;
    me_.jobs = 0;
    if (as == role::helper) {
      me_.takes_before = takes_;
      me_.began = clock::now();
    }
    ++at_work_;
  }
  void step_back() {
    me_.as = role::reserve;
    --at_work_;
  }
  void end_stint() {
    const bool was_alone = takes_ - me_.takes_before == me_.jobs;
    const bool was_long = clock::now() - me_.began >= long_stint;
    step_back();
    if (was_alone || was_long) begin_as(role::helper);
  }

  /// There is a job, and this worker is at work. If not, it is in reserve.
  bool may_take(std::unique_lock<std::mutex>& lock) {
    if (me_.as == role::reserve && at_work_ < eager_) begin_as(role::eager);
    if (me_.as == role::reserve) return false;
    if (jobs_.empty() && !someone_looks_) look(lock);
    if (jobs_.empty()) step_back();
    return me_.as != role::reserve;
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

  /// Sleeps, or watches, and then may be a helper.
  void rest(std::unique_lock<std::mutex>& lock) {
    ++asleep_;
    bool are_slow = false;
    if (at_work_ >= eager_ && !jobs_.empty() && !someone_watches_) {
      someone_watches_ = true;
      const auto takes_before = takes_;
      const bool was_called = came_.wait_for(lock, watch_time) == std::cv_status::no_timeout;
      are_slow = !was_called && takes_ - takes_before < few_takes;
      someone_watches_ = false;
    } else {
      came_.wait(lock);
    }
    --asleep_;
    someone_comes_ = false;
    if (are_slow && at_work_ >= eager_ && !jobs_.empty()) begin_as(role::helper);
  }

  static inline thread_local worker me_;  // NOLINT(readability-identifier-naming): a member

  const std::size_t eager_;
  std::mutex mutex_;
  std::condition_variable came_;
  // Protected by mutex_:
  std::deque<Job> jobs_;
  std::uint64_t takes_ = 0;
  std::size_t at_work_ = 0;
  std::size_t asleep_ = 0;
  bool someone_watches_ = false;  // of these
  bool someone_comes_ = false;    // of these: it was told to wake, and is not awake yet
  bool someone_looks_ = false;

  std::atomic<std::size_t> waiting_{0};  // in jobs_, for a look without the mutex
};

}  // namespace fasti::actors::detail
