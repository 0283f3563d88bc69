#pragma once
/// Folds the events of a projection into one generation of its view, batch by batch, each written
/// with its checkpoint, so that every event is in the view exactly once (P9). Reads a journal and
/// writes a store; has no threads of its own and waits for nothing.
///
///                 ┌──────────────────── time has come ──────────────────────┐
///                 ▼                                                         │
///     folding ──event fails──▶ again without it, so that it is met alone ──▶ waits for a retry
///        ▲                       │ no retry is left
///        │                       ├──park──▶ parked, with all later ones of its key
///        └───────────────────────┘
///                                └──stop──▶ stopped: nothing is skipped
///
/// With several lanes the same, but that a batch is applied by all of them at once as long as no
/// event fails; one that does is looked for one by one, as with one lane.
///
/// Order and completeness are checked: an event at or before the checkpoint, or out of order, is a
/// broken promise of the journal's (P4), and a bug.

#include "fasti/journal.hpp"
#include "fasti/parking.hpp"
#include "runtime/core/fold_lanes.hpp"
#include "runtime/core/parked_events.hpp"

namespace fasti::core {

class view_fold {
 public:
  using clock = std::chrono::steady_clock;

  /// `name`: of the generation, in the store.
  view_fold(const projection_surroundings& in, std::string name, const projection_options& how);

  /// Goes on behind its checkpoint. Errors: what the store says, "foreign-checkpoint";
  /// `invalid` ("checkpoint-ahead").
  [[nodiscard]] result<void> open();
  /// Throws away what is there, and begins behind `at`.
  [[nodiscard]] result<void> begin_behind(position at);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] position checkpoint() const noexcept { return checkpoint_; }
  [[nodiscard]] const std::optional<error>& stopped() const noexcept { return stopped_; }
  /// What it will try again, if so, and when.
  [[nodiscard]] const std::optional<error>& failing() const noexcept { return failing_; }
  [[nodiscard]] clock::time_point retry_at() const noexcept { return retry_at_; }
  [[nodiscard]] unsigned retries() const noexcept { return retries_; }
  [[nodiscard]] const parked_events& parked() const noexcept { return parked_; }
  [[nodiscard]] std::uint64_t events_folded() const noexcept { return events_folded_; }
  [[nodiscard]] const detail::row_reader& rows() const noexcept { return lanes_; }

  /// There is something to do, now.
  [[nodiscard]] bool wants_step(position to, clock::time_point now) const noexcept;
  /// Folds one batch of what is durable up to `to`.
  void step(position to, clock::time_point now);

  /// Applies the parked events as they would be today; what fails stays parked, and what is behind
  /// it. Each is written by itself. Errors: what the journal and the store say.
  [[nodiscard]] result<parked_replay> replay_parked();
  /// The event will not be applied; those that waited behind it wait for the next replay. Errors:
  /// `invalid` ("not-parked").
  [[nodiscard]] result<void> skip_parked(position at);

 private:
  enum class met : std::uint8_t {
    applied,
    again,  ///< The batch is gone; those before it first.
    halted  ///< The batch ends before it: waits for a retry, or stopped.
  };
  struct failed_apply {
    std::string text;
    std::optional<errc> of_store;  ///< It was not the event that failed.
  };

  [[nodiscard]] journal_range range_of_step(position to) const;
  void fold_one_by_one(const journal_range& range, clock::time_point now);
  [[nodiscard]] bool fold_in_lanes(const journal_range& range, clock::time_point now);
  void come_to(const recorded_event& e);
  [[nodiscard]] bool waits_for_parked(const recorded_event& e) const;
  [[nodiscard]] met meet(const recorded_event& e, clock::time_point now);
  [[nodiscard]] std::optional<failed_apply> failure_of(const recorded_event& e);
  [[nodiscard]] met fail_alone(const recorded_event& e, const failed_apply& failed,
                               clock::time_point now);
  [[nodiscard]] met try_to_park(const recorded_event& e, std::string reason);
  void park(const recorded_event& e, std::string reason);
  [[nodiscard]] bool will_retry(position at, const error& why, clock::time_point now);
  void fail_outside(error why, clock::time_point now);
  void write(position up_to, clock::time_point now);
  [[nodiscard]] result<void> write_with(position checkpoint);
  [[nodiscard]] result<std::optional<failed_apply>> try_parked(position at);
  void start_at(position checkpoint);
  void forget_batch();
  void stop(error why);
  [[nodiscard]] error stopped_at(const recorded_event& e, const std::string& text) const;

  // Constant after construction.
  const projection_surroundings in_;
  const failure_policy on_failure_;
  std::vector<type_id> types_;
  const std::string name_;

  fold_lanes lanes_;
  parked_events parked_;
  position checkpoint_{};  // in the store
  position newest_met_{};  // in the batch
  std::uint64_t applied_in_batch_ = 0;
  position read_limit_ = latest_position;  // the event behind it is to be met alone
  std::uint64_t events_folded_ = 0;

  std::optional<error> stopped_;
  std::optional<error> failing_;
  position failing_at_{};
  unsigned retries_ = 0;
  clock::time_point retry_at_{};
};

}  // namespace fasti::core
