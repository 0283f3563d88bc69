#include "actors/caf/burst_scheduler.hpp"

#if FASTI_CAF_MAIL
#include <caf/thread_owner.hpp>
#else
#include <caf/execution_unit.hpp>
#endif

#include "fasti/detail/thread_name.hpp"

namespace fasti::actors::detail {

void burst_workers::end() {
  for (std::size_t i = 0; i < threads_.size(); ++i) jobs_.put(nullptr);
  for (auto& t : threads_) t.join();
  threads_.clear();
}

#if FASTI_CAF_MAIL

void burst_scheduler::start() {
  workers_.start(count_, [this] {
    return system_.launch_thread("caf.worker", caf::thread_owner::scheduler, [this] {
      workers_.work(static_cast<caf::scheduler&>(*this), messages_per_turn_);
    });
  });
}

void burst_scheduler::stop() {
  workers_.end();
  for (caf::resumable* left : workers_.left()) intrusive_ptr_release(left);
}

#else

namespace {

/// What an actor that runs is given to schedule others.
class burst_worker final : public caf::execution_unit {
 public:
  burst_worker(caf::actor_system& system, burst_workers& workers)
      : execution_unit(&system), workers_(workers) {}
  void exec_later(caf::resumable* job) override { workers_.put(job); }

 private:
  burst_workers& workers_;
};

}  // namespace

void burst_scheduler::start() {
  workers_.start(num_workers(), [this] {
    return std::thread([this] {
      system().thread_started();
      burst_worker worker(system(), workers_);
      workers_.work(worker, max_throughput());
      system().thread_terminates();
    });
  });
  timer_ = std::thread([this] {
    fasti::detail::name_this_thread("fasti.clock");
    system().thread_started();
    clock_.run_dispatch_loop();
    system().thread_terminates();
  });
  abstract_coordinator::start();
}

void burst_scheduler::stop() {
  workers_.end();
  stop_actors();
  for (caf::resumable* left : workers_.left()) cleanup_and_release(left);
  clock_.cancel_dispatch_loop();
  timer_.join();
}

#endif

}  // namespace fasti::actors::detail
