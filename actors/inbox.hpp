#pragma once
/// A bounded queue in front of an actor. CAF's mailboxes have no bound and no refusal, so what
/// others send waits here, and the actor gets one message, "your inbox has something", however much
/// comes (P6). Any thread puts; the owner takes.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
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

  /// Puts the oldest items, at most `items_max`, in place of what `out` has. True: there are more,
  /// and the owner must come again by itself. False: the next `put` wakes it.
  [[nodiscard]] bool take(std::vector<Item>& out, std::size_t items_max) {
    out.clear();
    const std::lock_guard lock(mutex_);
    if (items_.size() <= items_max) {
      out.swap(items_);  // as a rule; neither allocates again
    } else {
      const auto end = items_.begin() + static_cast<std::ptrdiff_t>(items_max);
      std::move(items_.begin(), end, std::back_inserter(out));
      items_.erase(items_.begin(), end);
    }
    awake_ = !items_.empty();
    return awake_;
  }

  /// Refuses from now on, and gives back what was waiting.
  [[nodiscard]] std::vector<Item> close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    return std::exchange(items_, {});
  }

 private:
  const std::size_t items_max_;
  std::mutex mutex_;
  // Protected by mutex_:
  std::vector<Item> items_;
  bool awake_ = false;
  bool closed_ = false;
};

}  // namespace fasti::actors
