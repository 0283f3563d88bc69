#pragma once
/// Brings one aggregate back: the newest good snapshot, then the events behind it (P13: the same
/// state as a full replay). Blocking reads; runs on a reader thread.

#include "fasti/detail/port.hpp"
#include "fasti/journal.hpp"
#include "fasti/options.hpp"
#include "fasti/past.hpp"
#include "fasti/stores.hpp"

namespace fasti::core {

struct recovered_aggregate {
  std::unique_ptr<detail::aggregate_state> state;
  fasti::version version{};
  fasti::version snapshot_version{};  ///< Or of the base; 0: folded from the first event.
  std::uint64_t tail_bytes = 0;       ///< Of the events behind it.
};

/// Errors: `corrupt` when the journal holds a damaged event, or one that `evolve` threw at or that
/// the decider does not know (the detail names stream, version and position). A snapshot that is
/// damaged, of another type, of a schema that has changed since, or newer than its stream is passed
/// over with a warning, for an older one if there is one.
[[nodiscard]] result<recovered_aggregate> recover(const detail::decider_port& decider,
                                                  const stream_id& stream, const journal& events,
                                                  const snapshot_store& snapshots,
                                                  const log_sink& log);

/// The state as it was: the newest snapshot that is not past the moment, then the events behind it.
/// Errors: those of `recover`, and `invalid`: "no-such-version" when the stream has not come so
/// far, "truncated" when it begins later.
[[nodiscard]] result<recovered_aggregate> recover_at(const detail::decider_port& decider,
                                                     const stream_id& stream, const journal& events,
                                                     const snapshot_store& snapshots,
                                                     const log_sink& log, const moment& when);

/// The state at a version, from the stream's events alone (and its base, where it was truncated):
/// what a snapshot must equal. Errors: `corrupt`, as above, and when `to` is not there, or is
/// before the base.
[[nodiscard]] result<recovered_aggregate> replay(const detail::decider_port& decider,
                                                 const stream_id& stream, const journal& events,
                                                 version to);

}  // namespace fasti::core
