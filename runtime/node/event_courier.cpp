#include "runtime/node/event_courier.hpp"

#include <algorithm>

#include "runtime/core/backoff.hpp"
#include "runtime/core/event_text.hpp"
#include "runtime/core/guard.hpp"
#include "runtime/core/process_decider.hpp"

namespace fasti::node {
namespace {

/// Of a parked event; never empty.
std::string reason_in(const error& why) { return why.detail.empty() ? why.reason : why.detail; }

}  // namespace

event_courier::event_courier(detail::process_port port, const failure_policy& on_failure,
                             surroundings in)
    : port_(std::move(port)), on_failure_(on_failure), in_(std::move(in)) {}

std::string event_courier::checkpoint_name(std::string_view category) {
  return "fasti.process." + std::string(category);
}

result<void> event_courier::start_behind(position at) {
  const std::lock_guard lock(mutex_);
  handled_ = at;
  auto loaded = parked_.load(in_.views, checkpoint_name(port_.category));
  parked_said_ = parked_.size();
  return loaded;
}

void event_courier::take(result<event_batch> came) {
  errands todo;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    if (came) {
      batch_ = *std::move(came);
      if (auto why = sort_into_lanes()) {
        stop(*std::move(why), todo);
      } else {
        go_on_where_nothing_waits(todo);
      }
    } else if (came.error().code != errc::closed) {
      stop(named(std::move(came).error()), todo);
    }
  }
  run(todo);
}

void event_courier::tick(position given_up_to) {
  errands todo;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    if (lanes_.empty() && batch_.empty()) {
      keep(given_up_to, todo);  // nothing concerned them behind the last batch
    } else {
      const auto now = in_.to.steady_now();
      for (auto at = lanes_.begin(); at != lanes_.end();) {
        const auto next = std::next(at);
        const auto& l = at->second;
        if (l.failing && !l.is_under_way && now >= l.retry_at) go_on(at, todo);
        at = next;
      }
      end_batch_if_done(todo);
    }
  }
  run(todo);
}

process_status event_courier::status() const {
  const std::lock_guard lock(mutex_);
  return {port_.category, handled_, lanes_.size(), stopped_, failing(), parked_.size()};
}

std::optional<error> event_courier::failing() const {
  const auto found = std::find_if(lanes_.begin(), lanes_.end(),
                                  [](const auto& l) { return l.second.failing.has_value(); });
  return found != lanes_.end() ? found->second.failing : std::nullopt;
}

/// What the lock was not to be held for.
void event_courier::run(const errands& todo) {
  for (const auto& line : todo.to_say) in_.to.log(log_level::error, line);
  for (const auto& [key, event] : todo.to_send) send(key, todo.batch[event]);
}

void event_courier::send(const std::string& key, const recorded_event& e) {
  auto p = packed(key, e, false);
  in_.to.deliver(
      p.stream, core::handle_event_type(), std::move(p.body), std::move(p.origin), std::nullopt,
      [self = shared_from_this(), key](const result<receipt>& r) { self->on_answer(key, r); });
}

event_courier::parcel event_courier::packed(const std::string& key, const recorded_event& e,
                                            bool is_stray) const {
  parcel p;
  p.stream = port_.category + "-" + key;
  p.body = core::handle_event(e, is_stray);
  p.origin.id = command_id::generate();
  p.origin.correlation = e.correlation;
  p.origin.causation = e.id;
  p.origin.trace = e.trace;
  return p;
}

/// One that is too long makes no stream; it needs not be kept whole for that.
std::optional<std::string> event_courier::key_of(const recorded_event& e) const {
  auto key = port_.key_of(e);
  if (key && key->size() > stream_id::bytes_max) key->resize(stream_id::bytes_max);
  return key;
}

/// Its process manager could not react to it, whoever it were.
std::optional<error> event_courier::why_unsendable(const std::string& key,
                                                   const recorded_event& e) const {
  if (e.is_truncated()) return error{errc::invalid, "truncated", core::truncated_text(e)};
  auto to = stream_id::parse(port_.category + "-" + key);
  if (!to) return std::move(to).error();
  return std::nullopt;
}

// -- lanes ----------------------------------------------------------------------------------------

/// Why that is not possible, if so.
std::optional<error> event_courier::sort_into_lanes() {
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    std::optional<std::string> key;
    if (auto thrown = core::thrown_by([&] { key = key_of(batch_[i]); })) {
      lanes_.clear();
      return at_event(batch_[i], {errc::corrupt, "process-stopped", "key_of threw " + *thrown});
    }
    if (key) lanes_[*std::move(key)].events.push_back(i);
  }
  return std::nullopt;
}

void event_courier::go_on_where_nothing_waits(errands& todo) {
  for (auto at = lanes_.begin(); at != lanes_.end();) {
    const auto next = std::next(at);
    if (!at->second.is_under_way && !at->second.failing) go_on(at, todo);
    at = next;
  }
  end_batch_if_done(todo);
}

/// Up to the first one that has to be waited for. Precondition: none is under way.
void event_courier::go_on(lanes::iterator at, errands& todo) {
  auto& [key, l] = *at;
  while (!stopped_ && !l.events.empty() && gets_past_first(key, l, todo)) leave_first(l);
  if (l.events.empty()) lanes_.erase(at);
}

