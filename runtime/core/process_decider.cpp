#include "runtime/core/process_decider.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "runtime/core/bytes.hpp"
#include "runtime/core/guard.hpp"
#include "schemas/process.capnp.h"

namespace fasti {

::capnp::MessageBuilder& reactions::add(type_id type, std::string_view stream) {
  if (auto good = stream_id::parse(stream); !good) {
    throw std::invalid_argument(good.error().to_string());
  }
  auto& added = commands_.emplace_back();
  added.stream = stream;
  added.type = type;
  return added.body.begin();
}

namespace core {
namespace {

using namespace fasti::schemas;

timestamp time_of(std::int64_t nanoseconds) {
  return timestamp(std::chrono::nanoseconds(nanoseconds));
}

/// What fasti keeps of a process manager.
struct process_ledger {
  position handled_up_to{};
  std::uint64_t last_number = 0;
  std::set<std::uint64_t> pending;
  std::map<std::string, std::uint64_t, std::less<>> timers;  // by name

  /// False: the event is not one of these.
  bool evolve(type_id type, body_view body) {
    body_reader reader(body);
    if (type == type_id_of<EventHandled>) {
      handled_up_to = position{reader.root<EventHandled>().getPosition()};
    } else if (type == type_id_of<CommandIssued>) {
      last_number = reader.root<CommandIssued>().getNumber();
      pending.insert(last_number);
    } else if (type == type_id_of<CommandSettled>) {
      pending.erase(reader.root<CommandSettled>().getNumber());
    } else if (type == type_id_of<TimerSet>) {
      const auto set = reader.root<TimerSet>();
      last_number = set.getNumber();
      timers[std::string(text_in(set.getName()))] = last_number;
    } else if (type == type_id_of<TimerEnded>) {
      const auto number = reader.root<TimerEnded>().getNumber();
      std::erase_if(timers, [number](const auto& t) { return t.second == number; });
    } else {
      return false;
    }
    return true;
  }

  void save(ProcessState::Builder to) const {
    to.setHandledUpTo(count_of(handled_up_to));
    to.setLastNumber(last_number);
    auto numbers = to.initPending(static_cast<unsigned>(pending.size()));
    unsigned i = 0;
    for (const auto number : pending) numbers.set(i++, number);
    auto set = to.initTimers(static_cast<unsigned>(timers.size()));
    i = 0;
    for (const auto& [name, number] : timers) {
      set[i].setNumber(number);
      set[i++].setName(as_text(name));
    }
  }
  void load(ProcessState::Reader from) {
    handled_up_to = position{from.getHandledUpTo()};
    last_number = from.getLastNumber();
    for (const auto number : from.getPending()) pending.insert(number);
    for (const auto t : from.getTimers()) {
      timers[std::string(text_in(t.getName()))] = t.getNumber();
    }
  }
};

class process_aggregate final : public detail::aggregate_state {
 public:
  explicit process_aggregate(const detail::process_port& port)
      : own_(port.make()), has_snapshot_(port.snapshot.has_value()) {}

  decision decide(type_id command, body_view body, const command_context& at,
                  emit& out) const override {
    body_reader reader(body);
    if (command == type_id_of<HandleEvent>) return handle(reader.root<HandleEvent>(), at, out);
    if (command == type_id_of<SettleCommand>) {
      settle(reader.root<SettleCommand>(), at, out);
    } else if (command == type_id_of<FireTimer>) {
      fire(reader.root<FireTimer>(), at, out);
    } else {
      throw detail::unknown_type(command);
    }
    return accept();
  }

  void evolve(type_id event, body_view body) override {
    if (!ledger_.evolve(event, body)) own_->evolve(event, body);
  }
  decision answer(type_id query, body_view body, ::capnp::MessageBuilder& reply) const override {
    return own_->answer(query, body, reply);
  }
  bool wants_snapshot() const override { return false; }

  void save(::capnp::MessageBuilder& into) const override {
    auto saved = into.initRoot<ProcessState>();
    ledger_.save(saved);
    if (!has_snapshot_) return;
    message_scratch scratch;
    std::vector<word> words;
    own_->save(scratch.begin());
    scratch.finish(words);
    saved.setOwn(bytes_of(words));
  }
  void load(body_view body) override {
    body_reader reader(body);
    const auto saved = reader.root<ProcessState>();
    ledger_.load(saved);
    if (has_snapshot_) own_->load(words_in(saved.getOwn()));
  }

 private:
  decision handle(HandleEvent::Reader c, const command_context& at, emit& out) const {
    const position happened{c.getPosition()};
    if (c.getIsStray() && happened < ledger_.handled_up_to) {
      return reject("handled-later-event",
                    std::string(at.stream.text()) + " has handled the event at position " +
                        std::to_string(count_of(ledger_.handled_up_to)) + ", which is behind it");
    }
    if (happened <= ledger_.handled_up_to) return accept();
    const auto stream = text_in(c.getStream());
    const reaction_context context{at.stream, happened, stream, time_of(c.getTime())};
    reactions made(out, context);
    if (const auto thrown =
            thrown_by([&] { own_->react(type_id{c.getType()}, words_in(c.getBody()), made); })) {
      return reject("react-failed", *thrown);
    }
    if (!out.is_empty() || !made.commands().empty() || !made.timers().empty()) {
      out.event<EventHandled>().setPosition(count_of(happened));
    }
    add(made, out);
    return accept();
  }

