#pragma once
/// Under which conditions a command or a query is taken up. Nothing of this is stored.
///
///     auto wish = fasti::cancellation::make();
///     rt.send<Deposit>("account-4711", …, {}, {.principal = "teller-7",
///                                              .deadline = fasti::system_now() + 2s,
///                                              .cancelled_by = wish});
///     wish.cancel();   // not decided yet: it will not be, and its sender is told
///
/// What has been decided is not taken back: it is on its way to the disk, and its sender is told
/// what became of it. So a deadline and a cancellation leave nobody in doubt.

#include <atomic>
#include <memory>
#include <string>

#include "fasti/ids.hpp"

namespace fasti {

/// A wish not to go on. Copies share it; any thread may cancel.
class cancellation {
 public:
  /// Nothing to cancel.
  cancellation() = default;
  [[nodiscard]] static cancellation make() {
    cancellation c;
    c.wished_ = std::make_shared<std::atomic<bool>>(false);
    return c;
  }
  void cancel() const noexcept {
    if (wished_) wished_->store(true, std::memory_order_relaxed);
  }
  [[nodiscard]] bool is_cancelled() const noexcept {
    return wished_ && wished_->load(std::memory_order_relaxed);
  }

 private:
  std::shared_ptr<std::atomic<bool>> wished_;
};

struct conditions {
  /// Who asks; for `runtime_options::authorise`. To keep it, put it into the metadata.
  std::string principal = {};
  /// By the runtime's clock. What is not decided by then is not: `unavailable` ("deadline-passed").
  timestamp deadline = timestamp::max();
  /// Cancelled before it is decided, it is not: `unavailable` ("cancelled").
  cancellation cancelled_by = {};
};

/// What `runtime_options::authorise` is asked about.
struct access_request {
  enum class kind : std::uint8_t { command, query_of_aggregate, query_of_view };
  kind what = kind::command;
  std::string_view principal;  ///< Empty: nobody was named.
  std::string_view target;     ///< The stream, or the view's name.
  type_id type{};              ///< Of the command or query.
};

}  // namespace fasti
