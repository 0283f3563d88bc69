#include "runtime/core/arrival.hpp"

namespace fasti::core {

receipt incoming_command::receipt_of(const committed& c) const {
  receipt r;
  r.stream = stream_;
  r.version = c.version;
  r.position = c.last_position;
  r.command = asks_.origin.id;
  r.events = static_cast<std::uint32_t>(count_of(c.last_position) - count_of(c.first_position) + 1);
  r.what = c.what;
  r.time = c.time;
  return r;
}

receipt incoming_command::receipt_at(version v, position head, timestamp now) const {
  return {stream_, v, head, asks_.origin.id, 0, committed::kind::barrier, now};
}

void incoming_command::on_outcome(result<committed> outcome) noexcept {
  if (!outcome) return answer(std::move(outcome).error());
  // A barrier stands for what was held, unless it found the first outcome of a repeated command.
  if (outcome->what == committed::kind::barrier && held_) {
    if (*held_ && (*held_)->events == 0) (*held_)->position = outcome->last_position;
    return answer(*std::move(held_));
  }
  answer(receipt_of(*outcome));
}

}  // namespace fasti::core
