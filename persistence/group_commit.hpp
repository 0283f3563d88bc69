#pragma once
/// The one writer of a journal. Commits come from any thread into a bounded queue; while one sync
/// runs, the next batch gathers; a commit that comes alone pays one sync and waits for no timer.
///
///     append ─▶ queue ─▶ write: check, place, one batch, one sync ─▶ tell: the head, the outcomes
///
/// Two threads share the two duties. Who has written tells, too, when nothing else waits to be
/// written: no thread needs to be woken for that, which counts where commits come one by one. What
/// comes meanwhile the other one writes, so a slow observer never holds up the disk. (A thread that
/// goes from one duty to the other is known as leader and follower.) A caller that waits anyway
/// writes itself while the one whose duty it is sleeps on: that spares two more.
///
/// While much comes during a sync, a third thread places it in the next group, on top of what is
/// not durable yet: disk and processor work at the same time. If the sync fails, what was placed
/// ahead goes back into the queue, as if nobody had looked at it. While many outcomes wait to be
/// told no sync begins: the processor is what is short then, and a later sync is for more.
///
/// When the storage fails under a batch, nothing is acknowledged until the blocks were opened anew
/// and checked (P11). The writer does that by itself: at once, and while it does not succeed again
/// and again, with growing pauses; meanwhile commits are refused. What the failed batch came to is
/// read from the disk then: it is there as a whole, or it is not.

#include <condition_variable>
#include <mutex>
#include <thread>

#include "fasti/journal.hpp"
#include "fasti/options.hpp"
#include "persistence/block_store.hpp"
#include "persistence/command_window.hpp"
#include "persistence/commit_batch.hpp"
#include "persistence/shared_histogram.hpp"
#include "persistence/stream_index.hpp"

namespace fasti::persistence {

/// Where a journal stands when it was opened.
struct journal_state {
  position head{};
  timestamp time;  // of the newest event
  command_window window;
};

class group_commit {
 public:
  struct tuning {
    std::chrono::milliseconds recovery_pause;  // as `leveldb_tuning` says
    std::size_t ahead_bytes_min;
  };

  /// `blocks` and `index` must outlive it.
  group_commit(block_store& blocks, stream_index& index, journal_state state,
               const runtime_options& options, const tuning& tuned);
  ~group_commit();

  /// Who may do the writing: one of the two threads, or the caller, if it waits anyway and nothing
  /// else is under way.
  enum class hands : std::uint8_t { own, callers };

  [[nodiscard]] result<ticket> append(commit&& c, std::shared_ptr<commit_session> session,
                                      std::unique_ptr<commit_observer>&& observer, hands whose);
  [[nodiscard]] ticket settled_ticket() const noexcept {
    return ticket{settled_.load(std::memory_order_acquire)};
  }
  [[nodiscard]] position head() const noexcept {
    return position{head_.load(std::memory_order_acquire)};
  }
  [[nodiscard]] std::optional<command_record> find_command(command_id id) const;
  void on_head(std::function<void(position)> callback);
  [[nodiscard]] std::optional<error> failure() const;
  /// Adds what it counted.
  void count(journal_stats& stats) const;
  /// Refuses, settles what was handed over, ends the threads. Idempotent.
  /// Somebody else who writes to the blocks met a storage error: the writer opens them anew.
  void suspect(const error& why);
  void close();

 private:
  using batch_ptr = std::unique_ptr<commit_batch>;
  struct locks {
    std::unique_lock<std::mutex> window;
    std::unique_lock<std::mutex> index;
  };

  enum class writer : std::uint8_t { works, waits, tells };

