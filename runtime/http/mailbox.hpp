#pragma once
/// Where a subscription's batches wait for the server's thread. It holds no more than the
/// subscription hands out (`batches_held_max`), and its last word.

#include <kj/async.h>

#include <deque>
#include <mutex>
#include <optional>

#include "fasti/subscription.hpp"

namespace fasti::http {

class mailbox {
 public:
  /// Any thread; never waits for the server's.
  void put(result<event_batch> came);

  // The server's thread.
  [[nodiscard]] std::optional<result<event_batch>> take();
  /// Done when there is something to take. One at a time.
  [[nodiscard]] kj::Promise<void> when_filled();

 private:
  std::mutex mutex_;
  // Protected by mutex_:
  std::deque<result<event_batch>> waiting_;
  kj::Maybe<kj::Own<kj::CrossThreadPromiseFulfiller<void>>> waiter_;
};

}  // namespace fasti::http
