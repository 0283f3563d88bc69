#pragma once
/// A world without threads for tests: actors run when the test says so, one message at a time, in
/// the test's own thread, the same way each time. Needs no CAF test runner. Tests that include this
/// link CAF::test where it exists (1.x).
///
///     test_world world;
///     const auto echo = world.spawn<echo_impl>();
///     send(echo, ping{});
///     world.run();
///
/// Messages to one actor arrive in order. Between actors the order is CAF's: 0.17 drains one actor
/// before the next, 1.1 goes by time of sending. Assert per actor only.

#include "actors/caf/host.hpp"
#include "actors/caf/send.hpp"

#include <caf/actor_system_config.hpp>
#if FASTI_CAF_MAIL
#include <caf/test/fixture/deterministic.hpp>
#include <caf/test/reporter.hpp>
#else
#include <caf/atom.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#endif

#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace fasti::actors {

/// Declare it before everything that holds handles of its actors: they must go first.
/// One thread only, and in 1.1 one at a time in a process.
class test_world {
 public:
  test_world() = default;
  test_world(const test_world&) = delete;
  test_world& operator=(const test_world&) = delete;

  /// Runs what is still waiting; actors that are still held are left behind, without waiting.
  ~test_world() {
    run();
    system().await_actors_before_shutdown(false);
  }

  /// Like `actor_host::spawn`.
  template <class Actor, class... Args>
  [[nodiscard]] auto spawn(Args&&... args) const {
    return host_.template spawn<Actor>(std::forward<Args>(args)...);
  }

  /// Handles one waiting message; false if there was none.
  bool run_once() {
#if FASTI_CAF_MAIL
    return engine_.fixture.dispatch_message();
#else
    return engine_.coordinator.try_run_once();
#endif
  }

  /// Handles messages, and those they lead to, until none waits; at most `steps_max`, so that two
  /// actors that play ball for ever fail a test instead of hanging it. Returns how many steps.
  std::size_t run(std::size_t steps_max = 1'000'000) {
    std::size_t steps = 0;
    while (steps < steps_max && run_once()) ++steps;
    return steps;
  }

  /// Moves CAF's clock on (it stands still otherwise). What becomes due is handled by `run`.
  void advance(std::chrono::nanoseconds by) {
    if (by.count() <= 0) return;
#if FASTI_CAF_MAIL
    engine_.fixture.advance_time(by);
#else
    engine_.coordinator.advance_time(by);
#endif
  }

  /// The faults that were reported so far.
  [[nodiscard]] const std::vector<actor_fault>& faults() const noexcept { return *faults_; }
  /// Who is running.
  [[nodiscard]] std::vector<actor_count> running() const { return host_.census().running(); }
  [[nodiscard]] const actor_host& host() const noexcept { return host_; }
  [[nodiscard]] caf::actor_system& system() const noexcept { return host_.system(); }

 private:
#if FASTI_CAF_MAIL
  struct engine {
    // The fixture logs to CAF's reporter, and there has to be one.
    struct quiet_reporter {
      quiet_reporter() : reporter(caf::test::reporter::make_default()) {
        reporter->verbosity(0);
        caf::test::reporter::instance(reporter.get());
      }
      ~quiet_reporter() { caf::test::reporter::instance(nullptr); }
      quiet_reporter(const quiet_reporter&) = delete;
      quiet_reporter& operator=(const quiet_reporter&) = delete;
      std::unique_ptr<caf::test::reporter> reporter;
    };
    caf::actor_system& system() { return fixture.sys; }
    quiet_reporter reporter;
    caf::test::fixture::deterministic fixture;
  };
#else
  struct engine {
    caf::actor_system_config config;
    caf::actor_system actors{config.set("scheduler.policy", caf::atom("testing"))};
    caf::scheduler::test_coordinator& coordinator =
        dynamic_cast<caf::scheduler::test_coordinator&>(actors.scheduler());
    caf::actor_system& system() { return actors; }
  };
#endif

  std::shared_ptr<std::vector<actor_fault>> faults_ = std::make_shared<std::vector<actor_fault>>();
  engine engine_;
  actor_host host_{engine_.system(),
                   std::make_shared<actor_census>(
                       [faults = faults_](const actor_fault& f) { faults->push_back(f); })};
};

}  // namespace fasti::actors
