#pragma once
/// The actor of one projection: it puts steps onto a reader thread, one at a time, and the machine
/// is only ever touched in a step. A step does what it was asked to do between steps, takes the
/// queries that wait, and folds one batch of durable events. The rules are in
/// `runtime/core/projection_machine.hpp`.
///
///     idle ──head_rose, queries_ready, deadline_tick, between_steps──▶ step at work
///      ▲                                                                   │
///      └──────── step_done, nothing left: caught_up to the bus ────────────┘

#include <condition_variable>
#include <mutex>

#include "actors/caf/actor.hpp"
#include "actors/inbox.hpp"
#include "actors/protocol.hpp"
#include "actors/services.hpp"
#include "fasti/runtime.hpp"
#include "runtime/core/projection_machine.hpp"
#include "runtime/core/rate_meter.hpp"

namespace fasti::actors {

/// What a projection shows to other threads.
class projection_board {
 public:
  /// `on_moved`: called on a reader thread when the view shows more.
  projection_board(std::string name, std::size_t queries_max, std::function<void()> on_moved = {});

  inbox<core::view_query> queries;

  /// How it was after the last step.
  [[nodiscard]] projection_status status() const;
  /// To be called about once a second.
  void sample_rate(std::chrono::steady_clock::time_point now);
  /// Somebody waits for time to pass.
  [[nodiscard]] bool wants_ticks() const noexcept { return wants_ticks_; }
  /// The last rebuild; null when there was none.
  struct rebuild_record {
    std::uint64_t generation = 0;
    rebuild_status status;  // protected by the board's mutex
  };
  using rebuild_ptr = std::shared_ptr<const rebuild_record>;
  [[nodiscard]] rebuild_ptr last_rebuild() const;
  [[nodiscard]] rebuild_status status_of(const rebuild_ptr& of) const;
  /// Waits until it is not folding any more. Errors: `unavailable` ("still-folding"), `closed`.
  [[nodiscard]] result<rebuild_status> wait_for(
      const rebuild_ptr& of, std::chrono::steady_clock::time_point deadline) const;

  // The actor's.
  /// What the log should say of the changes.
  [[nodiscard]] std::vector<std::string> show(const core::projection_machine& machine);
  void say_whether_it_moved(position shown);
  void close();

 private:
  const std::function<void()> on_moved_;
  position told_of_{};  // the step's own

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  // Protected by mutex_:
  projection_status status_;
  core::rate_meter rate_;
  std::shared_ptr<rebuild_record> rebuild_;
  bool is_closed_ = false;

  std::atomic<bool> wants_ticks_{false};
};

class projection_actor_impl final : public actor_base<projection_actor> {
 public:
  static constexpr std::string_view actor_name = "projection";

  /// `machine` is open. What it works with must outlive it.
  projection_actor_impl(const actor_setup& setup, std::unique_ptr<core::projection_machine> machine,
                        std::shared_ptr<projection_board> board, bus_actor bus,
                        const services& node);

 private:
  struct workbench;  // what a step works on; kept alive by the step

  behavior make_behavior() override;
  void on_stop() override;
  void on_head_rose(const head_rose& message);
  void on_queries_ready(const queries_ready&);
  void on_step_done(const step_done&);
  void on_deadline_tick(const deadline_tick&);
  void on_between_steps(const between_steps& message);
  void start_step();

  const services& node_;
  bus_actor bus_;
  std::shared_ptr<workbench> bench_;
  position head_{};
  bool at_work_ = false;
  bool queries_came_ = false;
  bool tick_came_ = false;
  bool owes_the_bus_ = false;
  std::vector<between_steps> to_do_;
};

}  // namespace fasti::actors
