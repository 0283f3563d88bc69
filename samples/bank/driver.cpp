#include "driver.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

namespace bank {
namespace {

constexpr auto push_back_pause = std::chrono::milliseconds{2};
constexpr auto progress_interval = std::chrono::milliseconds{100};
/// Bookings read but not sent yet, for each one that may be in flight: enough to find other
/// accounts while a busy one waits for its receipt.
constexpr std::size_t read_ahead_factor = 8;

}  // namespace

std::uint64_t drive_result::rejected_in_all() const {
  std::uint64_t sum = 0;
  for (const auto& [reason, count] : rejected) sum += count;
  return sum;
}

driver::driver(fasti::runtime& rt, driver_options options, ack_writer& acks, drive_hooks hooks)
    : rt_(rt), options_(options), acks_(acks), hooks_(std::move(hooks)) {
  slots_.resize(options_.in_flight_max);
  for (std::size_t slot = options_.in_flight_max; slot > 0;) free_slots_.push_back(--slot);
}

drive_result driver::run(booking_source& source) {
  start_ = steady::now();
  while (true) {
    if (hooks_.is_interrupted()) result_.interrupted = true;
    read_ahead(source);
    send_what_may_go();
    const bool all_sent = is_stopping() || (source_ended_ && waiting_ == 0);
    if (in_flight_ == 0 && followers_.empty() && all_sent) break;
    wait_for_receipts();
    if (steady::now() >= next_progress_) {
      hooks_.progress(settled_, source.commands_total());
      next_progress_ = steady::now() + progress_interval;
    }
  }
  result_.seconds = std::chrono::duration<double>(steady::now() - start_).count();
  hooks_.progress(settled_, is_stopping() ? source.commands_total() : settled_);
  return std::move(result_);
}

void driver::read_ahead(booking_source& source) {
  while (!source_ended_ && !is_stopping() &&
         waiting_ < options_.in_flight_max * read_ahead_factor) {
    auto b = source.next();
    if (!b) {
      source_ended_ = true;
      return;
    }
    auto& l = lanes_[b->account];
    if (!l.busy && l.waiting.empty()) ready_.push_back(&l);
    l.waiting.push_back(*std::move(b));
    ++waiting_;
  }
}

bool driver::may_send() {
  if (free_slots_.empty() || steady::now() < not_before_) return false;
  if (options_.rate_per_s <= 0) return true;
  const auto due =
      std::chrono::duration<double>(static_cast<double>(launched_) / options_.rate_per_s);
  return steady::now() - start_ >= due;
}

void driver::send_what_may_go() {
  // Second halves go even when we are stopping: money does not stay in transit. After a failure
  // nothing goes any more.
  if (result_.failure) followers_.clear();
  while (!followers_.empty() && may_send()) {
    auto next = std::move(followers_.front());
    followers_.pop_front();
    launch(std::move(next));
  }
  while (!ready_.empty() && !is_stopping() && may_send()) {
    lane* l = ready_.front();
    ready_.pop_front();
    sent next{.what = std::move(l->waiting.front()), .of = l, .at = {}};
    l->waiting.pop_front();
    l->busy = true;
    --waiting_;
    launch(std::move(next));
  }
}

void driver::launch(sent s) {
  const auto slot = free_slots_.back();
  free_slots_.pop_back();
  ++in_flight_;
  ++launched_;
  result_.in_flight_seen = std::max(result_.in_flight_seen, in_flight_);
  slots_[slot] = std::move(s);
  slots_[slot].at = steady::now();
  send(rt_, slots_[slot].what, [this, slot](fasti::result<fasti::receipt> outcome) {
    const auto now = steady::now();
    const std::lock_guard lock(box_mutex_);
    box_.push_back({slot, now, std::move(outcome)});
    if (box_.size() == 1) box_filled_.notify_one();
  });
}

void driver::wait_for_receipts() {
  auto until = steady::now() + progress_interval;
  if (options_.rate_per_s > 0 || not_before_ > steady::now()) {
    until = steady::now() + std::chrono::milliseconds{1};
  }
  std::vector<landed> box;
  {
    std::unique_lock lock(box_mutex_);
    box_filled_.wait_until(lock, until, [this] { return !box_.empty(); });
    std::swap(box, box_);
  }
  for (auto& l : box) settle(l);
  if (!acks_.flush()) {
    stop({fasti::errc::unavailable, "acks-not-written", "whoever reads --acks has gone"});
  }
  if (options_.crash_after > 0 && receipts_ >= options_.crash_after) std::raise(SIGKILL);
}

void driver::settle(landed& l) {
  auto s = std::move(slots_[l.slot]);
  free_slots_.push_back(l.slot);
  --in_flight_;
  if (l.outcome) {
    settle_committed(s, *l.outcome, l.at);
  } else {
    settle_refused(std::move(s), std::move(l.outcome).error());
  }
}

void driver::settle_committed(sent& s, const fasti::receipt& receipt, steady::time_point at) {
  ++settled_;
  ++receipts_;
  ++result_.committed;
  if (receipt.what == fasti::committed::kind::repeat) ++result_.repeated;
  result_.latency_ns.record(static_cast<std::uint64_t>((at - s.at).count()));
  acks_.add(s.what.id);

  const auto change = s.what.change();
  if (s.what.then || s.of == nullptr) {
    result_.in_transit -= change;
  } else if (change > 0) {
    result_.cash_in += change;
  } else {
    result_.cash_out -= change;
  }
  if (s.what.stated_balance) {
    result_.accounts[s.what.account] = {s.what.stated_balance, receipt.version};
  }
  if (s.what.then) followers_.push_back({.what = std::move(*s.what.then), .of = nullptr, .at = {}});
  free_lane(s.of);
}

void driver::settle_refused(sent s, fasti::error e) {
  switch (e.code) {
    case fasti::errc::rejected:
      ++settled_;
      ++result_.rejected[e.reason];
      return free_lane(s.of);
    case fasti::errc::invalid:
      ++settled_;
      if (!hooks_.invalid(s.what, e)) stop(std::move(e));
      return free_lane(s.of);
    case fasti::errc::conflict:
    case fasti::errc::unavailable:
      // Later is never when storage has failed under the journal.
      if (auto broken = rt_.journal().failure()) return stop(*std::move(broken));
      ++result_.pushed_back;
      not_before_ = steady::now() + push_back_pause;
      followers_.push_back(std::move(s));
      return;
    case fasti::errc::unknown:
      // The command id makes asking again safe, as long as there is somebody to ask.
      if (auto broken = rt_.journal().failure()) return stop(*std::move(broken));
      ++result_.pushed_back;
      not_before_ = steady::now() + push_back_pause;
      followers_.push_back(std::move(s));
      return;
    case fasti::errc::corrupt:
    case fasti::errc::closed:
      return stop(std::move(e));
  }
}

void driver::free_lane(lane* l) {
  if (l == nullptr) return;
  l->busy = false;
  if (!l->waiting.empty()) ready_.push_back(l);
}

void driver::stop(fasti::error e) {
  if (!result_.failure) result_.failure = std::move(e);
}

}  // namespace bank
