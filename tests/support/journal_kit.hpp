#pragma once
/// What tests of a journal need: commits, observers that remember, events that are kept, and a
/// clock that can hold the writer, so that a group commit is put together without a sleep.

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "fasti/journal.hpp"
#include "fasti/options.hpp"

namespace fasti::test {

inline constexpr type_id deposited{0xa1};
inline constexpr type_id withdrawn{0xb2};

[[nodiscard]] inline stream_id stream(std::string_view text) { return *stream_id::parse(text); }

/// `events` events of `words` words each for one stream. The words tell the bodies apart.
[[nodiscard]] inline commit commit_to(std::string_view name, std::uint32_t events = 1,
                                      expected_version expected = expected_version::any(),
                                      std::uint32_t words = 2) {
  commit c;
  c.origin.id = command_id::generate();
  c.fingerprint = 7;
  c.parts.push_back({stream(name), expected, events});
  for (std::uint32_t i = 0; i < events; ++i) {
    c.events.push_back({deposited, words});
    for (std::uint32_t w = 0; w < words; ++w) c.bodies.push_back(c.origin.id.low + i * 1000 + w);
  }
  return c;
}

/// Adds `events` events for a further stream.
inline void add_part(commit& c, std::string_view name, std::uint32_t events,
                     expected_version expected = expected_version::any()) {
  commit more = commit_to(name, events, expected);
  c.parts.push_back(more.parts.front());
  c.events.insert(c.events.end(), more.events.begin(), more.events.end());
  c.bodies.insert(c.bodies.end(), more.bodies.begin(), more.bodies.end());
}

[[nodiscard]] inline commit barrier() { return {}; }

/// A recorded event that outlives the call.
struct kept_event {
  unique_id id;
  type_id type{};
  std::string stream;
  fasti::version version{};
  fasti::position position{};
  timestamp time;
  command_id command;
  unique_id correlation;
  unique_id causation;
  trace_context trace;
  std::string metadata;
  std::vector<std::string> tags;
  std::vector<word> body;
  fasti::position truncated_by{};

  explicit kept_event(const recorded_event& e)
      : id(e.id),
        type(e.type),
        stream(e.stream),
        version(e.version),
        position(e.position),
        time(e.time),
        command(e.command),
        correlation(e.correlation),
        causation(e.causation),
        trace(e.trace),
        metadata(e.metadata),
        body(e.body.begin(), e.body.end()),
        truncated_by(e.truncated_by) {
    for (const auto tag : e.tags.all()) tags.emplace_back(tag);
  }
  friend bool operator==(const kept_event&, const kept_event&) = default;
};

struct events_read {
  std::vector<kept_event> events;
  std::optional<error> failed;
  position last{};   ///< What `read` returned.
  version newest{};  ///< What `read_stream` returned.

  [[nodiscard]] std::vector<std::uint64_t> versions() const {
    std::vector<std::uint64_t> all;
    for (const auto& e : events) all.push_back(count_of(e.version));
    return all;
  }
  [[nodiscard]] std::vector<std::uint64_t> positions() const {
    std::vector<std::uint64_t> all;
    for (const auto& e : events) all.push_back(count_of(e.position));
    return all;
  }
};

[[nodiscard]] inline events_read read_all(const journal& j, const journal_range& range = {}) {
  events_read all;
  auto last = j.read(range, [&](const recorded_event& e) {
    all.events.emplace_back(e);
    return visit::more;
  });
  if (last) {
    all.last = *last;
  } else {
    all.failed = last.error();
  }
  return all;
}

[[nodiscard]] inline events_read read_stream(const journal& j, std::string_view name,
                                             const stream_range& range = {}) {
  events_read all;
  auto newest = j.read_stream(stream(name), range, [&](const recorded_event& e) {
    all.events.emplace_back(e);
    return visit::more;
  });
  if (newest) {
    all.newest = *newest;
  } else {
    all.failed = newest.error();
  }
  return all;
}

/// Collects outcomes in the order in which they come.
class outcome_log {
 public:
  /// Its outcome is the n-th of `outcomes()` by `tag`.
  [[nodiscard]] std::unique_ptr<commit_observer> observer(int tag = 0) {
    return std::make_unique<listener>(*this, tag);
  }
  /// Waits until so many have come.
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    came_.wait(lock, [&] { return outcomes_.size() >= count; });
  }
  [[nodiscard]] std::vector<std::pair<int, result<committed>>> outcomes() const {
    const std::lock_guard lock(mutex_);
    return outcomes_;
  }
  [[nodiscard]] result<committed> of(int tag) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [t, outcome] : outcomes_) {
      if (t == tag) return outcome;
    }
    return error{errc::invalid, "no-outcome", "for tag " + std::to_string(tag)};
  }
  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return outcomes_.size();
  }

 private:
  class listener final : public commit_observer {
   public:
    listener(outcome_log& log, int tag) : log_(log), tag_(tag) {}
    void on_outcome(result<committed> outcome) noexcept override {
      const std::lock_guard lock(log_.mutex_);
      log_.outcomes_.emplace_back(tag_, std::move(outcome));
      log_.came_.notify_all();
    }

   private:
    outcome_log& log_;
    const int tag_;
  };

  mutable std::mutex mutex_;
  std::condition_variable came_;
  std::vector<std::pair<int, result<committed>>> outcomes_;
};

/// A clock that stands still until it is told. While it is held, a journal's writer, which asks it
/// for the time of each group commit, waits: what is handed over meanwhile gathers for the same one
/// while that is small, or, relaxed, for the next.
class test_clock {
 public:
  [[nodiscard]] clock_source source() {
    return [this] { return now(); };
  }
  void set(timestamp t) {
    const std::lock_guard lock(mutex_);
    now_ = t;
  }
  void advance(std::chrono::nanoseconds by) {
    const std::lock_guard lock(mutex_);
    now_ += by;
  }
  void hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  /// Returns when somebody waits for the time; precondition: held.
  void wait_for_waiter() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_ > 0; });
  }
  void release() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    changed_.notify_all();
  }

 private:
  timestamp now() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held_; });
    --waiting_;
    return now_;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  timestamp now_{std::chrono::hours{24 * 365 * 50}};
  bool held_ = false;
  int waiting_ = 0;
};

}  // namespace fasti::test
