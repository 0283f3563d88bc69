#pragma once
/// When a subscription reads on, and when it tells the bus that it has caught up.
///
///     told of a head ──▶ behind ──wanted──▶ one read at work ──▶ at the head: says so, is told
///     again
///                          ▲                      │
///                          └──────────────────────┘
///
/// What was there before it subscribed and what comes later are read in the same way. It reads only
/// what somebody wants, one read at a time, and owes the bus one word for each that it got.

#include "fasti/ids.hpp"

namespace fasti::core {

class subscription_machine {
 public:
  enum class todo : std::uint8_t { nothing, read, say_caught_up };

  /// It has seen everything up to `at`.
  explicit subscription_machine(position at) noexcept : seen_(at), head_(at) {}

  void on_head(position head) noexcept;
  /// The read that `next` began is over; everything up to `looked_at` was looked at.
  void on_read(position looked_at);

  /// What to do now: to be asked after each input. `is_wanted`: somebody takes another batch.
  [[nodiscard]] todo next(bool is_wanted);

  /// Where a read begins and ends.
  [[nodiscard]] position seen() const noexcept { return seen_; }
  [[nodiscard]] position head() const noexcept { return head_; }

 private:
  position seen_;
  position head_;  // as far as it was told
  bool is_reading_ = false;
  bool owes_the_bus_ = false;
};

}  // namespace fasti::core