void event_courier::leave_first(lane& l) {
  l.events.pop_front();
  l.failing.reset();
  l.retries = 0;
}

bool event_courier::gets_past_first(const std::string& key, lane& l, errands& todo) {
  const auto& e = batch_[l.events.front()];
  if (parked_.all().contains(e.position)) return true;  // before a crash that took the checkpoint
  if (parked_.holds(key)) return try_to_park(key, e, {}, todo);
  if (const auto why = why_unsendable(key, e)) return gets_past_failure(key, l, *why, todo);
  l.is_under_way = true;
  todo.to_send.emplace_back(key, l.events.front());
  todo.batch = batch_;
  return false;
}

void event_courier::on_answer(const std::string& key, const result<receipt>& r) {
  errands todo;
  {
    const std::lock_guard lock(mutex_);
    const auto at = lanes_.find(key);
    auto& l = at->second;
    l.is_under_way = false;
    if (r || gets_past_failure(key, l, r.error(), todo)) {
      leave_first(l);
      go_on(at, todo);
    }
    end_batch_if_done(todo);
  }
  run(todo);
}

/// Else it waits to be sent again, or all have stopped.
bool event_courier::gets_past_failure(const std::string& key, lane& l, const error& answer,
                                      errands& todo) {
  const auto& e = batch_[l.events.front()];
  // One that cannot be read may be mended, but the others must not wait for that.
  const bool may_never_pass =
      answer.code == errc::corrupt && on_failure_.then == when_failing::park;
  const bool is_no_try = stopped_ || (may_pass(answer) && !may_never_pass);
  if (is_no_try || l.retries < on_failure_.retries_max) {
    if (!is_no_try && !failing()) {
      todo.to_say.push_back("is tried again: " + at_event(e, answer).to_string());
    }
    l.failing = at_event(e, answer);
    l.retry_at = in_.to.steady_now();
    if (!is_no_try) l.retry_at += core::wait_before_retry(on_failure_, l.retries++);
    return false;
  }
  l.failing.reset();
  l.retries = 0;
  if (on_failure_.then == when_failing::park) return try_to_park(key, e, reason_in(answer), todo);
  stop(at_event(e, answer), todo);
  return false;
}

/// Else there is no room, and all have stopped.
bool event_courier::try_to_park(const std::string& key, const recorded_event& e, std::string reason,
                                errands& todo) {
  if (parked_.size() >= on_failure_.parked_max) {
    stop(at_event(e, {errc::corrupt, core::too_many_parked, parked_.text_when_full(reason)}), todo);
    return false;
  }
  parked_.park({e.position, std::string(e.stream), key, std::move(reason), in_.time_of_day()});
  return true;
}

void event_courier::end_batch_if_done(errands& todo) {
  if (!lanes_.empty()) return;
  std::swap(todo.batch, batch_);
  keep(todo.batch.up_to().position, todo);
}

/// Never goes back.
void event_courier::keep(position handled, errands& todo) {
  if (handled <= handled_) return;
  auto kept = write(handled, todo);
  if (kept) return;
  if (kept.error().code != errc::unavailable) return stop(named(std::move(kept).error()), todo);
  // A later tick tries again; what comes twice its receivers know.
  todo.to_say.push_back(kept.error().to_string());
}

result<void> event_courier::write(position handled, errands& todo) {
  view_batch batch;
  batch.checkpoint = handled;
  parked_.add_changes(batch.changes);
  if (auto written = in_.views.write(checkpoint_name(port_.category), batch); !written) {
    return written;
  }
  parked_.settle();
  handled_ = handled;
  if (parked_.size() > parked_said_) {
    todo.to_say.push_back("process managers " + port_.category + " have " +
                          std::to_string(parked_.size()) + " parked events");
  }
  parked_said_ = parked_.size();
  return {};
}

void event_courier::stop(error why, errands& todo) {
  todo.to_say.push_back(why.to_string());
  stopped_ = std::move(why);
}

error event_courier::named(error why) const {
  why.detail = "process managers " + port_.category + ", behind position " +
               std::to_string(count_of(handled_)) + ": " + why.detail;
  return why;
}

error event_courier::at_event(const recorded_event& e, error why) const {
  const auto type = std::find_if(port_.reacts_to.begin(), port_.reacts_to.end(),
                                 [&e](const auto& t) { return t.type == e.type; });
  const auto name = type != port_.reacts_to.end() ? type->name : "";
  why.detail =
      "process managers " + port_.category + " at " + core::place_text(e, name) + ": " + why.detail;
  return why;
}

// -- parked events --------------------------------------------------------------------------------

std::vector<parked_event> event_courier::parked() const {
  const std::lock_guard lock(mutex_);
  std::vector<parked_event> all;
  for (const auto& [at, e] : parked_.all()) all.push_back(e);
  return all;
}

result<void> event_courier::no_replay_under_way() const {
  if (!replay_) return {};
  return error{errc::conflict, "replay-under-way",
               "parked events of process managers " + port_.category + " are being replayed"};
}

