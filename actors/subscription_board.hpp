#pragma once
/// What a subscription shares with its subscriber and with the batches that he holds: demand, the
/// callback, and its end. Any thread.

#include <atomic>
#include <mutex>

#include "actors/services.hpp"
#include "fasti/subscription.hpp"
#include "runtime/core/event_reader.hpp"
#include "runtime/core/rate_meter.hpp"

namespace fasti::actors {

class subscription_board final : public fasti::detail::subscription_control,
                                 public std::enable_shared_from_this<subscription_board> {
 public:
  subscription_board(std::string name, std::size_t batches_held_max, batch_callback callback);

  // The subscriber's; `end` is the one who has had enough.
  void set_paused(bool paused) override;
  void end() noexcept override;
  [[nodiscard]] subscription_status status() const override;

  /// To be called about once a second, by one thread.
  void sample_rate(std::chrono::steady_clock::time_point now);

  // The actor's.
  /// Called when it is to look again: once, until it has called `on_look`. None ends it.
  void wake_by(std::function<void()> wake);
  void on_look() noexcept { was_woken_ = false; }
  [[nodiscard]] bool is_wanted() const noexcept { return !is_paused_ && held_ < held_max_; }
  /// No call of the callback's is to come.
  [[nodiscard]] bool is_over() const noexcept { return is_over_; }

  // Of the step at work, or of the actor at its end.
  /// Calls back, if the batch has events and nobody has had enough. What the callback throws ends
  /// the subscription, and comes back.
  [[nodiscard]] std::optional<std::string> hand_out(const core::event_reader::batch& batch,
                                                    unique_id journal);
  /// Calls back for the last time.
  [[nodiscard]] std::optional<std::string> fail(error why);

 private:
  struct held_batch;

  [[nodiscard]] std::optional<std::string> call(result<event_batch> with, bool is_last);
  void wake();

  const std::string name_;
  const std::size_t held_max_;
  std::atomic<std::size_t> held_{0};
  std::atomic<std::uint64_t> given_up_to_{0};
  std::atomic<std::uint64_t> events_given_{0};
  core::rate_meter rate_;  // of who samples
  std::atomic<double> per_second_{0};
  std::atomic<bool> is_paused_{false};
  std::atomic<bool> is_over_{false};
  std::atomic<bool> was_woken_{false};

  std::mutex wake_mutex_;
  std::function<void()> wake_;  // protected by wake_mutex_

  /// Held while the callback runs, which may be where its handle ends.
  std::recursive_mutex call_mutex_;
  batch_callback callback_;  // protected by call_mutex_
  bool in_call_ = false;     // … too
};

}  // namespace fasti::actors
