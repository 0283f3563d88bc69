#pragma once
/// When a sink is asked how far it is, when it is given events, and when it has failed for good.
///
///                 ┌───────────── time has come ─────────────┐
///                 ▼                                         │
///     asks the sink how far it is ──fails──▶ waits for a retry ──none is left──▶ stopped
///                 │                                 ▲
///                 ▼                                 │
///     gives it what is behind that ──────fails──────┘
///
/// A failure says nothing about what the sink has kept. So it is asked each time, and what it says
/// holds; nothing is remembered here that it could contradict.

#include "fasti/sink.hpp"

namespace fasti::core {

class sink_machine {
 public:
  using clock = std::chrono::steady_clock;
  enum class todo : std::uint8_t {
    ask,   ///< … the sink how far it is.
    give,  ///< … it the next batch, when there is one.
    wait,  ///< Until `retry_at`.
    rest   ///< It is stopped.
  };

  explicit sink_machine(const failure_policy& on_failure) : on_failure_(on_failure) {}

  [[nodiscard]] todo next(clock::time_point now) const noexcept;

  /// It said where it is, and the journal has that.
  void on_place(position at);
  void on_taken(position up_to, std::size_t events);
  /// Of the sink's: it is tried again, or stops.
  void on_failure(error why, clock::time_point now);
  /// Trying again would not help.
  void stop(error why);

  [[nodiscard]] position checkpoint() const noexcept { return checkpoint_; }
  [[nodiscard]] const std::optional<error>& stopped() const noexcept { return stopped_; }
  [[nodiscard]] const std::optional<error>& failing() const noexcept { return failing_; }
  [[nodiscard]] clock::time_point retry_at() const noexcept { return retry_at_; }
  [[nodiscard]] unsigned retries() const noexcept { return retries_; }
  [[nodiscard]] std::uint64_t events_taken() const noexcept { return events_taken_; }

 private:
  void recover();

  const failure_policy on_failure_;
  bool is_placed_ = false;
  bool failed_to_take_ = false;  // since it last went on
  position checkpoint_{};
  position farthest_{};  // it may have gone back since
  std::optional<error> stopped_;
  std::optional<error> failing_;
  unsigned retries_ = 0;
  clock::time_point retry_at_{};
  std::uint64_t events_taken_ = 0;
};

}  // namespace fasti::core
