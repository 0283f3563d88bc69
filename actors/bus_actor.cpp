#include "actors/bus_actor.hpp"

#include "actors/caf/send.hpp"

namespace fasti::actors {
namespace {

void tell(const subscriber_actor& who, position head) { actors::send(who, head_rose{head}); }

}  // namespace

bus_actor_impl::bus_actor_impl(const actor_setup& setup, position head)
    : actor_base(setup, after_fault::keep_running), machine_(head) {}

bus_actor_impl::behavior bus_actor_impl::make_behavior() {
  return handlers(&bus_actor_impl::on_head_rose, &bus_actor_impl::on_subscribe,
                  &bus_actor_impl::on_caught_up, &bus_actor_impl::on_unsubscribe);
}

void bus_actor_impl::on_stop() { machine_.forget_all(); }

void bus_actor_impl::on_head_rose(const head_rose& message) {
  machine_.on_head(message.head, tell);
}

void bus_actor_impl::on_subscribe(const subscribe& message) {
  machine_.on_subscribe(message.who, tell);
}

void bus_actor_impl::on_caught_up(const caught_up& message) {
  machine_.on_caught_up(message.who, message.at, tell);
}

void bus_actor_impl::on_unsubscribe(const unsubscribe& message) {
  machine_.on_unsubscribe(message.who);
}

}  // namespace fasti::actors
