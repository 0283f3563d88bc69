#pragma once
/// Truncation of a stream: its oldest events lose their bodies for good, and one event in the
/// journal says so, why, and what the stream begins with now. Truncated events keep their places:
/// positions and versions stay without a gap.
///
///     1. the event `StreamTruncated`, with the base, is durable
///     2. the file `truncating` says what is under way
///     3. the block of the stream's first event is written anew: its note leads to 1
///     4. … and all other blocks
///     5. `truncating` goes
///
/// Cut short anywhere, nothing is lost: up to 3 all events are there, from 3 on the base is found.
/// The next opening finishes it.

#include "fasti/journal.hpp"
#include "persistence/block_store.hpp"
#include "persistence/disk.hpp"

namespace fasti::persistence {

/// The stream of the events that say so.
[[nodiscard]] const stream_id& truncations_stream();

/// `actual`: the stream's version. Errors: `invalid`, naming what does not fit.
[[nodiscard]] result<void> check_truncation(const truncation& t, version actual);

[[nodiscard]] commit commit_of(const truncation& t);
/// Errors: `corrupt` when it is something else.
[[nodiscard]] result<truncation> truncation_in(const recorded_event& e);

[[nodiscard]] error not_a_truncation(position at);

/// What is under way, so that the next opening can finish it.
struct truncation_mark {
  position said_at{};  // of the event `StreamTruncated`
};
[[nodiscard]] result<void> mark_truncating(disk& on, const std::string& directory,
                                           const truncation_mark& mark);
/// Nothing when none is under way, or the file is damaged.
[[nodiscard]] std::optional<truncation_mark> truncating(disk& on, const std::string& directory);
[[nodiscard]] result<void> forget_truncating(disk& on, const std::string& directory);

/// Takes the bodies away. `positions`: those of the stream's versions from 1 on. Errors: `corrupt`
/// when a block is damaged, those of the storage; what was done stays done.
[[nodiscard]] result<void> take_bodies(block_store& blocks, std::string_view stream,
                                       std::span<const position> positions, position said_at);

}  // namespace fasti::persistence
