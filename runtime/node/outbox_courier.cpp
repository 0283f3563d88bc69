#include "runtime/node/outbox_courier.hpp"

#include <algorithm>

#include "runtime/core/stored_rows.hpp"
#include "runtime/core/view_generations.hpp"

namespace fasti::node {
namespace {

constexpr std::size_t entries_max = 1024;     // under way and behind those that are
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
  for (const auto& stream : streams) deliver_first(stream);
  fire_next();
}

/// The streams to which something is to be sent now.
std::vector<std::string> outbox_courier::take_commands(const detail::row_reader& rows) {
  std::vector<std::string> streams;
  const std::lock_guard lock(mutex_);
  has_more_ = false;
  core::commands_behind(rows, looked_behind_, [&](core::outbox_entry&& e) {
    has_more_ = entries_ >= entries_max;
    if (has_more_) return false;
    ++entries_;
    looked_behind_ = e.at;
    auto& to = lanes_[e.stream];
    if (to.entries.empty()) streams.push_back(e.stream);
    to.entries.push_back(std::move(e));
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

void outbox_courier::deliver_first(const std::string& stream) {
  core::outbox_entry e;
  {
    const std::lock_guard lock(mutex_);
    e = lanes_.at(stream).entries.front();
  }
  command_origin origin;
  origin.id = command_id{e.id};
  origin.correlation = e.correlation;
  origin.causation = e.id;
  to_.deliver(stream, e.type, std::move(e.body), std::move(origin), e.process,
              [self = shared_from_this(), stream](const result<receipt>& r) {
                self->on_outcome(stream, r);
              });
}

void outbox_courier::on_outcome(const std::string& stream, const result<receipt>& r) {
  if (!r && r.error().code == errc::closed) return;
  name of;
  bool has_next = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = lanes_.find(stream);
    auto& [entries, waits] = found->second;
    if (!r && may_pass(r.error())) return wait(waits, entries.front(), r.error());
    settlement s{std::move(entries.front()), {}, {}};
    if (!r) s.refused = r.error();
    of = {s.entry.process, s.entry.number};
    settling_.insert_or_assign(of, std::move(s));
    entries.pop_front();
    waits = {};
    has_next = !entries.empty();
    if (!has_next) lanes_.erase(found);
  }
  settle(of);
  if (has_next) deliver_first(stream);
}

void outbox_courier::settle(const name& of) {
  std::vector<word> body;
  command_origin origin;
  {
    const std::lock_guard lock(mutex_);
    const auto& s = settling_.at(of);
    body = core::settle_command(s.entry, s.refused);
    origin.correlation = s.entry.correlation;
    origin.causation = s.entry.id;
  }
  origin.id = command_id::generate();
  to_.deliver(
      of.first, core::settle_command_type(), std::move(body), std::move(origin), std::nullopt,
      [self = shared_from_this(), of](const result<receipt>& r) { self->on_settled(of, r); });
}

void outbox_courier::on_settled(const name& of, const result<receipt>& r) {
  if (!r && r.error().code == errc::closed) return;
  bool has_more = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = settling_.find(of);
    // A reaction that throws is tried again, too: what it is to undo must not be forgotten.
    if (!r) return wait(found->second.waits, found->second.entry, r.error());
    settling_.erase(found);
    --entries_;
    if (entries_ == 0) failing_.reset();
    has_more = has_more_;
  }
  if (has_more) look_soon();
}

void outbox_courier::wait(patience& p, const core::outbox_entry& e, const error& why) {
  constexpr unsigned doublings_max = 10;
  const auto pause =
      std::min(std::uint64_t{1} << std::min(p.tries, doublings_max), ticks_between_tries_max);
  ++p.tries;
  p.again_at_tick = ticks_ + pause;
  failing_ = why;
  failing_->detail = e.process + " to " + e.stream + ": " + why.detail;
  constexpr unsigned tries_before_it_is_said = 3;
  if (p.tries == tries_before_it_is_said) {
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
              [self = shared_from_this(), t = name(e.process, e.number)](const auto& r) {
                self->on_fired(t, r);
              });
}

void outbox_courier::on_fired(const name& timer, const result<receipt>& r) {
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
  std::vector<std::string> streams;
  std::vector<name> settlements;
  {
    const std::lock_guard lock(mutex_);
    ++ticks_;
    const auto is_due = [this](patience& p) {
      return p.again_at_tick != 0 && p.again_at_tick <= ticks_ &&
             std::exchange(p.again_at_tick, 0) != 0;
    };
    for (auto& [stream, l] : lanes_) {
      if (is_due(l.waits)) streams.push_back(stream);
    }
    for (auto& [of, s] : settling_) {
      if (is_due(s.waits)) settlements.push_back(of);
    }
  }
  for (const auto& stream : streams) deliver_first(stream);
  for (const auto& of : settlements) settle(of);
  look_soon();
}

outbox_status outbox_courier::status() const {
  const std::lock_guard lock(mutex_);
  return {entries_, has_more_, failing_};
}

}  // namespace fasti::node
