#include "persistence/group_commit.hpp"

#include <algorithm>

namespace fasti::persistence {
namespace {

/// A block is cut when it has grown to this: small enough to read one event's block quickly, large
/// enough that LevelDB has few entries.
constexpr std::size_t block_bytes = 8U << 10;

std::size_t size_of(const commit& c) {
  return c.bodies.size() * word_bytes + c.events.size() * 16 + 128;
}

/// Between two tries to recover; the first pause is the tuning's.
constexpr std::chrono::milliseconds longest_pause{5000};

error stopped_error(const error& why) {
  return {errc::unavailable, "journal-stopped",
          "nothing is stored until the journal has recovered from a storage error: " + why.detail};
}
error not_stored_error(const error& why) {
  return {errc::unavailable, "storage-failed", "it was not stored: " + why.detail};
}

/// An outcome that a failed batch does not change.
bool rests_on_durable(const result<committed>& outcome, position durable) {
  if (!outcome) return outcome.error().code == errc::invalid;
  return outcome->what != committed::kind::fresh && outcome->last_position <= durable;
}

}  // namespace

group_commit::group_commit(block_store& blocks, stream_index& index, journal_state state,
                           const runtime_options& options, std::chrono::milliseconds first_pause)
    : blocks_(blocks),
      index_(index),
      limits_(options.journal),
      clock_(options.clock),
      log_(options.log),
      first_pause_(first_pause),
      written_(state.head),
      time_(state.time),
      window_(std::move(state.window)),
      head_(count_of(state.head)),
      told_(state.head),
      writer_([this] { write(); }),
      completer_([this] { complete(); }) {}

group_commit::~group_commit() { close(); }

result<ticket> group_commit::append(commit&& c, std::shared_ptr<commit_session> session,
                                    std::unique_ptr<commit_observer>&& observer) {
  if (auto good = check_commit(c, limits_); !good) return std::move(good).error();
  bool wake = false;
  ticket given{};
  {
    const std::lock_guard lock(queue_mutex_);
    if (closed_) return error{errc::closed, "closed", "the journal is closed"};
    if (failed_) return stopped_error(*failed_);
    if (given_ - completed_.load(std::memory_order_acquire) >= limits_.queue_commits_max) {
      return error{errc::unavailable, "queue-full",
                   std::to_string(limits_.queue_commits_max) + " commits wait for the disk"};
    }
    queue_.push_back({std::move(c), std::move(session), std::move(observer), std::nullopt});
    given = ticket{++given_};
    wake = std::exchange(writer_waits_, false);
  }
  if (wake) came_.notify_one();
  return given;
}

void group_commit::write() {
  std::unique_lock lock(queue_mutex_);
  while (true) {
    wait_for_work(lock);
    if (queue_.empty()) break;
    batch entries;
    std::size_t bytes = 0;
    if (queue_.size() <= 64) {
      entries.swap(queue_);
    } else {
      while (!queue_.empty() && (entries.empty() || bytes < limits_.batch_bytes_max)) {
        bytes += size_of(queue_.front().c);
        entries.push_back(std::move(queue_.front()));
        queue_.pop_front();
      }
    }
    lock.unlock();
    settle(entries);
    {
      const std::lock_guard done_lock(done_mutex_);
      batches_.push_back(std::move(entries));
    }
    done_.notify_one();
    lock.lock();
  }
  lock.unlock();
  const std::lock_guard done_lock(done_mutex_);
  writer_ended_ = true;
  done_.notify_one();
}

/// Returns when there is something to write, or when it is to end. Tries to recover meanwhile.
void group_commit::wait_for_work(std::unique_lock<std::mutex>& lock) {
  while (!closed_ && queue_.empty()) {
    writer_waits_ = true;
    if (!failed_) {
      came_.wait(lock);
    } else if (came_.wait_for(lock, pause_) == std::cv_status::timeout) {
      lock.unlock();
      recover();
      lock.lock();
    }
  }
  writer_waits_ = false;
}

void group_commit::settle(batch& entries) {
  if (const auto why = failure()) return refuse(entries, *why);
  time_ = std::max(time_, clock_());
  {
    const std::lock_guard lock(window_mutex_);
    window_.forget_old(time_);
  }
  made_.clear();
  block_.begin(next(written_));
  for (auto& e : entries) {
    e.outcome.emplace(place(e));
    const bool stored = e.outcome->has_value() && (*e.outcome)->what != committed::kind::repeat;
    if (!stored && e.session && !e.c.is_barrier()) e.session->break_off();
  }
  finish_block();
  if (!made_.empty()) {
    auto synced = blocks_.append(made_);
    ++syncs_;
    if (!synced) return fail(entries, synced.error());
  }
  publish(entries);
}

result<committed> group_commit::place(entry& e) {
  const commit& c = e.c;
  if (e.session && e.session->is_broken()) return session_broken();
  if (!c.origin.id.is_none()) {
    const std::lock_guard lock(window_mutex_);
    if (const auto known = window_.find(c.origin.id)) {
      if (known->fingerprint != c.fingerprint) return command_id_reused(c.origin.id);
      auto first = known->outcome;
      first.what = committed::kind::repeat;
      return first;
    }
  }
  if (c.is_barrier()) {
    return committed{committed::kind::barrier, no_position, written_, no_version, time_};
  }
  // With one stream the index checks and adds in one look; with several all are checked first.
  for (const auto& p : c.parts) {
    if (c.parts.size() == 1) break;
    auto actual = index_.version_of(p.stream.text());
    if (!actual) return std::move(actual).error();
    if (!p.expected.accepts(*actual)) return version_conflict(p.stream, p.expected, *actual);
  }
  return place_events(c);
}

result<committed> group_commit::place_events(const commit& c) {
  committed outcome;
  outcome.what = committed::kind::fresh;
  outcome.first_position = next(written_);
  outcome.time = time_;
  first_versions_.clear();
  position first = outcome.first_position;
  for (const auto& p : c.parts) {
    auto version_of_first = index_.add(p.stream, p.expected, first, p.events);
    if (!version_of_first) {
      // The index may have the first parts of this commit by now.
      index_.forget_after(written_);
      return std::move(version_of_first).error();
    }
    first_versions_.push_back(*version_of_first);
    first = position{count_of(first) + p.events};
  }
  outcome.version = version{count_of(first_versions_.front()) + c.parts.front().events - 1};
  block_.add(c, first_versions_, time_);
  written_ = position{count_of(first) - 1};
  outcome.last_position = written_;
  if (block_.bytes() >= block_bytes) finish_block();
  const std::lock_guard lock(window_mutex_);
  window_.add(c.origin.id, {c.fingerprint, outcome});
  return outcome;
}

void group_commit::finish_block() {
  if (block_.empty()) return;
  made_.push_back(block_.finish());
  block_.begin(next(written_));
}

/// Handed over before the error was seen: it never reached the storage.
void group_commit::refuse(batch& entries, const error& why) {
  for (auto& e : entries) {
    e.outcome.emplace(stopped_error(why));
    if (e.session) e.session->break_off();
  }
  settled_.fetch_add(entries.size(), std::memory_order_release);
}

/// The storage failed under this batch: what became of it?
void group_commit::fail(batch& entries, const error& why) {
  {
    const std::lock_guard lock(queue_mutex_);
    failed_ = why;
  }
  log_(log_level::error, "journal stopped: " + why.to_string());
  pause_ = first_pause_;
  const auto before = head();
  const bool known = recover();
  if (known && head() > before) return publish(entries);
  const auto verdict =
      known ? not_stored_error(why)
            : error{errc::unknown, "storage-failed",
                    "ask for the command id when the journal goes on: " + why.detail};
  for (auto& e : entries) {
    if (e.session) e.session->break_off();
    if (rests_on_durable(*e.outcome, before)) continue;
    e.outcome.emplace(verdict);
  }
  settled_.fetch_add(entries.size(), std::memory_order_release);
}

/// Opens the blocks anew and takes what they hold for the truth. False: it is tried again later.
bool group_commit::recover() {
  auto end = blocks_.reopen();
  if (end && *end != head() && *end != written_) {
    end = error{errc::corrupt, "tail-missing",
                "the journal ended at position " + std::to_string(count_of(head())) +
                    " and was found to end at " + std::to_string(count_of(*end))};
  }
  if (!end) {
    pause_ = std::min(pause_ * 2, longest_pause);
    const std::lock_guard lock(queue_mutex_);
    failed_ = std::move(end).error();
    return false;
  }
  if (*end < written_) {
    index_.forget_after(*end);
    const std::lock_guard lock(window_mutex_);
    window_.forget_after(*end);
  }
  written_ = *end;
  head_.store(count_of(*end), std::memory_order_release);
  ++recoveries_;
  log_(log_level::warning,
       "journal goes on at position " + std::to_string(count_of(*end)) + ", checked anew");
  {
    const std::lock_guard done_lock(done_mutex_);
    batches_.emplace_back();  // so that the head is told
  }
  done_.notify_one();
  const std::lock_guard lock(queue_mutex_);
  failed_.reset();
  return true;
}

void group_commit::publish(const batch& entries) {
  for (const auto& b : made_) logical_bytes_ += b->bytes().size();
  head_.store(count_of(written_), std::memory_order_release);
  for (const auto& e : entries) {
    if (!e.outcome->has_value() || (*e.outcome)->what != committed::kind::fresh) continue;
    index_.add_command(e.c.origin.id, e.c.fingerprint, **e.outcome);
    ++commits_;
  }
  if (!made_.empty()) index_.on_durable(written_);
  settled_.fetch_add(entries.size(), std::memory_order_release);
}

void group_commit::complete() {
  std::unique_lock lock(done_mutex_);
  while (true) {
    done_.wait(lock, [this] { return writer_ended_ || !batches_.empty(); });
    if (batches_.empty()) return;
    batch entries = std::move(batches_.front());
    batches_.pop_front();
    lock.unlock();
    if (const auto at = head(); at > told_) {
      told_ = at;
      const std::lock_guard head_lock(head_mutex_);
      if (on_head_) on_head_(at);
    }
    for (auto& e : entries) {
      e.observer->on_outcome(*std::move(e.outcome));
      completed_.fetch_add(1, std::memory_order_release);
    }
    entries.clear();
    lock.lock();
  }
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
  const std::lock_guard lock(queue_mutex_);
  return failed_;
}

void group_commit::count(journal_stats& stats) const {
  stats.head = head();
  stats.syncs = syncs_;
  stats.commits = commits_;
  stats.logical_bytes = logical_bytes_;
  stats.recoveries = recoveries_;
}

void group_commit::close() {
  {
    const std::lock_guard lock(queue_mutex_);
    closed_ = true;
  }
  came_.notify_one();
  if (writer_.joinable()) writer_.join();
  if (completer_.joinable()) completer_.join();
}

}  // namespace fasti::persistence
