#include "runtime/core/view_fold.hpp"

#include <algorithm>
#include <set>

#include "runtime/core/backoff.hpp"
#include "runtime/core/check.hpp"
#include "runtime/core/event_reader.hpp"
#include "runtime/core/event_text.hpp"
#include "runtime/core/guard.hpp"

namespace fasti::core {
namespace {

/// Of events that lie in memory for the lanes.
constexpr std::size_t lanes_batch_bytes_max = 8U << 20;
/// Of events in a step when it could be the last one: they are shown sooner, and who waits for one
/// of the first does not wait for all. On the way there larger steps are faster.
constexpr std::size_t last_steps_events_max = 512;

position before(position p) { return position{count_of(p) - 1}; }

}  // namespace

view_fold::view_fold(const projection_surroundings& in, std::string name,
                     const projection_options& how)
    : in_(in), on_failure_(how.on_failure), name_(std::move(name)), lanes_(in, name_, how.lanes) {
  for (const auto& e : in.port.events) types_.push_back(e.type);
}

result<void> view_fold::open() {
  auto at = in_.views.checkpoint(name());
  if (!at) return std::move(at).error();
  if (*at > in_.journal.head()) {
    return error{errc::invalid, "checkpoint-ahead",
                 "view " + in_.port.name + " shows position " + std::to_string(count_of(*at)) +
                     ", but the journal ends at " + std::to_string(count_of(in_.journal.head())) +
                     ": it was restored from an older copy; remove the view's store"};
  }
  if (*at == no_position) return begin_behind(no_position);
  if (auto loaded = parked_.load(in_.views, name()); !loaded) return loaded;
  start_at(*at);
  return {};
}

result<void> view_fold::begin_behind(position at) {
  if (auto cleared = in_.views.clear(name()); !cleared) return cleared;
  // So that it is known to be there from its first row on.
  if (auto written = in_.views.write(name(), {{}, at}); !written) return written;
  parked_ = {};
  start_at(at);
  return {};
}

void view_fold::start_at(position checkpoint) {
  checkpoint_ = checkpoint;
  read_limit_ = latest_position;
  stopped_.reset();
  failing_.reset();
  retries_ = 0;
  forget_batch();
}

void view_fold::forget_batch() {
  lanes_.discard();
  parked_.discard();
  applied_in_batch_ = 0;
  newest_met_ = checkpoint_;
}

void view_fold::stop(error why) { stopped_ = std::move(why); }

bool view_fold::wants_step(position to, clock::time_point now) const noexcept {
  return !stopped_ && checkpoint_ < to && (!failing_ || now >= retry_at_);
}

void view_fold::step(position to, clock::time_point now) {
  if (!wants_step(to, now)) return;
  const auto range = range_of_step(to);
  newest_met_ = checkpoint_;
  if (lanes_.are_many() && !failing_ && fold_in_lanes(range, now)) return;
  fold_one_by_one(range, now);
}

journal_range view_fold::range_of_step(position to) const {
  journal_range range;
  range.after = checkpoint_;
  range.to = std::min(to, read_limit_);
  const auto left = count_of(range.to) - count_of(checkpoint_);
  range.events_max = in_.options.projection_batch_events;
  if (left <= range.events_max) {
    range.events_max = std::min(range.events_max, last_steps_events_max);
  }
  range.types = types_;
  return range;
}

void view_fold::fold_one_by_one(const journal_range& range, clock::time_point now) {
  auto last = met::applied;
  position last_at{};
  auto looked_at = in_.journal.read(range, [&](const recorded_event& e) {
    last = meet(e, now);
    last_at = e.position;
    return last == met::applied ? visit::more : visit::stop;
  });
  if (!looked_at) return fail_outside(std::move(looked_at).error(), now);
  if (last == met::again) return;
  write(last == met::halted ? before(last_at) : *looked_at, now);
}

/// False: an event fails or may do so, and nothing was done. One by one it is found which.
bool view_fold::fold_in_lanes(const journal_range& range, clock::time_point now) {
  const bool passes_over = in_.port.passes_over_truncated;
  kept_events batch;
  bool may_fail = false;
  auto looked_at = in_.journal.read(range, [&](const recorded_event& e) {
    come_to(e);
    const bool waits = waits_for_parked(e);
    may_fail = waits ? parked_.size() >= on_failure_.parked_max : e.is_truncated() && !passes_over;
    if (may_fail) return visit::stop;
    if (waits) {
      park(e, {});
    } else if (!e.is_truncated()) {
      batch.add(e);
    }
    return batch.bytes() < lanes_batch_bytes_max ? visit::more : visit::stop;
  });
  if (!looked_at) {
    fail_outside(std::move(looked_at).error(), now);
    return true;
  }
  if (may_fail || !lanes_.apply_all(batch.events())) {
    forget_batch();
    return false;
  }
  applied_in_batch_ = batch.events().size();
  write(*looked_at, now);
  return true;
}

void view_fold::come_to(const recorded_event& e) {
  FASTI_CHECK(e.position > newest_met_);
  newest_met_ = e.position;
}

bool view_fold::waits_for_parked(const recorded_event& e) const {
  return !parked_.empty() && parked_.holds(order_key_of(in_.port, e));
}

view_fold::met view_fold::meet(const recorded_event& e, clock::time_point now) {
  come_to(e);
  if (waits_for_parked(e)) return try_to_park(e, {});
  const auto failed = failure_of(e);
  if (!failed) {
    ++applied_in_batch_;
    return met::applied;
  }
  // It may have left rows half changed, which are not told apart from the batch's: all go.
  if (applied_in_batch_ > 0) {
    forget_batch();
    read_limit_ = before(e.position);
    return met::again;
  }
  lanes_.discard();
  return fail_alone(e, *failed, now);
}

std::optional<view_fold::failed_apply> view_fold::failure_of(const recorded_event& e) {
  if (e.is_truncated()) {
    if (in_.port.passes_over_truncated) return std::nullopt;
    return failed_apply{truncated_text(e), std::nullopt};
  }
  std::optional<errc> of_store;
  auto thrown = thrown_by([&] {
    try {
      lanes_.apply(e);
    } catch (const row_error& failed) {
      of_store = failed.what_failed.code;
      throw;
    }
  });
  if (!thrown) return std::nullopt;
  return failed_apply{*std::move(thrown), of_store};
}

error view_fold::stopped_at(const recorded_event& e, const std::string& text) const {
  return {errc::corrupt, "projection-stopped",
          "view " + in_.port.name + " at " + place_text(e) + ": " + text};
}

/// Nothing but parked events is in the batch.
view_fold::met view_fold::fail_alone(const recorded_event& e, const failed_apply& failed,
                                     clock::time_point now) {
  auto why = stopped_at(e, failed.text);
  const bool may_pass = !failed.of_store || *failed.of_store == errc::unavailable;
  if (may_pass && will_retry(e.position, why, now)) return met::halted;
  const bool may_park = on_failure_.then == when_failing::park && !failed.of_store;
  if (may_park) return try_to_park(e, failed.text);
  stop(std::move(why));
  return met::halted;
}

view_fold::met view_fold::try_to_park(const recorded_event& e, std::string reason) {
  if (parked_.size() >= on_failure_.parked_max) {
    auto why = stopped_at(e, parked_.text_when_full(reason));
    why.reason = too_many_parked;
    stop(std::move(why));
    return met::halted;
  }
  park(e, std::move(reason));
  return met::applied;
}

void view_fold::park(const recorded_event& e, std::string reason) {
  parked_.park({e.position, std::string(e.stream), order_key_of(in_.port, e), std::move(reason),
                in_.options.clock()});
}

bool view_fold::will_retry(position at, const error& why, clock::time_point now) {
  if (std::exchange(failing_at_, at) != at) retries_ = 0;
  if (retries_ >= on_failure_.retries_max) return false;
  retry_at_ = now + wait_before_retry(on_failure_, retries_);
  ++retries_;
  failing_ = why;
  return true;
}

/// Of the journal or the store: no event is to blame.
void view_fold::fail_outside(error why, clock::time_point now) {
  forget_batch();
  const bool may_pass = why.code == errc::unavailable;
  if (may_pass && will_retry(next(checkpoint_), why, now)) return;
  stop(std::move(why));
}

void view_fold::write(position up_to, clock::time_point now) {
  if (up_to <= checkpoint_) return;
  if (auto written = write_with(up_to); !written) {
    return fail_outside(std::move(written).error(), now);
  }
  events_folded_ += std::exchange(applied_in_batch_, 0);
  checkpoint_ = up_to;
  newest_met_ = up_to;
  if (checkpoint_ >= read_limit_) read_limit_ = latest_position;
  if (failing_ && checkpoint_ >= failing_at_) failing_.reset();
}

/// The rows and parked events as they are here now.
result<void> view_fold::write_with(position checkpoint) {
  view_batch batch;
  batch.checkpoint = checkpoint;
  if (auto thrown = thrown_by([&] { batch.changes = lanes_.take_changes(); })) {
    return error{errc::corrupt, "projection-stopped", "view " + in_.port.name + ": " + *thrown};
  }
  parked_.add_changes(batch.changes);
  auto written = in_.views.write(name(), batch);
  if (written) parked_.settle();
  return written;
}

result<std::optional<view_fold::failed_apply>> view_fold::try_parked(position at) {
  std::optional<failed_apply> failed;
  auto read =
      in_.journal.read({.after = before(at), .to = at, .events_max = 1}, [&](const auto& e) {
        failed = failure_of(e);
        return visit::stop;
      });
  if (!read) return std::move(read).error();
  return failed;
}

result<parked_replay> view_fold::replay_parked() {
  parked_replay done;
  std::set<std::string> waiting_keys;
  for (auto& [at, e] : parked_events::by_position(parked_.all())) {
    if (waiting_keys.contains(e.key)) continue;
    auto failed = try_parked(at);
    if (!failed) return std::move(failed).error();
    if (*failed) {
      forget_batch();
      waiting_keys.insert(e.key);
      e.reason = (*failed)->text;
      parked_.park(e);
    } else {
      parked_.unpark(at);
      ++done.applied;
    }
    if (auto written = write_with(checkpoint_); !written) {
      forget_batch();
      return std::move(written).error();
    }
  }
  done.still_parked = parked_.size();
  events_folded_ += done.applied;
  const bool has_room = parked_.size() < on_failure_.parked_max;
  if (stopped_ && stopped_->reason == too_many_parked && has_room) stopped_.reset();
  return done;
}

result<void> view_fold::skip_parked(position at) {
  if (!parked_.all().contains(at)) {
    return error{errc::invalid, "not-parked",
                 "view " + in_.port.name + " has no parked event at position " +
                     std::to_string(count_of(at))};
  }
  parked_.unpark(at);
  auto written = write_with(checkpoint_);
  if (!written) forget_batch();
  return written;
}

}  // namespace fasti::core
