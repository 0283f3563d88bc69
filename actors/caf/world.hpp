#pragma once
/// The threads that actors run on: one CAF `actor_system`, made, checked and ended in one place.
/// Nothing is read from the command line, the environment or a file, and no signal is touched.

#include "actors/caf/host.hpp"
#include "fasti/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace fasti::actors {

/// How workers find work. `bursts` is ours, `burst_scheduler.hpp` says why. The others are CAF's:
/// `sharing` wakes a thread for every turn; with `stealing`, 0.17 polls with sleeps (a blocking
/// round trip takes 121 us instead of 17 us, and idling costs CPU).
enum class scheduler_policy : std::uint8_t { bursts, sharing, stealing };

struct world_options {
  std::size_t worker_threads = 0;  ///< 0: one per hardware thread, but at least 2. At most 1024.
  scheduler_policy policy = scheduler_policy::bursts;
  /// How many messages an actor may handle before others get their turn. At least 1.
  std::size_t messages_per_turn_max = 256;
  /// What the destructor waits for when `shutdown` was not called.
  std::chrono::milliseconds shutdown_limit = std::chrono::seconds(10);
  fault_handler on_fault = {};
};

class actor_world {
 public:
  /// Starts the workers. `errc::invalid` names an option out of range, or one that CAF did not
  /// take over as given (all are read back).
  [[nodiscard]] static result<std::unique_ptr<actor_world>> open(world_options options);

  /// Runs on a system that the application has; it must outlive this object. Its scheduler stays as
  /// it is, and `shutdown` waits for fasti's actors only.
  [[nodiscard]] static std::unique_ptr<actor_world> borrow(
      caf::actor_system& system, fault_handler on_fault = {},
      std::chrono::milliseconds shutdown_limit = std::chrono::seconds(10));

  actor_world(const actor_world&) = delete;
  actor_world& operator=(const actor_world&) = delete;

  /// `shutdown` with the limit of the options, unless it was called.
  ~actor_world();

  /// For `spawn`. Valid until `shutdown`.
  [[nodiscard]] const actor_host& host() const noexcept { return host_; }

  /// The options in effect, as CAF says them; only the handler is as given. For a borrowed system
  /// these are the application's.
  [[nodiscard]] world_options effective() const;

  /// Waits until no actor is running, at most for `limit`, and says who is left: empty is good.
  /// It stops nobody: tell the actors to stop first, and drop their handles. Not from an actor.
  /// Actors of an application on a system of ours are counted as "(other)".
  [[nodiscard]] std::vector<actor_count> await_all(std::chrono::milliseconds limit);

  /// `await_all`, then ends the workers in any case; from one thread, once; later calls do nothing.
  /// Who is left is returned, reported as `left_behind`, and never handles another message; its
  /// handles are poison from then on: keep them for ever rather than drop them.
  /// Handles of stopped actors must be dropped before, too.
  /// On a borrowed system, whose workers go on, who is left goes on handling messages.
  std::vector<actor_count> shutdown(std::chrono::milliseconds limit);

  /// After `shutdown`: no actor will handle a message any more. False only on a borrowed system.
  [[nodiscard]] bool is_over() const { return ended_ && (owns_ || host_.census().total() == 0); }

  /// The system below, for opt-in users. Valid until `shutdown`.
  [[nodiscard]] caf::actor_system& system() const noexcept { return host_.system(); }

 private:
  struct owned_system;

  actor_world(std::unique_ptr<owned_system> owned, caf::actor_system& system,
              std::shared_ptr<actor_census> census, std::chrono::milliseconds shutdown_limit);

  std::unique_ptr<owned_system> owned_;  // null if borrowed, or ended
  const bool owns_;
  actor_host host_;
  std::chrono::milliseconds shutdown_limit_;
  bool ended_ = false;
};

}  // namespace fasti::actors
