#pragma once
/// How a runtime and its parts are doing.

#include <optional>
#include <string>
#include <vector>

#include "fasti/journal.hpp"
#include "fasti/rebuild.hpp"
#include "fasti/sink.hpp"
#include "fasti/subscription.hpp"

namespace fasti {

/// How a projection is doing.
struct projection_status {
  std::string name;
  position checkpoint{};              ///< What its view shows.
  std::optional<error> stopped = {};  ///< Why it folds no more, if so.
  std::optional<error> failing = {};  ///< What it waits to try again, if so, for …
  unsigned retries = 0;               ///< … so many times.
  std::size_t parked = 0;             ///< Events that were not applied, those that wait included.
  std::uint64_t events_folded = 0;    ///< Since it was added …
  double events_per_second = 0;       ///< … and as of late: half of it is of the last 5 s.
  std::size_t queries_waiting = 0;    ///< For a position.
  std::optional<rebuild_status> rebuild = {};  ///< The last one, if there was one.
};

/// How the process managers of one category are doing.
struct process_status {
  std::string category;
  position handled{};                 ///< All that concerns them up to here is handled.
  std::size_t under_way = 0;          ///< Of them: so many handle something.
  std::optional<error> stopped = {};  ///< Why they handle no more, if so.
  std::optional<error> failing = {};  ///< Why one of them waits to try again, if so.
  std::size_t parked = 0;             ///< Events that were not handled, those that wait included.
};

/// How their commands are doing.
struct outbox_status {
  std::size_t under_way = 0;          ///< Commands that wait for their outcome …
  bool has_more = false;              ///< … and there are more, which are not in memory.
  std::optional<error> failing = {};  ///< Why one of them is being tried again.
};

/// Figures for people; a consistent moment is not promised. All zero after `close`.
struct runtime_stats {
  journal_stats journal;
  std::size_t aggregates_live = 0;
  std::uint64_t aggregates_recovered = 0;  ///< Since open: loaded from snapshot and events.
  std::uint64_t events_replayed = 0;       ///< … and what that took.
  std::uint64_t snapshots_loaded = 0;
  std::uint64_t snapshots_saved = 0;
  std::size_t commands_in_flight = 0;
  std::vector<projection_status> projections;
  std::vector<subscription_status> subscriptions;
  std::vector<process_status> processes;
  std::vector<sink_status> sinks;
  outbox_status outbox;
};

}  // namespace fasti
