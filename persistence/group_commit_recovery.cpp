// The part of the group commit that begins where the storage has failed: it opens the blocks anew,
// and tells those of the batch at hand what became of them.

#include <algorithm>

#include "persistence/group_commit.hpp"

namespace fasti::persistence {
namespace {

/// Between two tries to recover; the first pause is the tuning's.
constexpr std::chrono::milliseconds longest_pause{5000};

error not_stored_error(const error& why) {
  return {errc::unavailable, "storage-failed", "it was not stored: " + why.detail};
}

/// An outcome that a failed batch does not change.
bool rests_on_durable(const waiting_commit& w, position durable) {
  if (w.failed) return w.failed->code == errc::invalid;
  return w.outcome.what != committed::kind::fresh && w.outcome.last_position <= durable;
}

}  // namespace

error group_commit::stopped(const error& why) {
  return {errc::unavailable, "journal-stopped",
          "nothing is stored until the journal has recovered from a storage error: " + why.detail};
}

void group_commit::suspect(const error& why) {
  std::condition_variable* wake = nullptr;
  {
    const std::lock_guard lock(mutex_);
    suspected_ = why;
    wake = call_writer();
  }
  if (wake != nullptr) wake->notify_one();
}

/// Between two groups: what a failure says, it says to the group at hand.
void group_commit::look_after(const error& why) {
  if (failed_) return;
  fail(why);
}

/// Handed over before the error was seen: it never reached the storage.
void group_commit::refuse(const error& why) {
  for (const auto& b : group_.batches) {
    for (auto& w : b->commits) {
      w.settle(stopped(why));
      if (w.session) w.session->break_off();
    }
    settled_.fetch_add(b->commits.size(), std::memory_order_release);
  }
}

/// What was placed on top of a group that failed goes back to where it came from. The index and the
/// window forget it when the blocks were opened anew.
void group_commit::give_back_what_is_ahead() {
  for (const auto& b : next_.batches) {
    for (auto& w : b->commits) {
      w.outcome = {};
      w.failed.reset();
    }
  }
  queue_.insert(queue_.begin(), std::make_move_iterator(next_.batches.begin()),
                std::make_move_iterator(next_.batches.end()));
  next_.batches.clear();
  next_.blocks.clear();
}

/// The storage failed under this group: what became of it?
void group_commit::fail(const error& why) {
  {
    std::unique_lock lock(mutex_);
    ahead_.wait(lock, [this] { return !is_placing_ahead_; });
    give_back_what_is_ahead();
    failed_ = why;
  }
  log_(log_level::error, "journal stopped: " + why.to_string());
  pause_ = tuned_.recovery_pause;
  const auto before = head();
  const bool known = recover();
  if (known && head() > before) return publish();
  const auto verdict =
      known ? not_stored_error(why)
            : error{errc::unknown, "storage-failed",
                    "ask for the command id when the journal goes on: " + why.detail};
  group_.blocks.clear();
  for (const auto& b : group_.batches) {
    for (auto& w : b->commits) {
      if (w.session) w.session->break_off();
      if (!rests_on_durable(w, before)) w.settle(verdict);
    }
    settled_.fetch_add(b->commits.size(), std::memory_order_release);
  }
}

/// Opens the blocks anew and takes what they hold for the truth. False: it is tried again later.
bool group_commit::recover() {
  auto end = blocks_.reopen();
  if (end && *end != head() && *end != attempted_) {
    end = error{errc::corrupt, "tail-missing",
                "the journal ended at position " + std::to_string(count_of(head())) +
                    " and was found to end at " + std::to_string(count_of(*end))};
  }
  if (!end) {
    pause_ = std::min(pause_ * 2, longest_pause);
    const std::lock_guard lock(mutex_);
    failed_ = std::move(end).error();
    return false;
  }
  if (*end < placed_) {
    index_.forget_after(*end);
    const std::lock_guard lock(window_mutex_);
    window_.forget_after(*end);
  }
  placed_ = *end;
  attempted_ = *end;
  head_.store(count_of(*end), std::memory_order_release);
  ++recoveries_;
  log_(log_level::warning,
       "journal goes on at position " + std::to_string(count_of(*end)) + ", checked anew");
  const std::lock_guard lock(mutex_);
  head_rose_ = true;
  called_.notify_one();
  failed_.reset();
  return true;
}

}  // namespace fasti::persistence
