#include "persistence/memory_journal.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "persistence/command_window.hpp"
#include "persistence/commit_rules.hpp"
#include "persistence/truncation.hpp"

namespace fasti::persistence {
namespace {

/// What the events of one command share.
struct stored_command {
  command_origin origin;
  command_reply reply;
};

/// An event as it is kept: never changed, never moved, so that readers need no lock to look at it.
struct stored {
  std::string stream;
  std::shared_ptr<const stored_command> from;
  unique_id id;
  type_id type{};
  fasti::version version{};
  fasti::position position{};
  timestamp time;
  std::vector<word> body;
  std::string tags;  // packed
  fasti::position truncated_by{};

  [[nodiscard]] recorded_event view() const {
    recorded_event e;
    e.id = id;
    e.type = type;
    e.stream = stream;
    e.version = version;
    e.position = position;
    e.time = time;
    const auto& origin = from->origin;
    e.command = origin.id;
    e.correlation = origin.correlation.is_none() ? origin.id : origin.correlation;
    e.causation = origin.causation.is_none() ? origin.id : origin.causation;
    e.trace = origin.trace;
    e.metadata = origin.metadata;
    e.body = body;
    e.tags = tag_list(tags);
    e.truncated_by = truncated_by;
    return e;
  }
};

using stored_ptr = std::shared_ptr<const stored>;

class memory_journal final : public journal {
 public:
  explicit memory_journal(const runtime_options& options)
      : limits_(options.journal),
        clock_(options.clock ? options.clock : system_now),
        window_(options.journal),
        thread_([this] { work(); }) {}
  ~memory_journal() override { static_cast<void>(close().has_value()); }

  unique_id id() const noexcept override { return id_; }
  result<ticket> append(commit&& c, std::shared_ptr<commit_session> session,
                        std::unique_ptr<commit_observer>&& observer) override;
  ticket settled_ticket() const noexcept override { return ticket{settled_.load()}; }
  position head() const noexcept override { return position{head_.load()}; }
  result<version> stream_version(const stream_id& stream) const override;
  std::optional<command_record> find_command(command_id id) const override;
  result<command_reply> read_reply(position at) const override;
  result<version> read_stream(const stream_id& stream, const stream_range& range,
                              const event_visitor& visitor) const override;
  result<position> read(const journal_range& range, const event_visitor& visitor) const override;
  result<position> position_before(timestamp time) const override;
  result<truncation> truncate(truncation t) override;
  result<std::optional<truncation>> truncation_of(const stream_id& stream) const override;
  result<archive_summary> write_archive(position, const byte_sink&) const override {
    return error{errc::invalid, "no-archive", "a journal in memory keeps nothing to archive"};
  }
  void on_head(std::function<void(position)> callback) override;
  journal_stats stats() const override;
  std::optional<error> failure() const override { return std::nullopt; }
  result<void> close() override;

 private:
  struct entry {
    commit c;
    std::shared_ptr<commit_session> session;
    std::unique_ptr<commit_observer> observer;
  };

  void work();
  void settle(entry& e);
  result<committed> store(entry& e);
  void add_events(const commit& c, committed& outcome);

  const journal_limits limits_;
  const clock_source clock_;
  const unique_id id_ = unique_id::generate();

  mutable std::mutex queue_mutex_;
  std::condition_variable came_;
  // Protected by queue_mutex_:
  std::deque<entry> queue_;
  std::uint64_t given_ = 0;
  bool closed_ = false;

  std::mutex truncation_mutex_;  // one at a time

  mutable std::mutex mutex_;
  // Protected by mutex_:
  std::vector<stored_ptr> events_;
  std::map<std::string, std::vector<stored_ptr>, std::less<>> streams_;
  command_window window_;
  timestamp time_;  // of the newest commit that was looked at
  journal_stats stats_;

  std::atomic<std::uint64_t> settled_{0};
  std::atomic<std::uint64_t> completed_{0};
  std::atomic<std::uint64_t> head_{0};
  std::mutex head_mutex_;  // held while the callback runs
  std::function<void(position)> on_head_;

