#pragma once
/// What every journal checks in the same way: the form and the sizes of a commit, and the window of
/// command ids.

#include <optional>
#include <vector>

#include "fasti/journal.hpp"
#include "fasti/options.hpp"

namespace fasti::persistence {

/// Errors: `invalid`, with what is over which limit, or malformed.
[[nodiscard]] result<void> check_commit(const commit& c, const journal_limits& limits);

/// The newest command ids with their outcomes (P8). Bounded: the oldest leaves. Not thread-safe.
/// A ring of records and an open-addressing table over it: no allocation and, for an id that is not
/// there, one cache miss.
class command_window {
 public:
  explicit command_window(std::size_t ids_max) : ids_max_(ids_max) {}

  [[nodiscard]] std::optional<command_record> find(command_id id) const;
  /// Precondition: it is not in there.
  void add(command_id id, const command_record& record);
  /// Takes back the commands whose events lie behind `last`: they were not stored in the end.
  void forget_after(position last);

 private:
  struct record {
    command_id id;
    command_record what;
  };
  /// `at` = place in the ring + 1; 0: empty.
  struct slot {
    std::uint32_t tag = 0;
    std::uint32_t at = 0;
  };

  [[nodiscard]] std::size_t home_of(std::uint64_t hash) const noexcept {
    return (hash >> 32U) & (slots_.size() - 1);
  }
  void link(std::uint32_t at);
  void unlink(std::uint32_t at);
  void grow();

  std::size_t ids_max_;
  std::vector<record> ring_;  // grows to ids_max_, then the oldest is written over
  std::size_t oldest_ = 0;
  std::vector<slot> slots_;  // a power of two, at most half full
};

/// What a version conflict says.
[[nodiscard]] error version_conflict(const stream_id& stream, expected_version expected,
                                     version actual);
[[nodiscard]] error session_broken();
[[nodiscard]] error command_id_reused(command_id id);

}  // namespace fasti::persistence
