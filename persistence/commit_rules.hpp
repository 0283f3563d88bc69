#pragma once
/// What every journal checks in the same way: the form and the sizes of a commit, and the window of
/// command ids.

#include <deque>
#include <unordered_map>

#include "fasti/journal.hpp"
#include "fasti/options.hpp"

namespace fasti::persistence {

/// Errors: `invalid`, with what is over which limit, or malformed.
[[nodiscard]] result<void> check_commit(const commit& c, const journal_limits& limits);

/// The newest command ids with their outcomes (P8). Bounded: the oldest leaves. Not thread-safe.
class command_window {
 public:
  explicit command_window(std::size_t ids_max) : ids_max_(ids_max) {}

  [[nodiscard]] const command_record* find(command_id id) const;
  /// Precondition: it is not in there.
  void add(command_id id, const command_record& record);
  [[nodiscard]] std::size_t size() const noexcept { return order_.size(); }

 private:
  std::size_t ids_max_;
  std::unordered_map<command_id, command_record> records_;
  std::deque<command_id> order_;
};

/// The event's id follows from the command's id and its place in the commit, so it need not be
/// stored and is the same on every read.
[[nodiscard]] unique_id event_id_of(command_id command, std::uint32_t ordinal) noexcept;

/// What a version conflict says.
[[nodiscard]] error version_conflict(const stream_id& stream, expected_version expected,
                                     version actual);
[[nodiscard]] error session_broken();
[[nodiscard]] error command_id_reused(command_id id);

}  // namespace fasti::persistence