  void settle(SettleCommand::Reader c, const command_context& at, emit& out) const {
    if (!ledger_.pending.contains(c.getNumber())) return;
    auto settled = out.event<CommandSettled>();
    settled.setNumber(c.getNumber());
    settled.setReason(c.getReason());
    if (c.getReason().size() == 0) return;
    const reaction_context context{at.stream, no_position, {}, at.now};
    reactions made(out, context);
    own_->on_refused(type_id{c.getType()}, words_in(c.getBody()),
                     {text_in(c.getReason()), text_in(c.getDetail())}, made);
    add(made, out);
  }

  void fire(FireTimer::Reader c, const command_context& at, emit& out) const {
    const auto number = c.getNumber();
    const auto found = std::find_if(ledger_.timers.begin(), ledger_.timers.end(),
                                    [number](const auto& t) { return t.second == number; });
    if (found == ledger_.timers.end()) return;
    out.event<TimerEnded>().setNumber(number);
    const reaction_context context{at.stream, no_position, {}, at.now};
    reactions made(out, context);
    own_->on_timer(found->first, made);
    add(made, out, number);
  }

  /// What was issued and set, as events. `fired`: a timer that is no more.
  void add(reactions& made, emit& out, std::uint64_t fired = 0) const {
    auto number = ledger_.last_number;
    for (auto& c : made.commands()) {
      std::vector<word> body;
      c.body.finish(body);
      auto issued = out.event<CommandIssued>();
      issued.setNumber(++number);
      issued.setStream(bytes_of(c.stream));
      issued.setType(count_of(c.type));
      issued.setBody(bytes_of(body));
    }
    auto timers = ledger_.timers;
    std::erase_if(timers, [fired](const auto& t) { return t.second == fired; });
    for (const auto& t : made.timers()) {
      if (const auto was = timers.find(t.name); was != timers.end()) {
        out.event<TimerEnded>().setNumber(was->second);
        timers.erase(was);
      }
      if (!t.due) continue;
      auto set = out.event<TimerSet>();
      set.setNumber(++number);
      set.setName(as_text(t.name));
      set.setDue(t.due->time_since_epoch().count());
      timers[t.name] = number;
    }
  }

  process_ledger ledger_;
  const std::unique_ptr<detail::process_state> own_;
  const bool has_snapshot_;
};

}  // namespace

detail::decider_port decider_of(const detail::process_port& port) {
  detail::decider_port d;
  d.category = port.category;
  d.commands = detail::commands_of(types<HandleEvent, SettleCommand, FireTimer>());
  d.events =
      detail::names_of(types<EventHandled, CommandIssued, CommandSettled, TimerSet, TimerEnded>());
  d.events.insert(d.events.end(), port.events.begin(), port.events.end());
  if (port.snapshot) {
    const auto both = count_of(fingerprint_of<ProcessState>()) ^ count_of(*port.snapshot);
    d.snapshot = {type_id_of<ProcessState>, schema_fingerprint{both}};
  }
  d.make = [port] { return std::make_unique<process_aggregate>(port); };
  return d;
}

std::vector<word> handle_event(const recorded_event& e, bool is_stray) {
  return build<HandleEvent>([&](auto c) {
    c.setPosition(count_of(e.position));
    c.setStream(bytes_of(e.stream));
    c.setTime(e.time.time_since_epoch().count());
    c.setType(count_of(e.type));
    c.setBody(bytes_of(e.body));
    c.setIsStray(is_stray);
  });
}
type_id handle_event_type() noexcept { return type_id_of<HandleEvent>; }

std::vector<word> settle_command(const outbox_entry& of, const std::optional<error>& why) {
  return build<SettleCommand>([&](auto c) {
    c.setNumber(of.number);
    c.setType(count_of(of.type));
    c.setBody(bytes_of(of.body));
    if (!why) return;
    c.setReason(as_text(why->reason.empty() ? std::string("refused") : why->reason));
    c.setDetail(as_text(why->detail));
  });
}
type_id settle_command_type() noexcept { return type_id_of<SettleCommand>; }

std::vector<word> fire_timer(const outbox_entry& of) {
  return build<FireTimer>([&of](auto c) { c.setNumber(of.number); });
}
type_id fire_timer_type() noexcept { return type_id_of<FireTimer>; }

std::vector<word> process_began(position behind) {
  return build<ProcessBegan>([behind](auto e) { e.setBehind(count_of(behind)); });
}
type_id process_began_type() noexcept { return type_id_of<ProcessBegan>; }
position process_beginning_in(body_view body) {
  body_reader reader(body);
  return position{reader.root<ProcessBegan>().getBehind()};
}

}  // namespace core
}  // namespace fasti
