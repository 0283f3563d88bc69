#pragma once
/// The stores beside the journal: snapshots and views. Both are caches of what the journal says:
/// losing one costs time, never data. Safe to call from any thread.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fasti/event.hpp"

namespace fasti {

/// Saved state of one aggregate at a version.
struct snapshot {
  stream_id stream;
  fasti::version version{};
  fasti::position position{};  ///< Of the event that made this version.
  type_id type{};              ///< Of the Cap'n Proto struct that holds the state.
  std::vector<word> body;
};

class snapshot_store {
 public:
  virtual ~snapshot_store() = default;

  /// Keeps the snapshot; an older one of the stream may go. Not synced: it is a cache.
  [[nodiscard]] virtual result<void> save(const snapshot& s) = 0;
  /// The newest good one at or below `at_most`. A damaged one is skipped, as if it were not there.
  [[nodiscard]] virtual result<std::optional<snapshot>> load(const stream_id& stream,
                                                             version at_most) const = 0;
  [[nodiscard]] virtual result<void> remove(const stream_id& stream) = 0;
};

/// Changes to the rows of one view, applied with the checkpoint in one step (P9).
struct view_batch {
  struct change {
    std::string key;
    std::optional<std::string> row;  ///< None: the row goes.
  };
  std::vector<change> changes;
  position checkpoint{};
};

class view_store {
 public:
  using row_visitor = std::function<bool(std::string_view key, std::string_view row)>;

  virtual ~view_store() = default;

  /// The last position whose effects are in the view; `no_position` for a new or cleared one.
  /// Errors: `invalid` ("foreign-checkpoint") when the view was folded from another journal.
  [[nodiscard]] virtual result<position> checkpoint(std::string_view view) const = 0;
  /// Those of all views in the store, by name.
  [[nodiscard]] virtual result<std::map<std::string, position>> checkpoints() const = 0;
  /// All of the batch or nothing, also across a crash; a crash may take the newest batches back,
  /// rows and checkpoint together.
  [[nodiscard]] virtual result<void> write(std::string_view view, const view_batch& batch) = 0;
  [[nodiscard]] virtual result<std::optional<std::string>> row(std::string_view view,
                                                               std::string_view key) const = 0;
  /// Rows whose key begins with `prefix`, in the order of their keys, until the visitor says no.
  [[nodiscard]] virtual result<void> scan(std::string_view view, std::string_view prefix,
                                          const row_visitor& visitor) const = 0;
  /// Removes all rows and the checkpoint: the first step of a rebuild.
  [[nodiscard]] virtual result<void> clear(std::string_view view) = 0;
};

}  // namespace fasti
