#pragma once
/// A bounded queue in front of an actor. CAF's mailboxes have no bound and no refusal, so what
/// others send waits here, and the actor gets one message, "your inbox has something", however much
/// comes (P6). Any thread puts; the owner takes.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace fasti::actors {

enum class put_result : std::uint8_t {
  wake,    ///< Taken in, and the owner must be told.
  queued,  ///< Taken in; the owner knows or is at work.
  full,    ///< Refused, the item is untouched.
  closed   ///< Refused: the owner is gone, the item is untouched.
};

template <class Item>
class inbox {
 public:
  explicit inbox(std::size_t items_max) : items_max_(items_max) {}

  [[nodiscard]] put_result put(Item&& item) {
    const std::lock_guard lock(mutex_);
    if (closed_) return put_result::closed;
    if (items_.size() >= items_max_) return put_result::full;
    items_.push_back(std::move(item));
    return std::exchange(awake_, true) ? put_result::queued : put_result::wake;
  }

  /// Moves the oldest items to `out`, at most `items_max`. True: there are more, and the owner must
  /// come again by itself. False: the next `put` wakes it.
  [[nodiscard]] bool take(std::vector<Item>& out, std::size_t items_max) {
    const std::lock_guard lock(mutex_);
    const std::size_t n = std::min(items_max, items_.size());
    for (std::size_t i = 0; i < n; ++i) {
      out.push_back(std::move(items_.front()));
      items_.pop_front();
    }
    awake_ = !items_.empty();
    return awake_;
  }

  /// Refuses from now on, and gives back what was waiting.
  [[nodiscard]] std::deque<Item> close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    return std::exchange(items_, {});
  }

  [[nodiscard]] bool is_closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }

 private:
  const std::size_t items_max_;
  mutable std::mutex mutex_;
  // Protected by mutex_:
  std::deque<Item> items_;
  bool awake_ = false;
  bool closed_ = false;
};

}  // namespace fasti::actors
