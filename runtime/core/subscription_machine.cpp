#include "runtime/core/subscription_machine.hpp"

#include <algorithm>
#include <utility>

#include "runtime/core/check.hpp"

namespace fasti::core {

void subscription_machine::on_head(position head) noexcept {
  head_ = std::max(head_, head);
  owes_the_bus_ = true;
}

void subscription_machine::on_read(position looked_at) {
  FASTI_CHECK(is_reading_ && looked_at >= seen_);
  seen_ = looked_at;
  is_reading_ = false;
}

subscription_machine::todo subscription_machine::next(bool is_wanted) {
  if (is_reading_) return todo::nothing;
  if (seen_ < head_) {
    is_reading_ = is_wanted;
    return is_wanted ? todo::read : todo::nothing;
  }
  return std::exchange(owes_the_bus_, false) ? todo::say_caught_up : todo::nothing;
}

}  // namespace fasti::core
