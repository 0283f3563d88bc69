#pragma once
/// Brings one aggregate back: the newest good snapshot, then the events behind it (P13: the same
/// state as a full replay). Blocking reads; runs on a reader thread.

#include "fasti/detail/port.hpp"
#include "fasti/journal.hpp"
#include "fasti/options.hpp"
#include "fasti/stores.hpp"

namespace fasti::core {

struct recovered_aggregate {
  std::unique_ptr<detail::aggregate_state> state;
  fasti::version version{};
  fasti::version snapshot_version{};  ///< 0: folded from the first event.
};

/// Errors: `corrupt` when the journal holds a damaged event, or one that `evolve` threw at or that
/// the decider does not know (the detail names stream, version and position). A snapshot that is
/// damaged, of another type, or newer than its stream is passed over with a warning.
[[nodiscard]] result<recovered_aggregate> recover(const detail::decider_port& decider,
                                                  const stream_id& stream, const journal& events,
                                                  const snapshot_store& snapshots,
                                                  const log_sink& log);

}  // namespace fasti::core
