#pragma once
/// Subscriptions: recorded events in the order of the journal, each once, from where you want on:
/// first what is there, then what comes. Catching up and following are the same read, so there is
/// no hand-over between them to lose an event in (P4). Only what is durable is seen (P2).
///
///     auto feed = rt.subscribe({.from = fasti::start_at::behind(saved),
///                               .only = {.categories = {"account"}}});
///     while (auto batch = feed->next(1s)) {
///       for (const auto& e : *batch) …;
///       save(batch->up_to());            // after a restart: behind this
///     }
///
/// The journal is the buffer: for a subscriber in memory there are the batches that it holds, at
/// most `batches_held_max`, and nothing else. It is given the next one when it lets go of one
/// (demand, as in reactive streams); who is slow slows nobody, and reads from the disk later.
///
/// Across restarts an event comes at least once: what was handled behind the last checkpoint that
/// was saved comes again, at the same position. A view in fasti's own store has no such window; see
/// `fasti/projection.hpp`.

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "fasti/event.hpp"

namespace fasti {

/// Which events. An empty list means "all"; an event has to fit each list that is not empty.
struct event_filter {
  std::vector<std::string> categories = {};
  std::vector<type_id> types = {};
  std::vector<std::string> tags = {};  ///< It has one of them.
  std::string stream = {};             ///< `category-key`: of this one only.
};

/// How far a subscriber is, and in which journal: what it keeps to go on behind it.
struct checkpoint {
  unique_id journal;
  fasti::position position{};

  /// `17@0192f3…`, for a file or a column.
  [[nodiscard]] std::string to_string() const;
  /// Errors: `invalid` ("malformed-checkpoint").
  [[nodiscard]] static result<checkpoint> parse(std::string_view text);
  friend auto operator<=>(const checkpoint&, const checkpoint&) = default;
};

/// Where a subscription begins.
class start_at {
 public:
  struct the_head {};
  using place = std::variant<fasti::position, checkpoint, timestamp, the_head>;

  [[nodiscard]] static start_at beginning() { return start_at(no_position); }
  /// With the event behind it. A checkpoint is held against the journal's id, too.
  [[nodiscard]] static start_at behind(fasti::position p) { return start_at(p); }
  [[nodiscard]] static start_at behind(const checkpoint& c) { return start_at(c); }
  /// With the first event that was written at `t` or later.
  [[nodiscard]] static start_at time(timestamp t) { return start_at(t); }
  /// With what becomes durable from now on.
  [[nodiscard]] static start_at now() { return start_at(the_head{}); }

  [[nodiscard]] const place& where() const noexcept { return where_; }

 private:
  explicit start_at(place where) : where_(where) {}
  place where_;
};

/// Some events, in order. Owns what it shows; copies share it, and are cheap. As long as one of
/// them is there it counts among the batches that its subscriber holds, also after the runtime has
/// gone.
class event_batch {
 public:
  event_batch() = default;
  event_batch(std::span<const recorded_event> events, const checkpoint& up_to,
              std::shared_ptr<const void> held)
      : events_(events), up_to_(up_to), held_(std::move(held)) {}

  [[nodiscard]] bool empty() const noexcept { return events_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return events_.size(); }
  [[nodiscard]] auto begin() const noexcept { return events_.begin(); }
  [[nodiscard]] auto end() const noexcept { return events_.end(); }
  [[nodiscard]] const recorded_event& operator[](std::size_t i) const { return events_[i]; }
  /// Whoever has handled this batch and those before has handled all up to here that it asked for.
  [[nodiscard]] const checkpoint& up_to() const noexcept { return up_to_; }

 private:
  std::span<const recorded_event> events_;
  checkpoint up_to_;
  std::shared_ptr<const void> held_;
};

/// Gets batches, one call at a time, on a thread of the runtime's: must be quick, must not block,
/// and may keep the batch. Its last call has an error: `closed` when the runtime closes, `corrupt`
/// when an event cannot be read. An exception out of it ends the subscription, and is logged.
using batch_callback = std::function<void(result<event_batch>)>;

struct subscription_options {
  start_at from = start_at::beginning();
  event_filter only = {};
  std::string name = "unnamed";  ///< For `stats()` and the log.
  /// A batch ends when it has so many events, or with the one that passes these bytes.
  std::size_t batch_events_max = 1024;
  std::size_t batch_bytes_max = 32U << 10;
  std::size_t batches_held_max = 2;
};

/// How a subscription is doing.
struct subscription_status {
  std::string name;
  position given_up_to{};        ///< All that fits up to here was handed out.
  std::size_t batches_held = 0;  ///< … and not let go of yet.
  bool is_paused = false;
  std::uint64_t events_given = 0;  ///< Since it began …
  double events_per_second = 0;    ///< … and as of late: half of it is of the last 5 s.
};

namespace detail {

/// What a handle asks of its subscription.
class subscription_control {
 public:
  virtual ~subscription_control() = default;
  virtual void set_paused(bool paused) = 0;
  virtual void end() noexcept = 0;
  [[nodiscard]] virtual subscription_status status() const = 0;
};

}  // namespace detail

/// A handle of a subscription with a callback. Its end ends the subscription: no call begins after
/// that, and one that is at work on another thread is waited for. May outlive the runtime.
class subscription {
 public:
  explicit subscription(std::shared_ptr<detail::subscription_control> of) : of_(std::move(of)) {}
  subscription(subscription&&) noexcept = default;
  subscription& operator=(subscription&& other) noexcept {
    if (this != &other) end(), of_ = std::move(other.of_);
    return *this;
  }
  ~subscription() { end(); }

  /// Nothing is read for it while it pauses; a batch that is being read still comes.
  void pause() { of_->set_paused(true); }
  void resume() { of_->set_paused(false); }
  [[nodiscard]] subscription_status status() const { return of_->status(); }

 private:
  void end() noexcept {
    if (const auto of = std::move(of_)) of->end();
  }
  std::shared_ptr<detail::subscription_control> of_;
};

/// A subscription for who wants to ask and wait. One caller at a time.
class event_feed {
 public:
  event_feed(event_feed&&) noexcept;
  event_feed& operator=(event_feed&&) noexcept;
  ~event_feed();

  /// The next batch; an empty one when none has come in that time. Errors: those of the callback's
  /// last call, again and again. Blocks; not from a callback.
  [[nodiscard]] result<event_batch> next(std::chrono::milliseconds wait_at_most);
  [[nodiscard]] subscription_status status() const { return subscription_.status(); }

 private:
  friend class runtime;
  struct queue;
  event_feed(std::shared_ptr<queue> from, subscription filled_by);

  std::shared_ptr<queue> queue_;
  subscription subscription_;
};

}  // namespace fasti
