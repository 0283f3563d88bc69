#include "runtime/node/outbox_courier.hpp"

#include <algorithm>

#include "runtime/core/guard.hpp"
#include "runtime/core/stored_rows.hpp"

namespace fasti::node {
namespace {

constexpr std::size_t entries_max = 1024;     // under way and behind those that are
constexpr std::size_t timers_per_look = 256;  // late ones do not come all at once
constexpr std::uint64_t ticks_between_tries_max = 600;
constexpr std::uint64_t ticks_before_a_timer_is_tried_again = 50;

/// Of what follows from an entry.
command_origin origin_behind(const core::outbox_entry& e, command_id id) {
  command_origin origin;
  origin.id = id;
  origin.correlation = e.correlation;
  origin.causation = e.id;
  return origin;
}

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
  const core::stored_rows rows(*snapshot, view);
  std::vector<std::string> streams;  // what was taken before a row that cannot be read is sent
  note_failure(core::thrown_by([&] { take_commands(rows, streams); }));
  note_failure(core::thrown_by([&] { take_timers(rows, *shown); }));
  for (const auto& stream : streams) deliver_first(stream);
  fire_next();
}

void outbox_courier::note_failure(const std::optional<std::string>& thrown) {
  if (!thrown) return;
  const std::lock_guard lock(mutex_);
  failing_ = error{errc::corrupt, "outbox-unreadable", *thrown};
}

/// `streams`: to which something is to be sent now.
void outbox_courier::take_commands(const detail::row_reader& rows,
                                   std::vector<std::string>& streams) {
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
}

void outbox_courier::take_timers(const detail::row_reader& rows, position shown) {
  const std::lock_guard lock(mutex_);
  std::erase_if(firing_, [&](const auto& t) {
    const auto& [fired_at, again_at_tick] = t.second;
    const bool row_is_gone = fired_at != no_position && fired_at <= shown;
    return row_is_gone || (again_at_tick != 0 && again_at_tick <= ticks_);
  });
  core::timers_due(rows, clock_(), [&](core::outbox_entry&& e) {
    const bool is_new = firing_.try_emplace({e.process, e.number}).second;
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
  to_.deliver(stream, e.type, std::move(e.body), origin_behind(e, command_id{e.id}), e.process,
              [self = shared_from_this(), stream](const result<receipt>& r) {
                self->on_outcome(stream, r);
              });
}

void outbox_courier::on_outcome(const std::string& stream, const result<receipt>& r) {
  std::optional<name> settled;
  bool has_next = false;
  std::string to_say;
  {
    const std::lock_guard lock(mutex_);
    const auto found = lanes_.find(stream);
    auto& [entries, waits] = found->second;
    if (!r && may_pass(r.error())) {
      to_say = wait(waits, entries.front(), r.error());
    } else {
      settlement s{std::move(entries.front()), {}, {}};
      if (!r) s.refused = r.error();
      settled.emplace(s.entry.process, s.entry.number);
      settling_.insert_or_assign(*settled, std::move(s));
      entries.pop_front();
      waits = {};
      has_next = !entries.empty();
      if (!has_next) lanes_.erase(found);
    }
  }
  if (!settled) return say(to_say);
  settle(*settled);
  if (has_next) deliver_first(stream);
}

void outbox_courier::settle(const name& of) {
  std::vector<word> body;
  command_origin origin;
  {
    const std::lock_guard lock(mutex_);
    const auto& s = settling_.at(of);
    body = core::settle_command(s.entry, s.refused);
    origin = origin_behind(s.entry, command_id::generate());
  }
  to_.deliver(
      of.first, core::settle_command_type(), std::move(body), std::move(origin), std::nullopt,
      [self = shared_from_this(), of](const result<receipt>& r) { self->on_settled(of, r); });
}

void outbox_courier::on_settled(const name& of, const result<receipt>& r) {
  bool has_more = false;
  std::string to_say;
  {
    const std::lock_guard lock(mutex_);
    const auto found = settling_.find(of);
    if (r) {
      settling_.erase(found);
      --entries_;
      if (entries_ == 0) failing_.reset();
      has_more = has_more_;
    } else {
      // A reaction that throws is tried again, too: what it is to undo must not be forgotten.
      to_say = wait(found->second.waits, found->second.entry, r.error());
    }
  }
  say(to_say);
  if (has_more) look_soon();
}

/// What the log should say.
std::string outbox_courier::wait(patience& p, const core::outbox_entry& e, const error& why) {
  constexpr unsigned doublings_max = 10;
  const auto pause =
      std::min(std::uint64_t{1} << std::min(p.tries, doublings_max), ticks_between_tries_max);
  ++p.tries;
  p.again_at_tick = ticks_ + pause;
  failing_ = why;
  failing_->detail = e.process + " to " + e.stream + ": " + why.detail;
  constexpr unsigned tries_before_it_is_said = 3;
  if (p.tries != tries_before_it_is_said) return {};
  return "a command is not delivered yet: " + failing_->to_string();
}

void outbox_courier::say(const std::string& line) const {
  if (!line.empty()) to_.log(log_level::error, line);
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
  to_.deliver(e.process, core::fire_timer_type(), core::fire_timer(e),
              origin_behind(e, command_id::generate()), std::nullopt,
              [self = shared_from_this(), t = name(e.process, e.number)](const auto& r) {
                self->on_fired(t, r);
              });
}

void outbox_courier::on_fired(const name& timer, const result<receipt>& r) {
  {
    const std::lock_guard lock(mutex_);
    is_firing_ = false;
    auto& f = firing_[timer];
    if (r) {
      f.fired_at = r->position;
    } else {
      failing_ = r.error();
      f.again_at_tick = ticks_ + ticks_before_a_timer_is_tried_again;
    }
  }
  if (r || r.error().code != errc::closed) fire_next();
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
