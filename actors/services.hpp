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
  /// The same for work that may be left out: false also when much is waiting.
  [[nodiscard]] virtual bool run_if_idle(std::function<void()> task) = 0;
};

/// Counters for people.
struct actor_figures {
  std::atomic<std::uint64_t> aggregates_recovered{0};
  std::atomic<std::uint64_t> events_replayed{0};
  std::atomic<std::uint64_t> snapshots_loaded{0};
  std::atomic<std::uint64_t> snapshots_saved{0};
};

struct services {
  fasti::journal& journal;
  snapshot_store& snapshots;
  view_store& views;
  task_runner& readers;
  const runtime_options& options;  ///< `log` and `clock` are set.
  actor_figures& figures;
};

}  // namespace fasti::actors
