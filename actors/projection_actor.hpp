#pragma once
/// The actor of one projection: it puts steps onto a reader thread, one at a time, and the machine
/// is only ever touched in a step. A step takes the queries that wait, folds one batch of durable
/// events, and writes rows and checkpoint together. The rules are in
/// `runtime/core/projection_machine.hpp`.
///
///     idle ──head_rose, queries_ready, deadline_tick, rebuild_view──▶ step at work
///      ▲                                                                  │
///      └──────── step_done, nothing left: caught_up to the bus ───────────┘

#include <mutex>

#include "actors/caf/actor.hpp"
#include "actors/inbox.hpp"
#include "actors/protocol.hpp"
#include "actors/services.hpp"
#include "runtime/core/projection_machine.hpp"

namespace fasti::actors {

/// What a projection shows to other threads.
struct projection_board {
  explicit projection_board(std::size_t queries_max) : queries(queries_max) {}
  inbox<core::view_query> queries;
  std::atomic<std::uint64_t> checkpoint{0};
  std::atomic<std::size_t> queries_waiting{0};
  /// Why it stopped, if so.
  [[nodiscard]] std::optional<error> stopped() const;
  void set_stopped(std::optional<error> why);

 private:
  mutable std::mutex mutex_;
  std::optional<error> stopped_;
};

class projection_actor_impl final : public actor_base<projection_actor> {
 public:
  static constexpr std::string_view actor_name = "projection";

  /// `port` must outlive it. `checkpoint`: where the view in the store is.
  projection_actor_impl(const actor_setup& setup, const fasti::detail::projection_port& port,
                        position checkpoint, std::shared_ptr<projection_board> board, bus_actor bus,
                        const services& node);

 private:
  struct workbench;  // what a step works on; kept alive by the step

  behavior make_behavior() override;
  void on_stop() override;
  void on_head_rose(const head_rose& message);
  void on_queries_ready(const queries_ready&);
  void on_step_done(const step_done&);
  void on_deadline_tick(const deadline_tick&);
  void on_rebuild(const rebuild_view& message);
  void start_step();

  const services& node_;
  bus_actor bus_;
  std::shared_ptr<workbench> bench_;
  position head_{};
  bool at_work_ = false;
  bool queries_came_ = false;
  bool tick_came_ = false;
  bool owes_the_bus_ = false;
  std::vector<rebuild_view> rebuilds_;
};

}  // namespace fasti::actors