  std::mutex close_mutex_;  // one joins, the others wait for it
  std::thread thread_;
};

result<ticket> memory_journal::append(commit&& c, std::shared_ptr<commit_session> session,
                                      std::unique_ptr<commit_observer>&& observer) {
  if (auto good = check_commit(c, limits_); !good) return std::move(good).error();
  const std::lock_guard lock(queue_mutex_);
  if (closed_) return error{errc::closed, "closed", "the journal is closed"};
  if (given_ - completed_.load() >= limits_.queue_commits_max) {
    return error{errc::unavailable, "queue-full",
                 std::to_string(limits_.queue_commits_max) + " commits wait for the disk"};
  }
  queue_.push_back({std::move(c), std::move(session), std::move(observer)});
  came_.notify_one();
  return ticket{++given_};
}

void memory_journal::work() {
  std::unique_lock lock(queue_mutex_);
  while (true) {
    came_.wait(lock, [this] { return closed_ || !queue_.empty(); });
    if (queue_.empty()) return;
    entry oldest = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    settle(oldest);
    oldest = {};
    lock.lock();
  }
}

void memory_journal::settle(entry& e) {
  auto outcome = store(e);
  const bool stored = outcome && outcome->what != committed::kind::repeat;
  if (!stored && e.session && !e.c.is_barrier()) e.session->break_off();
  if (outcome && outcome->what == committed::kind::fresh) {
    head_.store(count_of(outcome->last_position));
    const std::lock_guard lock(head_mutex_);
    if (on_head_) on_head_(outcome->last_position);
  }
  ++settled_;
  e.observer->on_outcome(std::move(outcome));
  ++completed_;
}

result<committed> memory_journal::store(entry& e) {
  const auto now = clock_();
  const std::lock_guard lock(mutex_);
  time_ = std::max(time_, now);
  window_.forget_old(time_);
  if (e.session && e.session->is_broken()) return session_broken();
  if (const auto known = window_.find(e.c.origin.id)) {
    if (known->fingerprint != e.c.fingerprint) return command_id_reused(e.c.origin.id);
    auto first = known->outcome;
    first.what = committed::kind::repeat;
    return first;
  }
  committed outcome;
  outcome.what = committed::kind::barrier;
  outcome.last_position = position{events_.size()};
  outcome.time = time_;
  if (e.c.is_barrier()) return outcome;
  const auto check = [this](const auto& one) -> result<void> {
    const auto found = streams_.find(one.stream.text());
    const version actual{found == streams_.end() ? 0 : found->second.size()};
    if (one.expected.accepts(actual)) return {};
    return version_conflict(one.stream.text(), one.expected, actual);
  };
  for (const auto& g : e.c.guards) {
    if (auto holds = check(g); !holds) return std::move(holds).error();
  }
  for (const auto& p : e.c.parts) {
    if (auto holds = check(p); !holds) return std::move(holds).error();
  }
  add_events(e.c, outcome);
  window_.add(e.c.origin.id, {e.c.fingerprint, outcome});
  return outcome;
}

void memory_journal::add_events(const commit& c, committed& outcome) {
  const auto from = std::make_shared<const stored_command>(stored_command{c.origin, c.reply});
  outcome.what = committed::kind::fresh;
  outcome.first_position = position{events_.size() + 1};
  const word* body = c.bodies.data();
  std::string_view tags = c.tags;
  std::uint32_t ordinal = 0;
  for (const auto& p : c.parts) {
    auto& stream = streams_[std::string(p.stream.text())];
    for (std::uint32_t i = 0; i < p.events; ++i, ++ordinal) {
      const auto& e = c.events[ordinal];
      auto s = std::make_shared<stored>();
      s->stream = p.stream.text();
      s->from = from;
      s->id = event_id_of(c.origin.id, ordinal);
      s->type = e.type;
      s->version = version{stream.size() + 1};
      s->position = position{events_.size() + 1};
      s->time = outcome.time;
      s->body.assign(body, body + e.words);
      body += e.words;
      s->tags = tags.substr(0, e.tag_bytes);
      tags.remove_prefix(e.tag_bytes);
      stats_.logical_bytes += e.words * word_bytes;
      stream.push_back(s);
      events_.push_back(std::move(s));
    }
  }
  outcome.last_position = position{events_.size()};
  outcome.version = version{streams_[std::string(c.parts.front().stream.text())].size()};
  ++stats_.commits;
}

result<version> memory_journal::stream_version(const stream_id& stream) const {
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(stream.text());
  return version{found == streams_.end() ? 0 : found->second.size()};
}

std::optional<command_record> memory_journal::find_command(command_id id) const {
  const std::lock_guard lock(mutex_);
  return window_.find(id);
}

result<command_reply> memory_journal::read_reply(position at) const {
  const std::lock_guard lock(mutex_);
  if (at == no_position || count_of(at) > events_.size()) {
    return no_such_position(at, position{events_.size()});
  }
  return events_[count_of(at) - 1]->from->reply;
}

result<version> memory_journal::read_stream(const stream_id& stream, const stream_range& range,
                                            const event_visitor& visitor) const {
  std::vector<stored_ptr> matching;
  version actual{};
  {
    const std::lock_guard lock(mutex_);
    const auto found = streams_.find(stream.text());
    if (found == streams_.end()) return no_version;
    actual = version{found->second.size()};
    for (const auto& e : found->second) {
      if (e->version >= range.from && e->version <= range.to) matching.push_back(e);
    }
  }
  if (range.order == direction::backwards) std::reverse(matching.begin(), matching.end());
  if (matching.size() > range.events_max) matching.resize(range.events_max);
  for (const auto& e : matching) {
    if (visitor(e->view()) == visit::stop) break;
  }
  return actual;
}

result<position> memory_journal::read(const journal_range& range,
                                      const event_visitor& visitor) const {
  const auto wanted = [&range](const recorded_event& e) {
    const auto is_in = [](const auto& list, const auto& x) {
      return list.empty() || std::find(list.begin(), list.end(), x) != list.end();
    };
    return is_in(range.categories, std::string(e.category())) && is_in(range.types, e.type) &&
           (range.tags.empty() || has_one_of(e.tags, range.tags));
  };
  position looked_at = range.after;
  for (std::uint64_t given = 0; given < range.events_max;) {
    stored_ptr s;
    {
      const std::lock_guard lock(mutex_);
      if (looked_at >= range.to || count_of(looked_at) >= events_.size()) break;
      s = events_[count_of(looked_at)];
    }
    looked_at = s->position;
    const auto e = s->view();
    if (!wanted(e)) continue;
    ++given;
    if (visitor(e) == visit::stop) break;
  }
  return looked_at;
}

result<position> memory_journal::position_before(timestamp time) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::lower_bound(events_.begin(), events_.end(), time,
                                      [](const stored_ptr& e, timestamp t) { return e->time < t; });
  return position{static_cast<std::uint64_t>(found - events_.begin())};
}

result<std::optional<truncation>> memory_journal::truncation_of(const stream_id& stream) const {
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(stream.text());
  if (found == streams_.end()) return std::optional<truncation>();
  const auto said_at = found->second.front()->truncated_by;
  if (said_at == no_position) return std::optional<truncation>();
  auto said = truncation_in(events_[count_of(said_at) - 1]->view());
  if (!said) return std::move(said).error();
  return std::optional<truncation>(*std::move(said));
}

result<truncation> memory_journal::truncate(truncation t) {
  if (auto good = check_truncation(t, *stream_version(t.stream)); !good) {
    return std::move(good).error();
  }
  const std::lock_guard lock(truncation_mutex_);
  auto before = truncation_of(t.stream);
  if (!before) return std::move(before).error();
  if (*before && (*before)->up_to >= t.up_to) return **std::move(before);
  auto said = append_and_wait(*this, commit_of(t));
  if (!said) return std::move(said).error();
  t.said_at = said->last_position;
  t.time = said->time;
  const std::lock_guard events_lock(mutex_);
  for (auto& e : streams_.find(t.stream.text())->second) {
    if (e->version > t.up_to) break;
    auto without = std::make_shared<stored>(*e);
    without->body.clear();
    without->tags.clear();
    without->truncated_by = t.said_at;
    e = without;
    events_[count_of(e->position) - 1] = e;
  }
  return t;
}

void memory_journal::on_head(std::function<void(position)> callback) {
  const std::lock_guard lock(head_mutex_);
  on_head_ = std::move(callback);
}

journal_stats memory_journal::stats() const {
  const std::lock_guard lock(mutex_);
  journal_stats s = stats_;
  s.head = position{events_.size()};
  s.streams = streams_.size();
  return s;
}

result<void> memory_journal::close() {
  {
    const std::lock_guard lock(queue_mutex_);
    closed_ = true;
  }
  came_.notify_all();
  const std::lock_guard lock(close_mutex_);
  if (thread_.joinable()) thread_.join();
  return {};
}

}  // namespace

std::unique_ptr<journal> make_memory_journal(const runtime_options& options) {
  return std::make_unique<memory_journal>(options);
}

}  // namespace fasti::persistence
