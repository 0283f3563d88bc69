#include "actors/caf/light_actor.hpp"

#include "actors/caf/actor.hpp"

#if FASTI_CAF_MAIL
#include <caf/scheduler.hpp>
#else
#include <caf/scheduler/abstract_coordinator.hpp>
#endif

namespace fasti::actors {

light_actor::light_actor(const actor_host& host, std::string_view name)
    : host_(host), name_(name), counter_(host.census().counter_of(name)) {
  host_.census().enter(counter_);
}

light_actor::~light_actor() { leave(); }

void light_actor::wake() {
  auto seen = phase_.load();
  while (true) {
    if (seen == phase::resting) {
      if (!phase_.compare_exchange_weak(seen, phase::waiting)) continue;
      ref();  // the queue's
#if FASTI_CAF_MAIL
      return host_.system().scheduler().schedule(this);
#else
      return host_.system().scheduler().enqueue(this);
#endif
    }
    if (seen != phase::at_work) return;  // it has a turn to come, or none ever
    if (phase_.compare_exchange_weak(seen, phase::woken)) return;
  }
}

void light_actor::stop() {
  stopping_ = true;
  wake();
}

caf::resumable::resume_result light_actor::resume(worker*, std::size_t) {
  phase_ = phase::at_work;
  const auto then = stopping_ ? turn::rest : guarded_turn();
  if (stopping_) {
    end();
    return caf::resumable::done;
  }
  auto seen = phase::at_work;
  if (then == turn::rest && phase_.compare_exchange_strong(seen, phase::resting)) {
    return caf::resumable::awaiting_message;  // another worker may have it by now
  }
  phase_ = phase::waiting;
  return caf::resumable::resume_later;
}

light_actor::turn light_actor::guarded_turn() noexcept {
  try {
    return take_turn();
  } catch (...) {
    report();
    stopping_ = true;
    return turn::rest;
  }
}

void light_actor::end() noexcept {
  phase_ = phase::stopped;
  try {
    on_stop();
  } catch (...) {
    report();
  }
  leave();
}

void light_actor::leave() noexcept {
  if (std::exchange(running_, false)) host_.census().leave(counter_);
}

/// The exception that is being handled.
void light_actor::report() noexcept {
  host_.census().report(
      {actor_fault::kind::handler_threw, name_, 0, detail::current_exception_text()});
}

}  // namespace fasti::actors
