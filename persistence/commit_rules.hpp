#pragma once
/// What every journal checks in the same way: the form and the sizes of a commit.

#include "fasti/journal.hpp"
#include "fasti/options.hpp"

namespace fasti::persistence {

/// Errors: `invalid`, with what is over which limit, or malformed.
[[nodiscard]] result<void> check_commit(const commit& c, const journal_limits& limits);

/// What a journal's filter asks of an event's tags.
[[nodiscard]] bool has_one_of(const tag_list& tags, const std::vector<std::string>& wanted);

/// What a version conflict says.
[[nodiscard]] error version_conflict(std::string_view stream, expected_version expected,
                                     version actual);
[[nodiscard]] error no_such_position(position at, position head);
[[nodiscard]] error session_broken();
[[nodiscard]] error command_id_reused(command_id id);

}  // namespace fasti::persistence
