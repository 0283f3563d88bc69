#pragma once
/// Brings events to the process managers of one category: those of one process manager one after
/// another, those of different ones side by side. A batch is done when all of it is; then comes the
/// checkpoint, then the next batch. What a crash makes come again its receivers know.
///
///                   ┌────────── time has come ──────────┐
///                   ▼                                   │
///     first of its lane ──sent──▶ fails ──▶ waits for a retry; other lanes go on
///        ▲                          │ no retry is left
///        │                          ├──park──▶ parked, with all later ones of its key
///        └───────handled────────────┘
///                                   └──stop──▶ stopped: no lane sends anything more
///
/// Parked events lie beside the checkpoint and are written with it, so that an event behind it is
/// handled or parked, and one in front of it comes again. They are replayed one at a time while
/// the lanes go on: later events of a key are parked until nothing of that key is.

#include <deque>
#include <map>
#include <mutex>
#include <set>

#include "fasti/process.hpp"
#include "runtime/core/parked_events.hpp"
#include "runtime/node/process_link.hpp"

namespace fasti::node {

class event_courier : public std::enable_shared_from_this<event_courier> {
 public:
  using clock = std::chrono::steady_clock;
  using replay_callback = std::function<void(result<parked_replay>)>;
  /// All outlive all calls.
  struct surroundings {
    view_store& views;
    const fasti::journal& journal;
    process_link& to;
    clock_source time_of_day;
  };

  event_courier(detail::process_port port, const failure_policy& on_failure, surroundings in);

  /// Where its checkpoint and its parked events are kept.
  [[nodiscard]] static std::string checkpoint_name(std::string_view category);
  [[nodiscard]] const detail::process_port& port() const noexcept { return port_; }
  /// Before all else. Errors: those of `parked_events::load`.
  [[nodiscard]] result<void> start_behind(position at);

  /// The subscription's callback. It holds the batch until it is done.
  void take(result<event_batch> came);
  /// Sends again what waits for it. `given_up_to`: all that concerns them up to here was handed
  /// over, at some time before this call.
  void tick(position given_up_to);
  [[nodiscard]] process_status status() const;

  [[nodiscard]] std::vector<parked_event> parked() const;
  /// Calls back once, from this thread or another: how it ended. Errors: `conflict`
  /// ("replay-under-way"), `closed`, what the journal and the store say. A process manager that
  /// cannot be reached leaves its events parked.
  void replay_parked(replay_callback done);
  /// Errors: `invalid` ("not-parked"), `conflict` ("replay-under-way"), what the store says.
  [[nodiscard]] result<void> skip_parked(position at);
  /// Nobody waits for a replay any more: it is told `closed`.
  void end();

 private:
  /// The events of one key in the batch that are not done.
  struct lane {
    std::deque<std::size_t> events;
    bool is_under_way = false;     // the first one was sent, and is not answered yet
    std::optional<error> failing;  // the first one waits to be sent again …
    clock::time_point retry_at{};  // … at this time
    unsigned retries = 0;
  };
  using lanes = std::map<std::string, lane>;
  struct replay {
    replay_callback done;
    position at{};  // of the event that is tried
    std::set<std::string> failed_keys;
    std::size_t handled = 0;
  };
  /// An event on its way to a process manager.
  struct parcel {
    std::string stream;
    std::vector<word> body;
    command_origin origin;
  };
  /// What is to be done without the lock.
  struct errands {
    std::vector<std::string> to_say;
    std::vector<std::pair<std::string, std::size_t>> to_send;  // key, and event of …
    event_batch batch;                                         // … this; else to be let go of
  };

  [[nodiscard]] std::optional<std::string> key_of(const recorded_event& e) const;
  [[nodiscard]] std::optional<error> why_unsendable(const std::string& key,
                                                    const recorded_event& e) const;
  [[nodiscard]] parcel packed(const std::string& key, const recorded_event& e, bool is_stray) const;
  [[nodiscard]] error named(error why) const;
  [[nodiscard]] error at_event(const recorded_event& e, error why) const;
  void send(const std::string& key, const recorded_event& e);
  void on_answer(const std::string& key, const result<receipt>& r);
  void run(const errands& todo);

  // With the mutex:
  [[nodiscard]] std::optional<error> sort_into_lanes();
  void go_on(lanes::iterator at, errands& todo);
  static void leave_first(lane& l);
  void go_on_where_nothing_waits(errands& todo);
  [[nodiscard]] bool gets_past_first(const std::string& key, lane& l, errands& todo);
  [[nodiscard]] bool gets_past_failure(const std::string& key, lane& l, const error& answer,
                                       errands& todo);
  [[nodiscard]] bool try_to_park(const std::string& key, const recorded_event& e,
                                 std::string reason, errands& todo);
  void end_batch_if_done(errands& todo);
  void keep(position handled, errands& todo);
  [[nodiscard]] result<void> write(position handled, errands& todo);
  void stop(error why, errands& todo);
  [[nodiscard]] std::optional<error> failing() const;
  [[nodiscard]] result<void> no_replay_under_way() const;
  void go_on_if_there_is_room(errands& todo);

  // A replay:
  void go_on_replaying();
  [[nodiscard]] std::optional<parked_event> next_to_replay();
  [[nodiscard]] result<std::optional<parcel>> packed_again(const parked_event& parked,
                                                           const recorded_event& e) const;
  void on_replayed(std::optional<error> why);
  [[nodiscard]] bool note_replayed(const std::optional<error>& why);
  void end_replay(result<void> how);

  const detail::process_port port_;
  const failure_policy on_failure_;
  const surroundings in_;

  mutable std::mutex mutex_;
  // Protected by mutex_, which is held while the store is written to:
  event_batch batch_;
  lanes lanes_;
  core::parked_events parked_;
  std::size_t parked_said_ = 0;
  std::optional<replay> replay_;
  std::optional<error> stopped_;
  position handled_{};
};

}  // namespace fasti::node
