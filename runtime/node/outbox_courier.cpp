#include "runtime/node/outbox_courier.hpp"

#include <algorithm>

#include "runtime/core/stored_rows.hpp"
#include "runtime/core/view_generations.hpp"

namespace fasti::node {
namespace {

constexpr std::size_t parcels_max = 1024;     // under way and behind those that are
constexpr std::size_t timers_per_look = 256;  // late ones do not come all at once
constexpr std::uint64_t ticks_between_tries_max = 600;

}  // namespace

outbox_courier::outbox_courier(const view_store& views, process_link& to, clock_source clock,
                               position from)
    : views_(views), to_(to), clock_(std::move(clock)), from_(from) {}

void outbox_courier::look_soon() {
  if (will_look_.exchange(true)) return;
  to_.run_later([self = shared_from_this()] { self->look(); });
}

void outbox_courier::look() {
  const std::lock_guard one_at_a_time(look_mutex_);
  will_look_ = false;
  const auto snapshot = views_.snapshot();
  const std::string view(core::outbox_view);
  const auto shown = snapshot->checkpoint(view);
  if (!shown || *shown < from_) return;  // what was settled before is not seen yet
  std::vector<std::string> streams;
  try {
    const core::stored_rows rows(*snapshot, view);
    streams = take_commands(rows);
    take_timers(rows, *shown);
  } catch (const core::row_error& damaged) {
    const std::lock_guard lock(mutex_);
    failing_ = damaged.what_failed;
  }
  for (const auto& stream : streams) send(stream);
  fire_next();
}

/// The streams to which something is to be sent now.
std::vector<std::string> outbox_courier::take_commands(const detail::row_reader& rows) {
  std::vector<std::string> streams;
  const std::lock_guard lock(mutex_);
  has_more_ = false;
  core::commands_behind(rows, looked_behind_, [&](core::outbox_entry&& e) {
    has_more_ = parcels_ >= parcels_max;
    if (has_more_) return false;
    ++parcels_;
    looked_behind_ = e.at;
    auto& to = lanes_[e.stream];
    if (to.parcels.empty()) streams.push_back(e.stream);
    to.parcels.push_back({std::move(e), false, std::nullopt});
    return true;
  });
  return streams;
}

void outbox_courier::take_timers(const detail::row_reader& rows, position shown) {
  const std::lock_guard lock(mutex_);
  std::erase_if(firing_, [shown](const auto& t) {
    return t.second != no_position && t.second <= shown;  // their rows are gone
  });
  core::timers_due(rows, clock_(), [&](core::outbox_entry&& e) {
    const bool is_new = firing_.try_emplace({e.process, e.number}, no_position).second;
    if (is_new) late_.push_back(std::move(e));
    return late_.size() < timers_per_look;
  });
}

void outbox_courier::send(const std::string& stream) {
  parcel first;
  {
    const std::lock_guard lock(mutex_);
    first = lanes_.at(stream).parcels.front();
  }
  first.has_outcome ? settle(first.entry, first.refused) : deliver(first.entry);
}

void outbox_courier::deliver(const core::outbox_entry& e) {
  command_origin origin;
  origin.id = command_id{e.id};
  origin.correlation = e.correlation;
  origin.causation = e.id;
  to_.deliver(e.stream, e.type, e.body, std::move(origin), e.process,
              [self = shared_from_this(), stream = e.stream](const result<receipt>& r) {
                self->on_outcome(stream, r);
              });
}

void outbox_courier::on_outcome(const std::string& stream, const result<receipt>& r) {
  if (!r && r.error().code == errc::closed) return;
  {
    const std::lock_guard lock(mutex_);
    auto& to = lanes_.at(stream);
    if (!r && may_pass(r.error())) return wait(to, r.error());
    to.parcels.front().has_outcome = true;
    if (!r) to.parcels.front().refused = r.error();
  }
  send(stream);
}

void outbox_courier::settle(const core::outbox_entry& e, const std::optional<error>& refused) {
  command_origin origin;
  origin.id = command_id::generate();
  origin.correlation = e.correlation;
  origin.causation = e.id;
  to_.deliver(e.process, core::settle_command_type(), core::settle_command(e, refused),
              std::move(origin), std::nullopt,
              [self = shared_from_this(), stream = e.stream](const result<receipt>& r) {
                self->on_settled(stream, r);
              });
}

void outbox_courier::on_settled(const std::string& stream, const result<receipt>& r) {
  if (!r && r.error().code == errc::closed) return;
  bool goes_on = false;
  bool has_more = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = lanes_.find(stream);
    // A reaction that throws is tried again, too: what it is to undo must not be forgotten.
    if (!r) return wait(found->second, r.error());
    found->second.parcels.pop_front();
    found->second.tries = 0;
    --parcels_;
    goes_on = !found->second.parcels.empty();
    if (!goes_on) lanes_.erase(found);
    if (lanes_.empty()) failing_.reset();
    has_more = has_more_;
  }
  if (goes_on) send(stream);
  if (has_more) look_soon();
}

void outbox_courier::wait(lane& l, const error& why) {
  constexpr unsigned doublings_max = 10;
  const auto pause =
      std::min(std::uint64_t{1} << std::min(l.tries, doublings_max), ticks_between_tries_max);
  ++l.tries;
  l.again_at_tick = ticks_ + pause;
  const auto& e = l.parcels.front().entry;
  failing_ = why;
  failing_->detail = e.process + " to " + e.stream + ": " + why.detail;
  constexpr unsigned tries_before_it_is_said = 3;
  if (l.tries == tries_before_it_is_said) {
    to_.log(log_level::error, "a command is not delivered yet: " + failing_->to_string());
  }
}

void outbox_courier::fire_next() {
  core::outbox_entry e;
  {
    const std::lock_guard lock(mutex_);
    if (is_firing_ || late_.empty()) return;
    is_firing_ = true;
    e = std::move(late_.front());
    late_.pop_front();
  }
  command_origin origin;
  origin.id = command_id::generate();
  origin.correlation = e.correlation;
  origin.causation = e.id;
  to_.deliver(e.process, core::fire_timer_type(), core::fire_timer(e), std::move(origin),
              std::nullopt,
              [self = shared_from_this(), t = timer_name(e.process, e.number)](const auto& r) {
                self->on_fired(t, r);
              });
}

void outbox_courier::on_fired(const timer_name& timer, const result<receipt>& r) {
  if (!r && r.error().code == errc::closed) return;
  {
    const std::lock_guard lock(mutex_);
    is_firing_ = false;
    if (r) {
      firing_[timer] = r->position;
    } else {
      failing_ = r.error();
      firing_.erase(timer);  // the next look finds it again
    }
  }
  fire_next();
}

void outbox_courier::tick() {
  std::vector<std::string> again;
  {
    const std::lock_guard lock(mutex_);
    ++ticks_;
    for (auto& [stream, l] : lanes_) {
      if (l.again_at_tick == 0 || l.again_at_tick > ticks_) continue;
      l.again_at_tick = 0;
      again.push_back(stream);
    }
  }
  for (const auto& stream : again) send(stream);
  look_soon();
}

outbox_status outbox_courier::status() const {
  const std::lock_guard lock(mutex_);
  return {parcels_, has_more_, failing_};
}

}  // namespace fasti::node
