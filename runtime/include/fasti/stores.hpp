#pragma once
/// The stores beside the journal: snapshots and views. Both are caches of what the journal says:
/// losing one costs time, never data. Safe to call from any thread.

#include <functional>
#include <map>
#include <memory>
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
  schema_fingerprint schema{};  ///< Of that struct when it was saved. Not of a truncation's base.
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

/// Rows by their keys: those that begin with `prefix`, from `from` on, up to the one before
/// `before`. Empty texts stand for no limit.
struct key_range {
  std::string_view prefix = {};
  std::string_view from = {};
  std::string_view before = {};
  direction order = direction::forwards;
};

/// Views, for reading.
class view_reader {
 public:
  using row_visitor = std::function<bool(std::string_view key, std::string_view row)>;

  virtual ~view_reader() = default;

  /// The last position whose effects are in the view; `no_position` for a new or cleared one.
  /// Errors: `invalid` ("foreign-checkpoint") when the view was folded from another journal.
  [[nodiscard]] virtual result<position> checkpoint(std::string_view view) const = 0;
  /// Those of all views in the store, by name.
  [[nodiscard]] virtual result<std::map<std::string, position>> checkpoints() const = 0;
  [[nodiscard]] virtual result<std::optional<std::string>> row(std::string_view view,
                                                               std::string_view key) const = 0;
  /// The rows of the range, in the order of the bytes of their keys, until the visitor says no.
  [[nodiscard]] virtual result<void> scan(std::string_view view, const key_range& range,
                                          const row_visitor& visitor) const = 0;
};

class view_store : public view_reader {
 public:
  /// All of the batch or nothing, also across a crash; a crash may take the newest batches back,
  /// rows and checkpoint together, and then also those that other views wrote later.
  [[nodiscard]] virtual result<void> write(std::string_view view, const view_batch& batch) = 0;
  /// What was written survives a crash of the machine, too.
  [[nodiscard]] virtual result<void> sync() { return {}; }
  /// Removes all rows and the checkpoint. Cut short by a crash it leaves the checkpoint at
  /// `no_position`, and may leave rows: clear again what is there without a position.
  [[nodiscard]] virtual result<void> clear(std::string_view view) = 0;
  /// All views as they are now, whatever is written later. May outlive the store, whose files it
  /// keeps open; what it shows cannot be given back to the disk meanwhile.
  [[nodiscard]] virtual std::shared_ptr<const view_reader> snapshot() const = 0;
};

}  // namespace fasti
