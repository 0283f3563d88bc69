#pragma once
/// Brings events to one sink, on a thread of its own: asks it how far it is, subscribes behind
/// that, hands it batch after batch. When something fails the subscription goes, and it begins by
/// asking again.

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "fasti/options.hpp"
#include "runtime/core/rate_meter.hpp"
#include "runtime/core/sink_machine.hpp"

namespace fasti::node {

/// What it needs of its node.
class sink_link {
 public:
  virtual ~sink_link() = default;
  virtual result<subscription> subscribe(subscription_options options, batch_callback callback) = 0;
  virtual void log(log_level level, std::string_view line) const = 0;
};

class sink_courier {
 public:
  /// Begins at once; `begins` is where, if the sink has no checkpoint. `wants`: of its
  /// subscription, but for where that begins. The link outlives the end.
  sink_courier(std::string name, std::shared_ptr<sink> to, const failure_policy& on_failure,
               const checkpoint& begins, subscription_options wants, sink_link& link);
  sink_courier(const sink_courier&) = delete;
  sink_courier& operator=(const sink_courier&) = delete;
  ~sink_courier();

  /// It hands over nothing more, and who waits for it is told; to be followed by `end`.
  void end_soon();
  /// Waits for the call at work.
  void end();

  [[nodiscard]] sink_status status() const;
  /// All that it wants up to here is in the sink.
  [[nodiscard]] position reached() const;
  /// Waits until that is `p` or more. Errors: why it stopped, `unavailable`
  /// ("not-visible-in-time"), `closed`.
  [[nodiscard]] result<void> wait_for(position p, std::chrono::steady_clock::time_point deadline);
  /// Those who wait look again: positions of which the sink wants nothing pass unseen.
  void tick() { changed_.notify_all(); }
  /// To be called about once a second.
  void sample_rate(std::chrono::steady_clock::time_point now);

 private:
  void work();
  void ask();
  void follow(const checkpoint& behind);
  void stop_following();
  void put(result<event_batch> came);
  void give_next();
  [[nodiscard]] result<std::optional<checkpoint>> asked();
  [[nodiscard]] result<void> given(const event_batch& batch);
  void fail(error why);
  void stop(error why);
  [[nodiscard]] error named(error why) const;
  [[nodiscard]] position reached_with_lock() const;

  // Constant after construction; the sink itself is the thread's.
  const std::string name_;
  const std::shared_ptr<sink> sink_;
  const checkpoint begins_;
  const subscription_options wants_;
  sink_link& link_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Protected by mutex_:
  core::sink_machine machine_;
  core::rate_meter rate_;
  std::optional<subscription> fed_by_;
  std::deque<event_batch> came_;
  std::optional<error> no_more_;  // why nothing more comes
  bool is_at_work_ = false;       // a batch is with the sink
  bool ending_ = false;

  std::thread thread_;
};

}  // namespace fasti::node
