#pragma once
/// A process manager as a decider: an aggregate like any other, whose commands are "this happened",
/// "that command has its outcome" and "this timer's time has come". So the rest of the runtime
/// gives it what aggregates have: one command at a time, durable replies, recovery, snapshots.
///
/// What fasti itself keeps of it is in the same stream: `schemas/process.capnp`. The outbox is what
/// is issued and not settled there; it needs no memory of what was delivered but that.

#include "fasti/process.hpp"

namespace fasti::core {

[[nodiscard]] detail::decider_port decider_of(const detail::process_port& port);

// Commands to it.

/// One that reacted to this event, or to one behind it, accepts and does nothing. `is_stray`: it
/// waited under another key; who reacted to one behind it rejects it ("handled-later-event"). When
/// `react` throws: "react-failed".
[[nodiscard]] std::vector<word> handle_event(const recorded_event& e, bool is_stray = false);
[[nodiscard]] type_id handle_event_type() noexcept;

/// An entry of the outbox, or a timer.
struct outbox_entry {
  std::string process;  ///< The process manager's stream.
  std::uint64_t number = 0;
  position at{};  ///< Of the event that says so …
  unique_id id;   ///< … and its id: the command's.
  unique_id correlation;
  trace_context trace;
  std::string stream;  ///< Where a command goes; empty: it is a timer.
  type_id type{};
  std::vector<word> body;

  [[nodiscard]] bool is_timer() const noexcept { return stream.empty(); }
};

/// The command has its outcome; `why`: it was refused. Accepts and does nothing when that is known.
[[nodiscard]] std::vector<word> settle_command(const outbox_entry& of,
                                               const std::optional<error>& why);
[[nodiscard]] type_id settle_command_type() noexcept;
/// Accepts and does nothing when it is not set any more.
[[nodiscard]] std::vector<word> fire_timer(const outbox_entry& of);
[[nodiscard]] type_id fire_timer_type() noexcept;

// What the journal keeps of their category.

[[nodiscard]] std::vector<word> process_began(position behind);
[[nodiscard]] type_id process_began_type() noexcept;
[[nodiscard]] position process_beginning_in(body_view body);

}  // namespace fasti::core
