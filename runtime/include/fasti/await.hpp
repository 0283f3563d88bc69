#pragma once
/// `co_await` for who writes coroutines: any of the runtime's functions that take a callback.
///
///     task<void> pay(fasti::runtime& rt) {
///       auto done = co_await fasti::awaited<fasti::receipt>([&](auto callback) {
///         rt.send_then<Withdraw>("account-1", [](auto c) { c.setCents(5); }, callback);
///       });
///       auto balance = co_await fasti::awaited<fasti::owned<Balance>>([&](auto callback) {
///         rt.query_then<account, GetBalance>("account-1", [](auto) {}, callback);
///       });
///       …
///     }
///
/// The coroutine goes on where the callback is called: on a thread of the runtime's as a rule, so
/// what it does until its next `co_await` must be quick and must not block. It must not be
/// destroyed while it waits.

#include <atomic>
#include <coroutine>
#include <functional>
#include <optional>

#include "fasti/result.hpp"

namespace fasti {

/// Waits for the `result<T>` that `start` hands to the callback that it gets. Starts when it is
/// awaited; once only.
template <class T, class Start>
class awaiting {
 public:
  explicit awaiting(Start start) : start_(std::move(start)) {}
  awaiting(const awaiting&) = delete;
  awaiting& operator=(const awaiting&) = delete;

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  /// False: the answer came before this has returned, from this thread or another.
  bool await_suspend(std::coroutine_handle<> waiting) {
    start_(std::function<void(result<T>)>([this, waiting](result<T> answer) {
      answer_.emplace(std::move(answer));
      if (met_.exchange(true, std::memory_order_acq_rel)) waiting.resume();
    }));
    return !met_.exchange(true, std::memory_order_acq_rel);
  }
  [[nodiscard]] result<T> await_resume() { return *std::move(answer_); }

 private:
  Start start_;
  std::optional<result<T>> answer_;
  std::atomic<bool> met_{false};  // by the answer or by the suspension: the second goes on
};

template <class T, class Start>
[[nodiscard]] awaiting<T, Start> awaited(Start start) {
  return awaiting<T, Start>(std::move(start));
}

}  // namespace fasti
