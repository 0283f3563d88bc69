#pragma once
/// Sends bookings and waits for receipts: many accounts at once, one account's bookings one after
/// another. Scheduling happens on the caller's thread alone; the runtime's threads only drop their
/// receipts into a box.

#include <fasti/runtime.hpp>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "acks.hpp"
#include "booking.hpp"
#include "histogram.hpp"

namespace bank {

using steady = std::chrono::steady_clock;

struct driver_options {
  std::size_t in_flight_max = 4096;
  double rate_per_s = 0;          ///< 0: flat out.
  std::uint64_t crash_after = 0;  ///< Kill this process after so many receipts; 0: never.
};

/// What the driver saw of one account.
struct account_trace {
  std::optional<std::int64_t> stated_balance;  ///< In the last row that was committed.
  fasti::version version{};                    ///< Of the account, after that row.
};

struct drive_result {
  std::uint64_t committed = 0;  ///< Fresh and repeated.
  std::uint64_t repeated = 0;   ///< Were in the journal already, from an earlier run.
  std::map<std::string, std::uint64_t> rejected;  ///< By reason.
  std::uint64_t pushed_back = 0;                  ///< "Not now" from the runtime; sent again.
  std::size_t in_flight_seen = 0;
  histogram latency_ns;  ///< From sending to the receipt, of committed commands.
  double seconds = 0;
  std::int64_t cash_in = 0;  ///< Committed, in cents; halves of transfers are not cash.
  std::int64_t cash_out = 0;
  std::int64_t in_transit = 0;  ///< Taken from one account, not yet put on the other.
  std::map<std::string, account_trace> accounts;
  bool interrupted = false;
  std::optional<fasti::error> failure;  ///< Why it stopped before the end.

  [[nodiscard]] std::uint64_t rejected_in_all() const;
};

struct drive_hooks {
  std::function<bool()> is_interrupted;
  /// Called some ten times a second: settled so far, expected in all.
  std::function<void(std::uint64_t, std::uint64_t)> progress;
  /// A booking that the runtime calls wrong; says whether to go on.
  std::function<bool(const booking&, const fasti::error&)> invalid;
};

class driver {
 public:
  driver(fasti::runtime& rt, driver_options options, ack_writer& acks, drive_hooks hooks);

  /// Returns when all is settled, or when it was interrupted or failed and what was in flight is
  /// settled. Call it once.
  [[nodiscard]] drive_result run(booking_source& source);

 private:
  struct lane {
    bool busy = false;
    std::deque<booking> waiting;
  };
  struct sent {
    booking what;
    lane* of = nullptr;  // none for what follows a committed booking
    steady::time_point at;
  };
  struct landed {
    std::size_t slot = 0;
    steady::time_point at;
    fasti::result<fasti::receipt> outcome;
  };

  void read_ahead(booking_source& source);
  void send_what_may_go();
  [[nodiscard]] bool may_send();
  void launch(sent s);
  void wait_for_receipts();
  void settle(landed& l);
  void settle_committed(sent& s, const fasti::receipt& receipt, steady::time_point at);
  void settle_refused(sent s, fasti::error e);
  void free_lane(lane* l);
  void stop(fasti::error e);
  [[nodiscard]] bool is_stopping() const { return result_.interrupted || result_.failure; }

  fasti::runtime& rt_;
  driver_options options_;
  ack_writer& acks_;
  drive_hooks hooks_;
  drive_result result_;

  std::unordered_map<std::string, lane> lanes_;
  std::deque<lane*> ready_;     // lanes with something to send and nothing in flight
  std::deque<sent> followers_;  // second halves and what was pushed back: they go first
  std::size_t waiting_ = 0;     // bookings in lanes
  bool source_ended_ = false;

  std::vector<sent> slots_;
  std::vector<std::size_t> free_slots_;
  std::size_t in_flight_ = 0;
  std::uint64_t launched_ = 0;
  std::uint64_t settled_ = 0;
  std::uint64_t receipts_ = 0;
  steady::time_point start_;
  steady::time_point not_before_;  // after a push-back
  steady::time_point next_progress_;

  std::mutex box_mutex_;
  std::condition_variable box_filled_;
  std::vector<landed> box_;
};

}  // namespace bank
