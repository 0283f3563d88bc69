#include "runtime/node/outbox_courier.hpp"

#include <algorithm>

#include "runtime/core/guard.hpp"
#include "runtime/core/stored_rows.hpp"

namespace fasti::node {
namespace {

constexpr std::size_t entries_max = 1024;  // in memory
constexpr std::size_t entries_per_lane_max = 64;
/// What was put back is found again up to there, and one stream a look: what is new has the rest.
constexpr std::size_t entries_of_rounds_max = entries_max / 2;
/// The one that has begun may be past a stream.
constexpr unsigned rounds_to_find_all = 2;
constexpr unsigned tries_before_others_get_their_turn = 5;
constexpr std::size_t timers_per_look = 256;  // late ones do not come all at once
constexpr std::uint64_t ticks_between_tries_max = 600;
constexpr std::uint64_t ticks_before_a_timer_is_tried_again = 50;

/// Of what follows from an entry.
command_origin origin_behind(const core::outbox_entry& e, command_id id) {
  command_origin origin;
  origin.id = id;
  origin.correlation = e.correlation;
  origin.causation = e.id;
  origin.trace = e.trace;
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
  if (!shown) {
    const std::lock_guard lock(mutex_);
    return note_failure(shown.error().to_string());
  }
  if (*shown < from_) return;  // what was settled before is not seen yet
  const core::stored_rows rows(*snapshot, view);
  addressees to;  // what was taken before a row that cannot be read is sent
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(settled_, [&shown](const auto& s) { return s.second <= *shown; });
    if (!is_trying_again()) failing_.reset();
    fill_drained(rows, to);
    note_failure(core::thrown_by([&] { go_round(rows, to); }));
    note_failure(core::thrown_by([&] { take_new(rows, to); }));
    note_failure(core::thrown_by([&] { take_timers(rows, *shown); }));
  }
  for (const auto& stream : to) deliver_first(stream);
  fire_next();
}

void outbox_courier::note_failure(const std::optional<std::string>& thrown) {
  if (thrown) failing_ = error{errc::corrupt, "outbox-unreadable", *thrown};
}

bool outbox_courier::is_trying_again() const {
  return entries_ > 0 || rounds_to_go_ > 0 ||
         std::any_of(firing_.begin(), firing_.end(),
                     [](const auto& f) { return f.second.again_at_tick != 0; });
}

void outbox_courier::take_new(const detail::row_reader& rows, addressees& to) {
  has_more_ = false;
  core::commands_behind(rows, looked_behind_, [&](core::outbox_entry&& e) {
    if (held() >= entries_max) put_back(1);
    has_more_ = held() >= entries_max;
    if (has_more_) return false;
    looked_behind_ = e.at;
    take_one(rows, std::move(e), to);
    return true;
  });
}

void outbox_courier::take_one(const detail::row_reader& rows, core::outbox_entry&& e,
                              addressees& to) {
  if (is_known(e)) return;
  const auto found = lanes_.find(e.stream);
  if (found == lanes_.end()) {
    if (rounds_to_go_ > 0) return fill(rows, e.stream, to);  // what was put back goes before it
    to.push_back(e.stream);
    return append(lanes_[to.back()], std::move(e));
  }
  auto& l = found->second;
  if (e.at <= l.taken_up_to) return;
  l.has_more = l.has_more || l.entries.size() >= entries_per_lane_max;
  if (!l.has_more) append(l, std::move(e));
}

void outbox_courier::append(lane& to, core::outbox_entry&& e) {
  ++entries_;
  to.taken_up_to = e.at;
  to.entries.push_back(std::move(e));
}

/// Has left its lane, and may stand in the view still.
bool outbox_courier::is_known(const core::outbox_entry& e) const {
  const name of(e.process, e.number);
  return settling_.contains(of) || settled_.contains(of);
}

void outbox_courier::fill_drained(const detail::row_reader& rows, addressees& to) {
  for (const auto& stream : std::exchange(drained_, {})) fill(rows, stream, to);
}

/// The lane is empty, or not there yet. One that cannot be read is tried again at the next look.
void outbox_courier::fill(const detail::row_reader& rows, const std::string& stream,
                          addressees& to) {
  auto& l = lanes_[stream];
  l.has_more = false;
  const auto thrown = core::thrown_by([&] {
    core::commands_to(rows, stream, l.taken_up_to, [&](core::outbox_entry&& e) {
      if (is_known(e)) return true;
      const auto limit = held() < entries_max ? entries_per_lane_max : 1;
      l.has_more = l.entries.size() >= limit;
      if (!l.has_more) append(l, std::move(e));
      return !l.has_more;
    });
  });
  note_failure(thrown);
  if (thrown) l.has_more = true;
  if (!l.entries.empty()) return to.push_back(stream);
  l.has_more ? void(drained_.insert(stream)) : void(lanes_.erase(stream));
}

/// What waits, and was tried so often, leaves its place to others. A refusal that is put back is
/// forgotten, as by a crash: its command is delivered again.
void outbox_courier::put_back(unsigned tries_min) {
  const auto leaves = [tries_min](const patience& p) {
    return p.again_at_tick != 0 && p.tries >= tries_min;
  };
  const auto held_before = entries_;
  std::erase_if(settling_, [&](const auto& s) {
    if (!leaves(s.second.waits)) return false;
    --entries_;
    if (const auto found = lanes_.find(s.second.entry.stream); found != lanes_.end()) {
      found->second.taken_up_to = no_position;
      found->second.has_more = true;
    }
    return true;
  });
  std::erase_if(lanes_, [&](const auto& l) {
    if (!leaves(l.second.waits)) return false;
    entries_ -= l.second.entries.size();
    return true;
  });
  if (entries_ < held_before) rounds_to_go_ = rounds_to_find_all;
}

void outbox_courier::go_round(const detail::row_reader& rows, addressees& to) {
  auto limit = entries_max;
  while (rounds_to_go_ > 0 && held() < limit) {
    if (auto next = core::stream_behind(rows, went_round_to_)) {
      went_round_to_ = *std::move(next);
      if (lanes_.contains(went_round_to_)) continue;
      fill(rows, went_round_to_, to);
      limit = entries_of_rounds_max;
    } else {
      --rounds_to_go_;
      went_round_to_.clear();
    }
  }
}

void outbox_courier::take_timers(const detail::row_reader& rows, position shown) {
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
  bool wants_look = false;
  std::string to_say;
  {
    const std::lock_guard lock(mutex_);
    const auto found = lanes_.find(stream);
    auto& l = found->second;
    if (!r && may_pass(r.error())) {
      to_say = wait(l.waits, l.entries.front(), r.error());
      wants_look = has_more_;  // it can leave its place now
    } else {
      settlement s{std::move(l.entries.front()), {}, {}};
      if (!r) s.refused = r.error();
      settled.emplace(s.entry.process, s.entry.number);
      settling_.insert_or_assign(*settled, std::move(s));
      l.entries.pop_front();
      l.waits = {};
      has_next = !l.entries.empty();
      wants_look = !has_next && l.has_more;
      if (wants_look) drained_.insert(stream);
      if (!has_next && !wants_look) lanes_.erase(found);
    }
  }
  say(to_say);
  if (settled) settle(*settled);
  if (has_next) deliver_first(stream);
  if (wants_look) look_soon();
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
  bool wants_look = false;
  std::string to_say;
  {
    const std::lock_guard lock(mutex_);
    wants_look = has_more_;
    const auto found = settling_.find(of);
    if (r) {
      settled_.emplace(of, r->position);
      settling_.erase(found);
      --entries_;
    } else {
      // A reaction that throws is tried again, too: what it is to undo must not be forgotten.
      to_say = wait(found->second.waits, found->second.entry, r.error());
    }
  }
  say(to_say);
  if (wants_look) look_soon();
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
    const bool others_wait = rounds_to_go_ > 0 && held() >= entries_of_rounds_max;
    if (others_wait) put_back(tries_before_others_get_their_turn);
  }
  for (const auto& stream : streams) deliver_first(stream);
  for (const auto& of : settlements) settle(of);
  look_soon();
}

outbox_status outbox_courier::status() const {
  const std::lock_guard lock(mutex_);
  const bool has_more =
      has_more_ || rounds_to_go_ > 0 ||
      std::any_of(lanes_.begin(), lanes_.end(), [](const auto& l) { return l.second.has_more; });
  return {entries_, has_more, failing_};
}

}  // namespace fasti::node
