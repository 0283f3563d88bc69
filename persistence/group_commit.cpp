#include "persistence/group_commit.hpp"

#include <algorithm>

#include "fasti/detail/fetch.hpp"
#include "fasti/detail/thread_name.hpp"
#include "persistence/commit_rules.hpp"

namespace fasti::persistence {
namespace {

/// So far ahead memory is fetched of those who are told, and what they ask for then.
constexpr std::size_t fetched_ahead = 8;
constexpr std::size_t told_soon = 4;
/// What `on_outcome_soon` looks at lies in these, as a rule.
constexpr std::size_t observer_bytes = 2 * fasti::detail::cache_line;
/// So many outcomes take as long as a sync.
constexpr std::size_t enough_to_tell = 512;
constexpr std::chrono::milliseconds patience{5};
/// Empty batches that are kept, and what they may have grown to.
constexpr std::size_t spares_max = 4;
constexpr std::size_t spare_commits_max = 1U << 15;
constexpr std::size_t spare_words_max = 1U << 20;

}  // namespace

group_commit::group_commit(block_store& blocks, stream_index& index, journal_state state,
                           const runtime_options& options, const tuning& tuned)
    : blocks_(blocks),
      index_(index),
      limits_(options.journal),
      clock_(options.clock),
      log_(options.log),
      tuned_(tuned),
      durability_(options.durability),
      sync_interval_(options.relaxed_sync_interval),
      placed_(state.head),
      time_(state.time),
      attempted_(state.head),
      window_(std::move(state.window)),
      head_(count_of(state.head)),
      told_(state.head),
      threads_{std::thread([this] { serve(true); }), std::thread([this] { serve(false); }),
               std::thread([this] { place_ahead(); })} {}

group_commit::~group_commit() { close(); }

result<ticket> group_commit::append(commit&& c, std::shared_ptr<commit_session> session,
                                    std::unique_ptr<commit_observer>&& observer, hands whose) {
  if (auto good = check_commit(c, limits_); !good) return std::move(good).error();
  static thread_local drafter draft;
  draft.write(c);
  std::condition_variable* wake = nullptr;
  bool wakes_ahead = false;
  ticket given{};
  {
    std::unique_lock lock(mutex_);
    if (closed_) return error{errc::closed, "closed", "the journal is closed"};
    if (failed_) return stopped(*failed_);
    if (given_ - known_completed_ >= limits_.queue_commits_max) {
      known_completed_ = completed_.load(std::memory_order_acquire);
    }
    if (given_ - known_completed_ >= limits_.queue_commits_max) {
      return error{errc::unavailable, "queue-full",
                   std::to_string(limits_.queue_commits_max) + " commits wait for the disk"};
    }
    auto& added = draft.add_to(batch_to_fill());
    added.session = std::move(session);
    added.observer = std::move(observer);
    given = ticket{++given_};
    const bool is_alone = writer_ == writer::waits && given_ == completed_ + 1;
    if (whose == hands::callers && is_alone && !sync_due_) {
      write_with_callers_hands(lock);
      return given;
    }
    wake = call_writer();
    wakes_ahead = may_place_ahead();
  }
  if (wake != nullptr) wake->notify_one();
  if (wakes_ahead) ahead_.notify_all();
  return given;
}

/// With the queue's mutex.
commit_batch& group_commit::batch_to_fill() {
  if (queue_.empty() || queue_.back()->bytes() >= limits_.batch_bytes_max) {
    if (spare_.empty()) {
      queue_.push_back(std::make_unique<commit_batch>());
    } else {
      queue_.push_back(std::move(spare_.back()));
      spare_.pop_back();
    }
    queue_.back()->since = std::chrono::steady_clock::now();
  }
  return *queue_.back();
}

/// The oldest of the queue. With the queue's mutex; precondition: there is one.
group_commit::batch_ptr group_commit::take_batch() {
  auto oldest = std::move(queue_.front());
  queue_.erase(queue_.begin());
  return oldest;
}

/// There is something to write. Who is to be told of it, if anybody. With the mutex.
std::condition_variable* group_commit::call_writer() {
  switch (std::exchange(writer_, writer::works)) {
    case writer::works:
      return nullptr;  // looks again when it is done
    case writer::waits:
      return &came_;
    case writer::tells:
      other_is_to_write_ = true;
  }
  return &called_;
}

void group_commit::serve(bool writes) {
  fasti::detail::name_this_thread("fasti.commit");
  std::unique_lock lock(mutex_);
  if (writes) write(lock);
  while (true) {
    called_.wait(lock, [this] { return other_is_to_write_ || has_to_tell() || ended_; });
    if (std::exchange(other_is_to_write_, false)) {
      write(lock);
    } else if (has_to_tell()) {
      tell_all(lock);
    } else {
      return;
    }
  }
}

/// Returns when the other thread writes, or nobody does any more.
void group_commit::write(std::unique_lock<std::mutex>& lock) {
  while (true) {
    wait_for_work(lock);
    if (suspected_) {
      const auto why = *std::exchange(suspected_, std::nullopt);
      lock.unlock();
      look_after(why);
      lock.lock();
      continue;
    }
    if (!has_work()) break;
    if (sync_due_ && std::chrono::steady_clock::now() >= *sync_due_) {
      lock.unlock();
      sync_written();  // its failure says nothing of the group that comes next
      lock.lock();
    }
    wait_for_who_tells(lock);
    settle_next(lock);
    if (telling_) continue;  // the other one goes on with these
    const bool is_to_stay = has_work() || sync_due_ || failed_ || suspected_;
    if (is_to_stay) {
      lock.unlock();
      called_.notify_one();
      lock.lock();
      continue;
    }
    writer_ = writer::tells;
    tell_all(lock);
    if (writer_ != writer::tells) return;
    writer_ = writer::works;
  }
  lock.unlock();
  if (sync_due_) sync_written();
  lock.lock();
  ended_ = true;
  called_.notify_all();
  ahead_.notify_all();
}

/// While outcomes wait to be told no sync makes anybody's answer come sooner, and a later one is
/// for more commits. So the next begins when who tells has no more to do than what takes as long as
/// a sync. (A slow observer holds it up for no longer than `patience`.)
void group_commit::wait_for_who_tells(std::unique_lock<std::mutex>& lock) {
  const auto has_little_to_tell = [this] {
    std::size_t commits = 0;
    for (const auto& b : done_) commits += b->commits.size();
    return commits < enough_to_tell || closed_;
  };
  if (durability_ != durability::synced || has_little_to_tell()) return;
  if (!index_.wants_flush()) allow_ahead();
  less_to_tell_.wait_for(lock, patience, has_little_to_tell);
  may_be_ahead_ = false;
}

/// Writes what has waited longest. The outcomes are to be told then.
void group_commit::settle_next(std::unique_lock<std::mutex>& lock) {
  ahead_.wait(lock, [this] { return !is_placing_ahead_; });
  batch_ptr newest;
  if (!queue_.empty() && next_.bytes() < limits_.batch_bytes_max) newest = take_batch();
  lock.unlock();
  settle(std::move(newest));
  lock.lock();
  for (auto& b : group_.batches) done_.push_back(std::move(b));
  group_.batches.clear();
}

/// Precondition: the writer waits for work and for nothing else, and the queue holds what the
/// caller has just put there.
void group_commit::write_with_callers_hands(std::unique_lock<std::mutex>& lock) {
  writer_ = writer::works;
  is_lent_ = true;
  settle_next(lock);
  const bool is_all_own = done_.size() == 1 && done_.front()->commits.size() == 1;
  if (is_all_own && !telling_) {
    tell_all(lock);
  } else if (!telling_) {
    called_.notify_one();  // others' outcomes are not for this thread to tell
  }
  is_lent_ = false;
  const bool goes_on = has_work() || closed_ || failed_ || suspected_ || sync_due_;
  if (!goes_on) writer_ = writer::waits;
  if (goes_on) came_.notify_one();
}

/// Returns when there is something to write, or when it is to end. Tries to recover meanwhile.
void group_commit::wait_for_work(std::unique_lock<std::mutex>& lock) {
  while (is_lent_ || (!closed_ && !has_work() && !suspected_)) {
    if (!is_lent_) writer_ = writer::waits;
    if (is_lent_ || (!failed_ && !sync_due_)) {
      came_.wait(lock);
    } else if (!failed_) {
      if (came_.wait_until(lock, *sync_due_) == std::cv_status::timeout) {
        lock.unlock();
        sync_written();
        lock.lock();
      }
    } else if (came_.wait_for(lock, pause_) == std::cv_status::timeout) {
      lock.unlock();
      recover();
      lock.lock();
    }
  }
  writer_ = writer::works;
}

void group_commit::settle(batch_ptr newest) {
  if (failed_) {  // only who writes sets it; nothing is ahead then
    group_.batches.push_back(std::move(newest));
    return refuse(*failed_);
  }
  if (newest) place_in_next(std::move(newest));
  if (durability_ == durability::synced) take_what_came();
  finish_block();
  pack_blocks();
  std::swap(group_, next_);
  group_.end = placed_;
  if (!group_.blocks.empty()) {
    auto wrote = write_group();
    if (!wrote) return fail(wrote.error());
  }
  publish();
}

/// A turn of the storage. What comes meanwhile may be placed ahead, unless a flush is due, which
/// needs a moment in which all that was placed is durable.
result<void> group_commit::write_group() {
  attempted_ = group_.end;
  const bool allows_ahead = durability_ == durability::synced && !index_.wants_flush();
  if (allows_ahead) {
    const std::lock_guard lock(mutex_);
    allow_ahead();
  }
  auto wrote = blocks_.append(group_.blocks, durability_);
  if (allows_ahead) {
    const std::lock_guard lock(mutex_);
    may_be_ahead_ = false;
  }
  if (durability_ == durability::synced) {
    ++syncs_;
  } else if (!sync_due_) {
    sync_due_ = std::chrono::steady_clock::now() + sync_interval_;
  }
  return wrote;
}

/// Those who waited for it were told already: an error stops the journal, and no more can be done.
void group_commit::sync_written() {
  sync_due_.reset();
  if (failed_) return;  // it was opened anew, or will be: that syncs all there is
  auto synced = blocks_.sync();
  ++syncs_;
  if (!synced) look_after(synced.error());
}

void group_commit::publish() {
  std::uint64_t bytes = 0;
  for (const auto& b : group_.blocks.blocks()) bytes += b->bytes().size();
  logical_bytes_ += bytes;
  head_.store(count_of(group_.end), std::memory_order_release);
  const auto now = std::chrono::steady_clock::now();
  std::uint64_t fresh = 0;
  std::uint64_t events = 0;
  std::uint64_t settled = 0;
  for (const auto& b : group_.batches) {
    std::uint64_t stored = 0;
    for (const auto& w : b->commits) {
      if (w.failed || w.outcome.what != committed::kind::fresh) continue;
      index_.add_command(w.id, w.fingerprint, w.outcome);
      ++stored;
      events += count_of(w.outcome.last_position) - count_of(w.outcome.first_position) + 1;
    }
    const auto wait = std::chrono::duration_cast<std::chrono::microseconds>(now - b->since);
    if (stored > 0) append_us_.record(static_cast<std::uint64_t>(wait.count()), stored);
    fresh += stored;
    settled += b->commits.size();
  }
  if (fresh > 0) {
    batch_commits_.record(fresh);
    batch_events_.record(events);
    batch_bytes_.record(bytes);
  }
  bool is_all_durable = !group_.blocks.empty();
  if (is_all_durable) {
    const std::lock_guard lock(mutex_);
    is_all_durable = !is_placing_ahead_ && next_.is_empty();
  }
  if (is_all_durable) index_.on_durable(group_.end);
  group_.blocks.clear();
  commits_ += fresh;
  settled_.fetch_add(settled, std::memory_order_release);
}

/// All there is, and what comes meanwhile.
void group_commit::tell_all(std::unique_lock<std::mutex>& lock) {
  telling_ = true;
  std::vector<batch_ptr> batches;
  while (head_rose_ || !done_.empty()) {
    batches.swap(done_);
    head_rose_ = false;
    lock.unlock();
    less_to_tell_.notify_one();
    if (const auto at = head(); at > told_) {
      told_ = at;
      const std::lock_guard head_lock(head_mutex_);
      if (on_head_) on_head_(at);
    }
    for (const auto& b : batches) tell(*b);
    lock.lock();
    for (auto& b : batches) {
      if (spare_.size() < spares_max) spare_.push_back(std::move(b));
    }
    batches.clear();
  }
  telling_ = false;
}

/// Tells the outcomes, and empties the batch.
void group_commit::tell(commit_batch& batch) {
  std::uint64_t done = completed_.load(std::memory_order_relaxed);  // only who tells counts
  auto& all = batch.commits;
  for (std::size_t i = 0; i < all.size(); ++i) {
    batch.fetch_ahead_of(i);
    if (i + fetched_ahead < all.size()) {
      fasti::detail::fetch(all[i + fetched_ahead].observer.get(), observer_bytes);
    }
    if (i + told_soon < all.size()) all[i + told_soon].observer->on_outcome_soon();
    auto& w = all[i];
    const auto observer = std::move(w.observer);
    if (w.failed) {
      observer->on_outcome(std::move(*w.failed));
    } else {
      observer->on_outcome(w.outcome);
    }
    completed_.store(++done, std::memory_order_release);
  }
  if (batch.commits.capacity() > spare_commits_max || batch.words.capacity() > spare_words_max) {
    batch = {};
    return;
  }
  batch.commits.clear();
  batch.parts.clear();
  batch.words.clear();
}

std::optional<command_record> group_commit::find_command(command_id id) const {
  const std::lock_guard lock(window_mutex_);
  const auto known = window_.find(id);
  // What is still on its way to the disk is not known yet (P2).
  if (!known || known->outcome.last_position > head()) return std::nullopt;
  return known;
}

void group_commit::on_head(std::function<void(position)> callback) {
  const std::lock_guard lock(head_mutex_);
  on_head_ = std::move(callback);
}

std::optional<error> group_commit::failure() const {
  const std::lock_guard lock(mutex_);
  return failed_;
}

void group_commit::count(journal_stats& stats) const {
  stats.head = head();
  stats.syncs = syncs_;
  stats.commits = commits_;
  stats.placed_ahead = placed_ahead_;
  stats.logical_bytes = logical_bytes_;
  stats.recoveries = recoveries_;
  stats.append_us = append_us_.read();
  stats.batch_commits = batch_commits_.read();
  stats.batch_events = batch_events_.read();
  stats.batch_bytes = batch_bytes_.read();
  const std::lock_guard lock(mutex_);
  stats.commits_waiting = given_ - completed_;
  stats.failure = failed_;
}

void group_commit::close() {
  std::condition_variable* wake = nullptr;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    wake = call_writer();
  }
  if (wake != nullptr) wake->notify_one();
  for (auto& t : threads_) {
    if (t.joinable()) t.join();
  }
}

}  // namespace fasti::persistence
