#include "runtime/http/mailbox.hpp"

namespace fasti::http {

void mailbox::put(result<event_batch> came) {
  kj::Maybe<kj::Own<kj::CrossThreadPromiseFulfiller<void>>> waiter;
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(came));
    waiter = kj::mv(waiter_);
    waiter_ = nullptr;
  }
  KJ_IF_MAYBE (w, waiter) {
    (*w)->fulfill();
  }
}

std::optional<result<event_batch>> mailbox::take() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) return std::nullopt;
  auto oldest = std::move(waiting_.front());
  waiting_.pop_front();
  return oldest;
}

kj::Promise<void> mailbox::when_filled() {
  auto pair = kj::newPromiseAndCrossThreadFulfiller<void>();
  kj::Maybe<kj::Own<kj::CrossThreadPromiseFulfiller<void>>> earlier;  // goes without the mutex
  {
    const std::lock_guard lock(mutex_);
    if (!waiting_.empty()) return kj::READY_NOW;
    earlier = kj::mv(waiter_);
    waiter_ = kj::mv(pair.fulfiller);
  }
  return kj::mv(pair.promise);
}

}  // namespace fasti::http
