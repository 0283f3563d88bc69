#include "runtime/core/sink_machine.hpp"

#include "runtime/core/backoff.hpp"

namespace fasti::core {

sink_machine::todo sink_machine::next(clock::time_point now) const noexcept {
  if (stopped_) return todo::rest;
  if (is_placed_) return todo::give;
  return failing_ && now < retry_at_ ? todo::wait : todo::ask;
}

void sink_machine::on_place(position at) {
  // One that fails to take, and only says how far it is, has not gone on.
  if (!failed_to_take_ || at > farthest_) recover();
  is_placed_ = true;
  checkpoint_ = at;
  farthest_ = std::max(farthest_, at);
}

void sink_machine::on_taken(position up_to, std::size_t events) {
  if (up_to > farthest_) recover();
  checkpoint_ = up_to;
  farthest_ = std::max(farthest_, up_to);
  events_taken_ += events;
}

void sink_machine::on_failure(error why, clock::time_point now) {
  failed_to_take_ = failed_to_take_ || is_placed_;
  is_placed_ = false;
  if (why.code == errc::corrupt || retries_ >= on_failure_.retries_max) {
    return stop(std::move(why));
  }
  retry_at_ = now + wait_before_retry(on_failure_, retries_);
  ++retries_;
  failing_ = std::move(why);
}

void sink_machine::stop(error why) {
  is_placed_ = false;
  failing_.reset();
  stopped_ = std::move(why);
}

void sink_machine::recover() {
  failed_to_take_ = false;
  failing_.reset();
  retries_ = 0;
}

}  // namespace fasti::core
