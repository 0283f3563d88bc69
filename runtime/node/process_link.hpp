#pragma once
/// What the couriers of process managers need of their node.

#include "fasti/runtime.hpp"

namespace fasti::node {

class process_link {
 public:
  virtual ~process_link() = default;
  /// Sends a command; the callback as with `runtime::send_then`, `closed` when the node is closing.
  /// `principal`: none: it is fasti's own, and nobody is asked.
  virtual void deliver(std::string_view stream, type_id command, std::vector<word> body,
                       command_origin origin, std::optional<std::string> principal,
                       receipt_callback callback) = 0;
  /// Calls it later, on a reader thread.
  virtual void run_later(std::function<void()> task) = 0;
  [[nodiscard]] virtual std::chrono::steady_clock::time_point steady_now() const = 0;
  virtual void log(log_level level, std::string_view line) const = 0;
};

/// Whether it may be taken up another time; else it has its outcome: it certainly took no effect.
/// An aggregate that cannot be read may have taken it before. `closed` is also what an aggregate
/// says that had to end; when the node closes nobody asks again.
[[nodiscard]] inline bool may_pass(const error& e) {
  switch (e.code) {
    case errc::unavailable:
    case errc::unknown:
    case errc::conflict:
    case errc::corrupt:
    case errc::closed:
      return true;
    case errc::invalid:  // who decides it may be added later
      return e.reason == "unknown-category" || e.reason == "unknown-command";
    default:
      return false;
  }
}

}  // namespace fasti::node
