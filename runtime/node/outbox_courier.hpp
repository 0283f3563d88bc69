#pragma once
/// Delivers what is in the outbox until it has an outcome, and tells its process manager; fires
/// timers whose time has come, one after another. Commands to one stream go one after another, in
/// the order in which they were issued. All that it knows it can read again from the outbox's view:
/// after a crash commands are delivered again, under the same ids.
///
/// What it keeps in memory has a limit, and what cannot be delivered must not use that up:
///
///     new ──▶ in a lane ──delivered──▶ settling ──told──▶ settled, until the view forgets it
///               ▲   │ waits                │ waits
///               │   └────────┬─────────────┘
///               │            ▼ others need the place
///               └──────── put back: the view has it, and is gone round stream by stream

#include <deque>
#include <map>
#include <mutex>
#include <set>

#include "runtime/core/outbox.hpp"
#include "runtime/node/process_link.hpp"

namespace fasti::node {

class outbox_courier : public std::enable_shared_from_this<outbox_courier> {
 public:
  /// All outlive all calls. It begins when the view shows `from`.
  outbox_courier(const view_store& views, process_link& to, clock_source clock, position from);

  /// The view has moved, time has passed, or there is room: it looks again, on a reader thread.
  void look_soon();
  /// Sends again what was not taken in; looks for timers.
  void tick();
  [[nodiscard]] outbox_status status() const;

 private:
  /// When something is tried again.
  struct patience {
    unsigned tries = 0;
    std::uint64_t again_at_tick = 0;  // 0: it is under way
  };
  struct lane {                              // to one stream
    std::deque<core::outbox_entry> entries;  // the first is under way, or waits
    patience waits;
    position taken_up_to{};
    bool has_more = false;  // behind that, in the view
  };
  struct settlement {  // has its outcome, which its process manager is to be told
    core::outbox_entry entry;
    std::optional<error> refused;
    patience waits;
  };
  struct firing {
    position fired_at{};              // none: it has not, yet
    std::uint64_t again_at_tick = 0;  // not 0: it failed
  };
  using name = std::pair<std::string, std::uint64_t>;  // process manager, number
  using addressees = std::vector<std::string>;         // streams that something is to be sent to

  void look();
  // With the mutex:
  void take_new(const detail::row_reader& rows, addressees& to);
  void take_one(const detail::row_reader& rows, core::outbox_entry&& e, addressees& to);
  void fill_drained(const detail::row_reader& rows, addressees& to);
  void fill(const detail::row_reader& rows, const std::string& stream, addressees& to);
  void append(lane& to, core::outbox_entry&& e);
  void put_back(unsigned tries_min);
  void go_round(const detail::row_reader& rows, addressees& to);
  void take_timers(const detail::row_reader& rows, position shown);
  [[nodiscard]] bool is_known(const core::outbox_entry& e) const;
  [[nodiscard]] std::size_t held() const { return entries_ + settled_.size(); }
  [[nodiscard]] bool is_trying_again() const;
  void note_failure(const std::optional<std::string>& thrown);
  [[nodiscard]] std::string wait(patience& p, const core::outbox_entry& e, const error& why);

  void deliver_first(const std::string& stream);
  void settle(const name& of);
  void on_outcome(const std::string& stream, const result<receipt>& r);
  void on_settled(const name& of, const result<receipt>& r);
  void say(const std::string& line) const;
  void fire_next();
  void on_fired(const name& timer, const result<receipt>& r);

  const view_store& views_;
  process_link& to_;
  const clock_source clock_;
  const position from_;

  std::atomic<bool> will_look_{false};
  std::mutex look_mutex_;  // one look at a time

  mutable std::mutex mutex_;
  // Protected by mutex_:
  position looked_behind_{};           // for what is new
  bool has_more_ = false;              // behind that
  std::string went_round_to_;          // the last stream of this round
  unsigned rounds_to_go_ = 0;          // until all that was put back is found again
  std::size_t entries_ = 0;            // commands that are in a lane or settling
  std::map<std::string, lane> lanes_;  // by where they go
  std::set<std::string> drained_;      // lanes that are to be filled
  std::map<name, settlement> settling_;
  std::map<name, position> settled_;     // there; the view may show them still
  std::deque<core::outbox_entry> late_;  // timers, in the order in which they are due
  bool is_firing_ = false;               // the first of them
  std::map<name, firing> firing_;        // timers that were taken up
  std::optional<error> failing_;
  std::uint64_t ticks_ = 0;
};

}  // namespace fasti::node
