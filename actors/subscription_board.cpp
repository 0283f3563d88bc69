#include "actors/subscription_board.hpp"

#include <algorithm>

#include "runtime/core/guard.hpp"

namespace fasti::actors {

/// A batch in somebody's hands. It goes with the last copy, and then there is room for another.
struct subscription_board::held_batch {
  held_batch(std::shared_ptr<subscription_board> of, std::shared_ptr<const core::kept_events> k)
      : board(std::move(of)), kept(std::move(k)) {
    ++board->held_;
  }
  held_batch(const held_batch&) = delete;
  held_batch& operator=(const held_batch&) = delete;
  ~held_batch() {
    if (board->held_.fetch_sub(1) == board->held_max_) board->wake();  // it was full
  }

  const std::shared_ptr<subscription_board> board;
  const std::shared_ptr<const core::kept_events> kept;
};

subscription_board::subscription_board(std::string name, std::size_t batches_held_max,
                                       batch_callback callback)
    : name_(std::move(name)),
      held_max_(std::max<std::size_t>(batches_held_max, 1)),
      callback_(std::move(callback)) {}

void subscription_board::set_paused(bool paused) {
  is_paused_ = paused;
  if (!paused) wake();
}

void subscription_board::end() noexcept {
  is_over_ = true;
  {
    const std::lock_guard lock(call_mutex_);
    if (!in_call_) callback_ = nullptr;  // else it is what calls this, and goes when it is done
  }
  wake();
}

subscription_status subscription_board::status() const {
  return {name_,      position{given_up_to_.load()}, held_.load(), is_paused_.load(), events_given_,
          per_second_};
}

void subscription_board::sample_rate(std::chrono::steady_clock::time_point now) {
  rate_.sample(events_given_, now);
  per_second_ = rate_.per_second();
}

void subscription_board::wake_by(std::function<void()> wake) {
  const std::lock_guard lock(wake_mutex_);
  wake_.swap(wake);
}

void subscription_board::wake() {
  const std::lock_guard lock(wake_mutex_);
  if (wake_ && !was_woken_.exchange(true)) wake_();
}

std::optional<std::string> subscription_board::hand_out(const core::event_reader::batch& batch,
                                                        unique_id journal) {
  std::optional<std::string> thrown;
  if (const auto& events = batch.kept->events(); !events.empty()) {
    auto held = std::make_shared<const held_batch>(shared_from_this(), batch.kept);
    events_given_ += events.size();
    thrown = call(event_batch(events, {journal, batch.looked_at}, std::move(held)), false);
  }
  given_up_to_ = count_of(batch.looked_at);
  return thrown;
}

std::optional<std::string> subscription_board::fail(error why) {
  return call(std::move(why), true);
}

std::optional<std::string> subscription_board::call(result<event_batch> with, bool is_last) {
  batch_callback done;  // goes behind the lock
  const std::lock_guard lock(call_mutex_);
  if (is_over_) return std::nullopt;
  in_call_ = true;
  auto thrown = core::thrown_by([&] { callback_(std::move(with)); });
  in_call_ = false;
  if (is_last || thrown) is_over_ = true;
  if (is_over_) done.swap(callback_);
  return thrown;
}

}  // namespace fasti::actors
