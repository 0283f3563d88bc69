#pragma once
/// What process managers have issued and is not settled, and the timers that they have set: a view
/// of the journal like any other, so that it is exactly that after a crash, and made anew when it
/// is lost.

#include "runtime/core/process_decider.hpp"

namespace fasti::core {

inline constexpr std::string_view outbox_view = "fasti.outbox";

[[nodiscard]] detail::projection_port outbox_port();

/// False ends it. Whoever calls one throws what `rows` throws, and `row_error` of a damaged entry.
using entry_visitor = std::function<bool(outbox_entry&& e)>;
/// Commands in the order in which they were issued, behind that position.
void commands_behind(const detail::row_reader& rows, position after, const entry_visitor& visitor);
/// … those that go to one stream.
void commands_to(const detail::row_reader& rows, std::string_view stream, position after,
                 const entry_visitor& visitor);
/// The next stream that commands go to, in the order of their ids; none behind the last one.
[[nodiscard]] std::optional<std::string> stream_behind(const detail::row_reader& rows,
                                                       std::string_view stream);
/// Timers in the order in which they are due, up to that time.
void timers_due(const detail::row_reader& rows, timestamp now, const entry_visitor& visitor);

/// Something that this process manager issued or set up to there is not settled.
[[nodiscard]] bool is_pending(const detail::row_reader& rows, std::string_view process,
                              position up_to);

}  // namespace fasti::core
