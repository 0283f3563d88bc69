#pragma once
/// The bus: tells subscribers how far the journal is durable. It carries positions, not events:
/// catching up and following live are the same read, so there is no hand-over to get wrong. Whom it
/// tells when is in `runtime/core/bus_machine.hpp`.

#include "actors/caf/actor.hpp"
#include "actors/protocol.hpp"
#include "runtime/core/bus_machine.hpp"

namespace fasti::actors {

class bus_actor_impl final : public actor_base<bus_actor> {
 public:
  static constexpr std::string_view actor_name = "bus";

  /// `head`: what is durable at the start.
  bus_actor_impl(const actor_setup& setup, position head);

 private:
  behavior make_behavior() override;
  void on_stop() override;
  void on_head_rose(const head_rose& message);
  void on_subscribe(const subscribe& message);
  void on_caught_up(const caught_up& message);
  void on_unsubscribe(const unsubscribe& message);

  core::bus_machine<subscriber_actor> machine_;
};

}  // namespace fasti::actors
