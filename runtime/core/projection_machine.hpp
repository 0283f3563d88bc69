#pragma once
/// A projection: the fold of the view that serves, perhaps another one beside it that is to take
/// its place, and the queries that are answered from the first. Works in steps, which are short;
/// everything here is done in a step or between two of them, by one thread at a time.
///
///     no rebuild ──start──▶ folding ──as far as the one that serves──▶ caught up
///         ▲                    │                                          │
///         │                    ├──stopped──▶ failed ─┐                    ├──switch──┐
///         └────cancel──────────┴─────────────────────┴────────────────────┘          │
///         └──────────────────────────────────────────────────────────────────────────┘

#include <deque>

#include "fasti/rebuild.hpp"
#include "runtime/core/reply.hpp"
#include "runtime/core/view_difference.hpp"
#include "runtime/core/view_fold.hpp"
#include "runtime/core/view_generations.hpp"

namespace fasti::core {

/// The reply to a query of a view. It waits for positions, not for commits.
class view_reply final : public reply<detail::view_words> {
 public:
  using reply::reply;
  void on_outcome(result<committed>) noexcept override {}
};

struct view_query {
  /// None: who asks wants to know that the position is visible, and gets no words.
  type_id type{};
  std::vector<word> body;
  position visible_at{};
  std::chrono::steady_clock::time_point deadline;
  std::unique_ptr<view_reply> reply;
};

class projection_machine {
 public:
  using clock = view_fold::clock;

  projection_machine(const projection_surroundings& in, projection_options how);
  /// Goes on where it was, with its rebuild if there was one. Errors: those of `view_fold::open`.
  [[nodiscard]] result<void> open();

  /// The one that serves.
  [[nodiscard]] const view_fold& serving() const noexcept { return *serving_; }
  [[nodiscard]] position checkpoint() const noexcept { return serving_->checkpoint(); }
  [[nodiscard]] const std::optional<error>& stopped() const noexcept { return serving_->stopped(); }

  /// There is something to fold, now.
  [[nodiscard]] bool wants_step(position head, clock::time_point now) const noexcept;
  /// There will be, when time has passed.
  [[nodiscard]] bool waits_for_retry() const noexcept;
  /// One batch of each fold.
  void step(position head, clock::time_point now);

  /// Answers, waits until the position is visible, or refuses ("queue-full").
  void on_query(view_query&& query);
  /// Answers those for whom the view is far enough, and tells those whose time is up.
  void answer_waiting(clock::time_point now);
  void drop_queries(const error& why);
  [[nodiscard]] std::size_t queries_waiting() const noexcept { return waiting_.size(); }

  [[nodiscard]] result<parked_replay> replay_parked() { return serving_->replay_parked(); }
  [[nodiscard]] result<void> skip_parked(position at) { return serving_->skip_parked(at); }

  // -- rebuild -----------------------------------------------------------------------------------
  /// What became of the last one, or how it is doing; nothing when there was none.
  [[nodiscard]] std::optional<rebuild_status> rebuild() const;
  /// Of the last one.
  [[nodiscard]] std::uint64_t rebuild_generation() const noexcept { return rebuild_generation_; }
  /// Errors: `conflict` ("rebuild-under-way") unless there is none, or it has failed; what the
  /// store says.
  [[nodiscard]] result<void> start_rebuild(position behind, when_caught_up then);
  /// Errors: `conflict` ("rebuild-over", "not-caught-up"), what the store says.
  [[nodiscard]] result<void> switch_over(std::uint64_t generation);
  [[nodiscard]] result<void> cancel_rebuild(std::uint64_t generation);
  /// Both folds as they are at one position.
  [[nodiscard]] result<view_pair> snapshot_of_both(std::uint64_t generation);

 private:
  void answer(view_query& query);
  [[nodiscard]] bool is_at_its_end() const noexcept;
  [[nodiscard]] bool has_caught_up() const noexcept;
  [[nodiscard]] bool will_switch_over() const noexcept;
  [[nodiscard]] position rebuild_goal(position head) const noexcept;
  [[nodiscard]] result<void> check_rebuild(std::uint64_t generation) const;
  [[nodiscard]] result<void> check_caught_up(std::uint64_t generation);
  [[nodiscard]] std::unique_ptr<view_fold> fold_of(std::uint64_t generation) const;
  void end_rebuild(rebuild_phase as);
  void forget_others();

  // Constant after construction.
  const projection_surroundings in_;
  const projection_options how_;
  /// Answers all queries: what it knows is in the rows.
  const std::unique_ptr<const detail::projection_state> answering_;

  view_generations generations_;
  std::unique_ptr<view_fold> serving_;
  std::unique_ptr<view_fold> building_;
  std::optional<rebuild_status> ended_rebuild_;
  std::uint64_t rebuild_generation_ = 0;
  position head_{};
  std::deque<view_query> waiting_;
  message_scratch scratch_;
};

}  // namespace fasti::core
