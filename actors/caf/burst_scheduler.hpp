#pragma once
/// Workers of our own for CAF's actors, made for bursts of short turns: a group commit tells
/// thousands of senders at once, each of which wakes an aggregate for a microsecond. CAF's own
/// work sharing wakes a thread for every one of them (see `work_queue.hpp`).

#include "actors/caf/version.hpp"
#include "actors/caf/work_queue.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/resumable.hpp>
#if FASTI_CAF_MAIL
#include <caf/scheduler.hpp>
#else
#include <caf/detail/thread_safe_actor_clock.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#endif

#include <algorithm>
#include <cstddef>
#include <thread>
#include <vector>

#include "fasti/detail/thread_name.hpp"

namespace fasti::actors::detail {

/// The threads, and what waits for them.
class burst_workers {
 public:
  void put(caf::resumable* job) { jobs_.put(job); }
  /// `start_thread` makes one that calls `work`.
  template <class Start>
  void start(std::size_t count, Start&& start_thread) {
    for (std::size_t i = 0; i < count; ++i) threads_.push_back(start_thread());
  }
  /// Until `end`; on a worker's thread.
  template <class Context>
  void work(Context& context, std::size_t messages_per_turn) {
    fasti::detail::name_this_thread("fasti.actors");
    while (caf::resumable* const job = jobs_.take()) {
      switch (job->resume(&context, messages_per_turn)) {
        case caf::resumable::resume_later:
          jobs_.put(job);  // with the reference that it came with
          break;
        case caf::resumable::shutdown_execution_unit:
        case caf::resumable::awaiting_message:
        case caf::resumable::done:
          intrusive_ptr_release(job);
      }
    }
  }
  /// Returns when all threads have ended.
  void end();
  /// What was put and not taken, with its references.
  [[nodiscard]] std::deque<caf::resumable*> left() { return jobs_.take_all(); }

 private:
  /// The journal keeps a processor busy when the workers are.
  static std::size_t eager_workers() {
    return std::max(2U, std::thread::hardware_concurrency()) - 1;
  }

  work_queue<caf::resumable*> jobs_{eager_workers()};  // null ends a worker
  std::vector<std::thread> threads_;
};

#if FASTI_CAF_MAIL

class burst_scheduler final : public caf::scheduler {
 public:
  burst_scheduler(caf::actor_system& system, std::size_t workers, std::size_t messages_per_turn)
      : system_(system), count_(workers), messages_per_turn_(messages_per_turn) {}

  void schedule(caf::resumable* job) override { workers_.put(job); }
  void delay(caf::resumable* job) override { workers_.put(job); }
  void start() override;
  void stop() override;

 private:
  caf::actor_system& system_;
  const std::size_t count_;
  const std::size_t messages_per_turn_;
  burst_workers workers_;
};

#else

class burst_scheduler final : public caf::scheduler::abstract_coordinator {
 public:
  explicit burst_scheduler(caf::actor_system& system) : abstract_coordinator(system) {}

  /// For `actor_system_config::load`.
  static caf::actor_system::module* make(caf::actor_system& system, caf::detail::type_list<>) {
    return new burst_scheduler(system);  // the system's, as CAF wants it
  }

  void start() override;
  void stop() override;
  void enqueue(caf::resumable* job) override { workers_.put(job); }
  caf::actor_clock& clock() noexcept override { return clock_; }

 private:
  caf::detail::thread_safe_actor_clock clock_;
  std::thread timer_;
  burst_workers workers_;
};

#endif

}  // namespace fasti::actors::detail
