#pragma once
/// The figures of the board: what the runtime counts, fresh each time, and what the views answered
/// last. Nobody waits for a view: while one is asked, the answers before it are shown.

#include <fasti/metrics.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "figures.hpp"

namespace bank {

class board_figures : public std::enable_shared_from_this<board_figures> {
 public:
  explicit board_figures(fasti::runtime& rt) : rt_(rt) {}

  /// How far the day is. Any thread.
  void set_progress(std::uint64_t settled, std::uint64_t expected) noexcept {
    settled_ = settled;
    expected_ = expected;
  }
  /// As JSON. Asks the views anew, if their answers are old. Errors: `closed`.
  [[nodiscard]] fasti::result<std::string> json();

 private:
  void ask_views();
  void on_answer();

  fasti::runtime& rt_;
  const steady::time_point start_ = steady::now();
  std::atomic<std::uint64_t> settled_{0};
  std::atomic<std::uint64_t> expected_{0};

  mutable std::mutex mutex_;
  // Protected by mutex_:
  view_figures views_;
  unsigned to_come_ = 0;
  steady::time_point asked_at_;
  std::optional<steady::time_point> answered_at_;
};

}  // namespace bank
