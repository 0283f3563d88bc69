#pragma once
/// The actor of one subscription: puts turns onto a reader thread, one at a time, each of which
/// reads and hands out some batches. When it reads is in `runtime/core/subscription_machine.hpp`,
/// what it reads in `runtime/core/event_reader.hpp`.

#include "actors/caf/actor.hpp"
#include "actors/protocol.hpp"
#include "actors/subscription_board.hpp"
#include "runtime/core/subscription_machine.hpp"

namespace fasti::actors {

class subscription_actor_impl final : public actor_base<subscription_actor> {
 public:
  static constexpr std::string_view actor_name = "subscription";

  /// `at`: it begins behind that.
  subscription_actor_impl(const actor_setup& setup, subscription_options options, position at,
                          std::shared_ptr<subscription_board> board, bus_actor bus,
                          const services& node);

 private:
  struct workbench;  // what a read works on; kept alive by the read

  behavior make_behavior() override;
  void on_stop() override;
  void on_head_rose(const head_rose& message);
  void on_step_done(const step_done&);
  void on_demand_changed(const demand_changed&);
  void look();
  void start_read();
  void leave();

  const services& node_;
  bus_actor bus_;
  core::subscription_machine machine_;
  std::shared_ptr<workbench> bench_;
};

}  // namespace fasti::actors