  [[nodiscard]] commit_batch& batch_to_fill();
  [[nodiscard]] std::condition_variable* call_writer();
  void serve(bool writes);
  void write(std::unique_lock<std::mutex>& lock);
  void write_with_callers_hands(std::unique_lock<std::mutex>& lock);
  void allow_ahead();
  void place_ahead();
  void settle_next(std::unique_lock<std::mutex>& lock);
  void wait_for_who_tells(std::unique_lock<std::mutex>& lock);
  void wait_for_work(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] batch_ptr take_batch();
  void settle(batch_ptr newest);
  void place_in_next(batch_ptr batch);
  void place_all(commit_batch& batch);
  void take_what_came();
  [[nodiscard]] result<void> write_group();
  [[nodiscard]] result<committed> place(const waiting_commit& w, const commit_batch& batch,
                                        locks& held);
  [[nodiscard]] result<void> check(const std::vector<commit::guard>& guards, locks& held) const;
  [[nodiscard]] result<version> newest(const stream_name& stream, locks& held) const;
  [[nodiscard]] committed place_events(const waiting_commit& w, const commit_batch& batch);
  void finish_block();
  void pack_blocks();
  void give_back_what_is_ahead();
  void sync_written();
  void look_after(const error& why);
  [[nodiscard]] static error stopped(const error& why);
  void publish();
  void refuse(const error& why);
  void fail(const error& why);
  bool recover();
  [[nodiscard]] locks lock_for_placing() const;
  // With the mutex:
  [[nodiscard]] bool has_work() const {
    return !queue_.empty() || is_placing_ahead_ || !next_.is_empty();
  }
  [[nodiscard]] bool may_place_ahead() const;
  [[nodiscard]] bool has_to_tell() const { return !telling_ && (head_rose_ || !done_.empty()); }
  void tell_all(std::unique_lock<std::mutex>& lock);
  void tell(commit_batch& batch);

  // Constant after construction.
  block_store& blocks_;
  stream_index& index_;
  const journal_limits limits_;
  const clock_source clock_;
  const log_sink log_;
  const tuning tuned_;
  const durability durability_;
  const std::chrono::milliseconds sync_interval_;

  mutable std::mutex mutex_;
  std::condition_variable came_;          // something to write, for who waits for it
  std::condition_variable called_;        // something for the one who does not write
  std::condition_variable less_to_tell_;  // for who writes
  std::condition_variable ahead_;         // something for the one who places ahead, or it is done
  // Protected by mutex_:
  std::vector<batch_ptr> queue_;  // only the last one is not full
  std::vector<batch_ptr> spare_;  // empty ones
  std::uint64_t given_ = 0;
  std::uint64_t known_completed_ = 0;
  writer writer_ = writer::works;
  bool is_lent_ = false;  // writer_ works: it is a caller
  bool other_is_to_write_ = false;
  bool closed_ = false;
  bool ended_ = false;           // nobody writes any more
  std::vector<batch_ptr> done_;  // to be told
  bool head_rose_ = false;       // … without a batch
  bool telling_ = false;
  std::optional<error> suspected_;  // somebody else met it; the writer is to look
  std::optional<error> failed_;  // why nothing is taken, until it has recovered; set by the writer
  bool may_be_ahead_ = false;    // the writer is not placing: the next group may be begun
  bool is_placing_ahead_ = false;

  // Of the one who writes, or who places ahead while is_placing_ahead_:
  commit_group next_;  // what is placed
  position placed_{};  // of the last event in a block of it
  timestamp time_;
  block_writer block_;
  std::vector<std::shared_ptr<const block>> made_;  // of it, not packed yet
  std::vector<version> last_versions_;              // of the commit's streams, before it
  std::vector<version> first_versions_;

  // Of the one who writes:
  commit_group group_;    // at the storage
  position attempted_{};  // the last event that the storage was given
  // When durability is relaxed: until then what is written must be synced.
  std::optional<std::chrono::steady_clock::time_point> sync_due_;
  std::chrono::milliseconds pause_{0};  // before the next try to recover

  mutable std::mutex window_mutex_;
  command_window window_;  // protected by window_mutex_; may be ahead of head_ during a sync

  std::atomic<std::uint64_t> settled_{0};
  std::atomic<std::uint64_t> completed_{0};
  std::atomic<std::uint64_t> head_{0};
  std::atomic<std::uint64_t> syncs_{0};
  std::atomic<std::uint64_t> commits_{0};
  std::atomic<std::uint64_t> placed_ahead_{0};
  std::atomic<std::uint64_t> logical_bytes_{0};
  std::atomic<std::uint64_t> recoveries_{0};
  // Recorded by the one who writes.
  shared_histogram append_us_;
  shared_histogram batch_commits_;
  shared_histogram batch_events_;
  shared_histogram batch_bytes_;

  std::mutex head_mutex_;                  // held while the callback runs
  std::function<void(position)> on_head_;  // protected by head_mutex_
  position told_{};                        // of the one who tells

  std::thread threads_[3];
};

}  // namespace fasti::persistence
