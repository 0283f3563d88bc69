#pragma once
/// The bus: tells subscribers how far the journal is durable. It carries positions, not events:
/// catching up and following live are the same read, so there is no hand-over to get wrong. A
/// subscriber is told once and not again before it says that it has caught up; a slow one costs the
/// bus nothing.

#include <vector>

#include "actors/caf/actor.hpp"
#include "actors/protocol.hpp"

namespace fasti::actors {

class bus_actor_impl final : public actor_base<bus_actor> {
 public:
  static constexpr std::string_view actor_name = "bus";

  /// `head`: what is durable at the start.
  bus_actor_impl(const actor_setup& setup, position head);

 private:
  enum class credit : std::uint8_t { free, told };
  struct subscription {
    subscriber_actor who;
    position seen{};
    credit state = credit::free;
  };

  behavior make_behavior() override;
  void on_stop() override;
  void on_head_rose(const head_rose& message);
  void on_subscribe(const subscribe& message);
  void on_caught_up(const caught_up& message);
  void tell(subscription& s);

  position head_;
  std::vector<subscription> subscriptions_;
};

}  // namespace fasti::actors
