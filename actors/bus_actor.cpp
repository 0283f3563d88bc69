#include "actors/bus_actor.hpp"

#include "actors/caf/send.hpp"

namespace fasti::actors {

bus_actor_impl::bus_actor_impl(const actor_setup& setup, position head)
    : actor_base(setup, after_fault::keep_running), head_(head) {}

bus_actor_impl::behavior bus_actor_impl::make_behavior() {
  return handlers(&bus_actor_impl::on_head_rose, &bus_actor_impl::on_subscribe,
                  &bus_actor_impl::on_caught_up);
}

void bus_actor_impl::on_stop() { subscriptions_.clear(); }

void bus_actor_impl::on_head_rose(const head_rose& message) {
  if (message.head <= head_) return;
  head_ = message.head;
  for (auto& s : subscriptions_) tell(s);
}

void bus_actor_impl::on_subscribe(const subscribe& message) {
  tell(subscriptions_.emplace_back(subscription{message.who}));
}

void bus_actor_impl::on_caught_up(const caught_up& message) {
  for (auto& s : subscriptions_) {
    if (s.who != message.who) continue;
    s.seen = message.at;
    s.state = credit::free;
    tell(s);
  }
}

void bus_actor_impl::tell(subscription& s) {
  if (s.state == credit::told || s.seen >= head_) return;
  s.state = credit::told;
  actors::send(s.who, head_rose{head_});
}

}  // namespace fasti::actors
