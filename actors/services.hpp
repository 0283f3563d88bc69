#pragma once
/// What the node hands down to its actors. All of it outlives them.

#include <functional>

#include "fasti/journal.hpp"
#include "fasti/options.hpp"
#include "fasti/stores.hpp"

namespace fasti::actors {

/// Threads for work that blocks: actors share a few workers and must not.
class task_runner {
 public:
  virtual ~task_runner() = default;
  /// Runs `task` later on another thread. False: it is closed, and the task will not run. How much
  /// waits is bounded by those who ask: one load an aggregate, one step a projection.
  [[nodiscard]] virtual bool run(std::function<void()> task) = 0;
  /// The same for work that may be left out, which lets all other go first: false also when much of
  /// it is waiting.
  [[nodiscard]] virtual bool run_if_idle(std::function<void()> task) = 0;
};

/// What the actors of a node count.
struct actor_figures {
  /// Commands and queries sent and not yet answered.
  std::atomic<std::size_t> in_flight{0};
  // For people:
  std::atomic<std::uint64_t> aggregates_recovered{0};
  std::atomic<std::uint64_t> events_replayed{0};
  std::atomic<std::uint64_t> snapshots_loaded{0};
  std::atomic<std::uint64_t> snapshots_saved{0};
};

/// What an aggregate does with the commit of the only command in flight: gives it to the journal's
/// threads, or writes it itself. That blocks its worker for a sync while nobody else has anything
/// to do, and spares waking another thread twice. Not with workers that somebody lent.
enum class when_alone : std::uint8_t { hands_over, writes_itself };

struct services {
  fasti::journal& journal;
  snapshot_store& snapshots;
  task_runner& readers;
  const runtime_options& options;  ///< `log` and `clock` are set.
  actor_figures& figures;
  when_alone alone = when_alone::hands_over;
};

}  // namespace fasti::actors