result<void> event_courier::skip_parked(position at) {
  errands todo;
  {
    const std::lock_guard lock(mutex_);
    if (auto may = no_replay_under_way(); !may) return may;
    const auto found = parked_.all().find(at);
    if (found == parked_.all().end()) {
      return error{errc::invalid, "not-parked",
                   "process managers " + port_.category + " have no parked event at position " +
                       std::to_string(count_of(at))};
    }
    auto was = found->second;
    parked_.unpark(at);
    if (auto written = write(handled_, todo); !written) {
      parked_.park(std::move(was));
      return written;
    }
    go_on_if_there_is_room(todo);
  }
  run(todo);
  return {};
}

void event_courier::go_on_if_there_is_room(errands& todo) {
  const bool has_room = parked_.size() < on_failure_.parked_max;
  if (!stopped_ || stopped_->reason != core::too_many_parked || !has_room) return;
  stopped_.reset();
  go_on_where_nothing_waits(todo);
}

void event_courier::replay_parked(replay_callback done) {
  std::unique_lock lock(mutex_);
  if (auto may = no_replay_under_way(); !may) {
    lock.unlock();
    return done(std::move(may).error());
  }
  replay begun;
  begun.done = std::move(done);
  replay_ = std::move(begun);
  lock.unlock();
  go_on_replaying();
}

/// Until one is under way, or there is none left.
void event_courier::go_on_replaying() {
  while (const auto next = next_to_replay()) {
    result<std::optional<parcel>> again =
        error{errc::invalid, "no-such-event", "the journal has no such event"};
    auto read = in_.journal.read(
        {.after = position{count_of(next->position) - 1}, .to = next->position, .events_max = 1},
        [&](const recorded_event& e) {
          again = packed_again(*next, e);
          return visit::stop;
        });
    if (!read) return end_replay(std::move(read).error());
    if (again && *again) {
      auto& p = **again;
      return in_.to.deliver(p.stream, core::handle_event_type(), std::move(p.body),
                            std::move(p.origin), std::nullopt,
                            [self = shared_from_this()](const result<receipt>& r) {
                              self->on_replayed(r ? std::nullopt : std::optional(r.error()));
                            });
    }
    if (!note_replayed(again ? std::nullopt : std::optional(again.error()))) return;
  }
  end_replay({});
}

/// The first one of a key that has not failed. None: it has ended, or has come to its end.
std::optional<parked_event> event_courier::next_to_replay() {
  const std::lock_guard lock(mutex_);
  if (!replay_) return std::nullopt;
  const auto& all = parked_.all();
  const auto next = std::find_if(all.begin(), all.end(), [this](const auto& e) {
    return !replay_->failed_keys.contains(e.second.key);
  });
  if (next == all.end()) return std::nullopt;
  replay_->at = next->first;
  return next->second;
}

/// None: it concerns nobody any more. An error: it fails already here.
result<std::optional<event_courier::parcel>> event_courier::packed_again(
    const parked_event& parked, const recorded_event& e) const {
  std::optional<std::string> key = parked.key;
  if (!e.is_truncated()) {
    if (auto thrown = core::thrown_by([&] { key = key_of(e); })) {
      return error{errc::corrupt, "process-stopped", "key_of threw " + *thrown};
    }
  }
  if (!key) return std::optional<parcel>();
  if (auto why = why_unsendable(*key, e)) return *std::move(why);
  return std::optional(packed(*key, e, *key != parked.key));
}

void event_courier::on_replayed(std::optional<error> why) {
  // The journal is not read on the thread of who answers.
  in_.to.run_later([self = shared_from_this(), why = std::move(why)] {
    if (self->note_replayed(why)) self->go_on_replaying();
  });
}

/// False: it has ended.
bool event_courier::note_replayed(const std::optional<error>& why) {
  if (why && why->code == errc::closed) {
    end_replay(*why);
    return false;
  }
  errands todo;
  result<void> written;
  {
    const std::lock_guard lock(mutex_);
    if (!replay_) return false;
    auto was = parked_.all().at(replay_->at);
    if (why) {
      replay_->failed_keys.insert(was.key);
      auto is = was;
      is.reason = reason_in(*why);
      parked_.park(std::move(is));
    } else {
      ++replay_->handled;
      parked_.unpark(was.position);
    }
    written = write(handled_, todo);
    if (!written) parked_.park(std::move(was));
  }
  run(todo);
  if (!written) end_replay(written);
  return written.has_value();
}

void event_courier::end_replay(result<void> how) {
  errands todo;
  std::optional<replay> ended;
  result<parked_replay> came_to = parked_replay{};
  {
    const std::lock_guard lock(mutex_);
    if (!replay_) return;
    ended.swap(replay_);
    if (how) {
      came_to = parked_replay{ended->handled, parked_.size()};
    } else {
      came_to = std::move(how).error();
    }
    go_on_if_there_is_room(todo);
  }
  run(todo);
  ended->done(std::move(came_to));
}

void event_courier::end() { end_replay(error{errc::closed, "closed", "the runtime is closing"}); }

}  // namespace fasti::node
