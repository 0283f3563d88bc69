// The part of the group commit that places: checks each commit, gives it its positions and
// versions, and puts it into a block. Nothing of it can be seen from outside before its sync.

#include <algorithm>

#include "fasti/detail/thread_name.hpp"
#include "persistence/commit_rules.hpp"
#include "persistence/group_commit.hpp"

namespace fasti::persistence {
namespace {

/// A block is cut when it has grown to this: small enough to read one event's block quickly, large
/// enough that LevelDB has few entries.
constexpr std::size_t block_bytes = 8U << 10;

/// So many commits are placed before those who look a command or a stream up get their turn.
constexpr std::size_t commits_between_locks = 64;
/// So far ahead memory is fetched of what a commit will be looked up in.
constexpr std::size_t commits_ahead = 8;
/// How much more than at first must wait to be placed ahead in the same group.
constexpr std::size_t further_times_more = 4;
/// A group with less is not worth a sync of its own while more has come. One with more goes at
/// once: the next gathers while it is synced.
constexpr std::size_t small_group_bytes = 16U << 10;

}  // namespace

/// With the mutex: it pays to begin the next group while the storage is at work.
bool group_commit::may_place_ahead() const {
  if (!may_be_ahead_ || is_placing_ahead_ || queue_.empty()) return false;
  const auto enough = tuned_.ahead_bytes_min * (next_.is_empty() ? 1 : further_times_more);
  return queue_.front()->bytes() >= enough && next_.bytes() < limits_.batch_bytes_max;
}

/// With the mutex.
void group_commit::allow_ahead() {
  may_be_ahead_ = true;
  if (may_place_ahead()) ahead_.notify_all();
}

/// What the third thread does.
void group_commit::place_ahead() {
  fasti::detail::name_this_thread("fasti.place");
  std::unique_lock lock(mutex_);
  while (true) {
    ahead_.wait(lock, [this] { return may_place_ahead() || ended_; });
    if (ended_) return;
    is_placing_ahead_ = true;
    auto batch = take_batch();
    lock.unlock();
    const auto commits = batch->commits.size();
    place_in_next(std::move(batch));
    placed_ahead_ += commits;
    lock.lock();
    is_placing_ahead_ = false;
    ahead_.notify_all();
  }
}

/// Places a batch behind what is placed already.
void group_commit::place_in_next(batch_ptr batch) {
  if (next_.is_empty()) {
    time_ = std::max(time_, clock_());
    {
      const std::lock_guard lock(window_mutex_);
      window_.forget_old(time_);
    }
    block_.begin(next(placed_));
  }
  next_.batches.push_back(std::move(batch));
  place_all(*next_.batches.back());
}

/// While a small group was placed more may have come: the sync at hand will do for it too.
void group_commit::take_what_came() {
  const auto enough = std::min(small_group_bytes, limits_.batch_bytes_max);
  while (next_.bytes() < enough) {
    batch_ptr more;
    {
      const std::lock_guard lock(mutex_);
      if (queue_.empty()) return;
      more = take_batch();
    }
    place_in_next(std::move(more));
  }
}

group_commit::locks group_commit::lock_for_placing() const {
  return {std::unique_lock(window_mutex_), index_.lock()};
}

void group_commit::place_all(commit_batch& batch) {
  auto& all = batch.commits;
  for (std::size_t i = 0; i < all.size(); pack_blocks()) {  // the locks are gone by then
    auto held = lock_for_placing();
    const auto end = std::min(i + commits_between_locks, all.size());
    for (; i < end; ++i) {
      batch.fetch_ahead_of(i);
      if (i + commits_ahead < all.size()) {
        const auto& soon = all[i + commits_ahead];
        window_.expect(soon.id);
        if (!soon.is_barrier()) index_.expect(batch.parts[soon.first_part].hash);
      }
      auto& w = all[i];
      w.settle(place(w, batch, held));
      const bool stored = !w.failed && w.outcome.what != committed::kind::repeat;
      if (!stored && w.session && !w.is_barrier()) w.session->break_off();
    }
  }
}

result<committed> group_commit::place(const waiting_commit& w, const commit_batch& batch,
                                      locks& held) {
  if (w.session && w.session->is_broken()) return session_broken();
  if (!w.id.is_none()) {
    if (const auto known = window_.find(w.id)) {
      if (known->fingerprint != w.fingerprint) return command_id_reused(w.id);
      auto first = known->outcome;
      first.what = committed::kind::repeat;
      return first;
    }
  }
  if (w.is_barrier()) {
    return committed{committed::kind::barrier, no_position, placed_, no_version, time_};
  }
  if (w.guards) {
    if (auto holds = check(*w.guards, held); !holds) return std::move(holds).error();
  }
  last_versions_.clear();
  const auto words = batch.words_of(w);
  std::size_t at = w.draft.first_part;
  for (std::size_t i = 0; i < w.draft.parts; ++i) {
    const auto part = part_at(words, at);
    const auto& waits = batch.parts[w.first_part + i];
    auto actual = newest({part.stream, waits.hash}, held);
    if (!actual) return std::move(actual).error();
    if (!waits.expected.accepts(*actual)) {
      return version_conflict(part.stream, waits.expected, *actual);
    }
    last_versions_.push_back(*actual);
    at = part.next;
  }
  return place_events(w, batch);
}

result<void> group_commit::check(const std::vector<commit::guard>& guards, locks& held) const {
  for (const auto& g : guards) {
    auto actual = newest(stream_name::of(g.stream.text()), held);
    if (!actual) return std::move(actual).error();
    if (!g.expected.accepts(*actual)) return version_conflict(g.stream.text(), g.expected, *actual);
  }
  return {};
}

result<version> group_commit::newest(const stream_name& stream, locks& held) const {
  if (const auto known = index_.version_in_memory(stream)) return *known;
  // Only this thread changes what the locks are for, so they may go for the read.
  held = {};
  auto stored = index_.version_in_database(stream.text);
  held = lock_for_placing();
  return stored;
}

/// With the locks; all that can be said against the commit was said.
committed group_commit::place_events(const waiting_commit& w, const commit_batch& batch) {
  committed outcome;
  outcome.what = committed::kind::fresh;
  outcome.first_position = next(placed_);
  outcome.time = time_;
  const auto words = batch.words_of(w);
  first_versions_.clear();
  position first = outcome.first_position;
  std::size_t at = w.draft.first_part;
  for (std::size_t i = 0; i < last_versions_.size(); ++i) {
    const auto part = part_at(words, at);
    const auto before = last_versions_[i];
    index_.add_behind({part.stream, batch.parts[w.first_part + i].hash}, before, first,
                      part.events);
    if (i == 0) outcome.version = version{count_of(before) + part.events};
    first_versions_.push_back(next(before));
    first = position{count_of(first) + part.events};
    at = part.next;
  }
  block_.add(w.draft, words, first_versions_, time_);
  placed_ = position{count_of(first) - 1};
  outcome.last_position = placed_;
  if (block_.bytes() >= block_bytes) finish_block();
  window_.add(w.id, {w.fingerprint, outcome});
  return outcome;
}

void group_commit::finish_block() {
  if (block_.empty()) return;
  made_.push_back(block_.finish());
  block_.begin(next(placed_));
}

/// Without the locks: it takes longer than all the rest, and nobody else needs to wait for it.
void group_commit::pack_blocks() {
  for (auto& b : made_) next_.blocks.add(std::move(b));
  made_.clear();
}

}  // namespace fasti::persistence
