#pragma once
/// Folds recorded events into one view, and answers queries from it; without threads, actors or a
/// journal of its own: events come in, batches for the view store and answers go out.
///
///     folding ──apply threw / damaged row──▶ stopped   (kept with the event's position; rebuild)
///
/// Order and completeness are checked: an event at or before the checkpoint, or out of order, is a
/// broken promise of the journal's (P4), and a bug. One batch holds the rows and the checkpoint, so
/// that each event is in the view exactly once (P9).

#include <deque>

#include "runtime/core/reply.hpp"
#include "runtime/core/row_overlay.hpp"

namespace fasti::core {

struct view_query {
  type_id type{};
  std::vector<word> body;
  position visible_at{};
  std::chrono::steady_clock::time_point deadline;
  std::unique_ptr<query_reply> reply;
};

class projection_machine {
 public:
  using clock = std::chrono::steady_clock;
  static constexpr position no_limit{std::numeric_limits<std::uint64_t>::max()};

  /// `port` and `store` must outlive this.
  projection_machine(const detail::projection_port& port, const view_store& store,
                     std::size_t queries_waiting_max, std::size_t row_bytes_kept_max);

  /// The view is at `checkpoint`: at start, and after a rebuild's clear.
  void start_at(position checkpoint);

  [[nodiscard]] position checkpoint() const noexcept { return checkpoint_; }
  [[nodiscard]] const std::optional<error>& stopped() const noexcept { return stopped_; }
  [[nodiscard]] const std::vector<type_id>& types() const noexcept { return types_; }

  /// Applies one event to the batch. False: `apply` threw and the batch is gone. Read again from
  /// the checkpoint to `read_limit()`: the events before that one are folded first, then it is met
  /// alone and the machine stops at it.
  [[nodiscard]] bool apply(const recorded_event& e);
  [[nodiscard]] position read_limit() const noexcept { return read_limit_; }
  /// The batch up to `looked_at`, the last position that the journal was read to. Nothing when
  /// nothing changed since the last checkpoint.
  [[nodiscard]] std::optional<view_batch> take_batch(position looked_at);
  /// The batch is in the store; or it is not, and the machine stops.
  void on_written(result<void> written, position checkpoint);
  void stop(error why);

  /// Answers, waits until the position is visible, or refuses ("queue-full").
  void on_query(view_query&& query);
  /// Answers those for whom the view is far enough, and tells those whose time is up.
  void answer_waiting(clock::time_point now);
  void drop_queries(const error& why);
  [[nodiscard]] std::size_t queries_waiting() const noexcept { return waiting_.size(); }

 private:
  void answer(view_query& query);

  // Constant after construction.
  const detail::projection_port& port_;
  const std::size_t queries_waiting_max_;
  std::vector<type_id> types_;

  std::unique_ptr<detail::projection_state> state_;
  row_overlay rows_;
  position checkpoint_{};      // in the store
  position newest_applied_{};  // in the overlay
  position read_limit_ = no_limit;
  std::optional<error> stopped_;
  std::deque<view_query> waiting_;
  message_scratch scratch_;
};

}  // namespace fasti::core
