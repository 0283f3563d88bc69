#pragma once
/// A process manager reacts to events by issuing commands: what takes several aggregates, one after
/// another, with time between them, and goes back when one of them says no. (Also called a saga.)
///
///     struct transfer {
///       static constexpr auto category = "transfer";             // its streams: "transfer-…"
///       using reacts_to = fasti::types<Ordered, Taken, Given>;   // events of others
///       using commands = fasti::types<Take, Give, GiveBack>;     // that it issues
///       using events = fasti::types<Begun, Ended>;               // its own
///
///       void react(Ordered::Reader e, fasti::reactions& out) const {
///         out.event<Begun>().setTo(e.getTo());
///         out.command<Take>(e.getFrom()).setCents(e.getCents());
///         out.set_timer("late", out.at().time + 24h);
///       }
///       void on_refused(Take::Reader, const fasti::refusal& why, fasti::reactions& out) const;
///       void on_timer(std::string_view name, fasti::reactions& out) const;   // if it sets any
///       void evolve(Begun::Reader e);
///       …
///     };
///     rt.add<transfer>();
///
/// Which of them an event concerns: that of the event's correlation id, which all that follows from
/// one command shares; or what the type says, for all of its events or by their types:
///
///       static std::optional<std::string> key_of(Ordered::Reader e, const fasti::recorded_event&);
///
/// Its own events, the commands and the timers of one reaction are one commit in its stream (P3).
/// The commands leave from there: each is delivered until it has an outcome, under an id that
/// follows from the event that issued it, so that it takes effect once (P8). A refusal comes back,
/// as `on_refused`: issue there what undoes the steps before (compensation). Timers survive
/// restarts and fire once, late ones in their order.
///
/// Like a decider it is a plain value type, and its functions are const and pure: time comes in
/// through `out.at()`. `react` is called for events in the order of the journal, once each as far
/// as it emits something; a reaction that emits nothing is not stored, and may be asked for again
/// after a crash. When it throws, its process managers stop in front of that event, all others go
/// on; `runtime_stats::processes` says why. (Or the event is tried again, or parked, and the other
/// process managers of the category go on, too: `process_options::on_failure`.) Optional, as with
/// deciders: `snapshot`, `queries`.

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

#include "fasti/detail/port.hpp"
#include "fasti/parking.hpp"
#include "fasti/subscription.hpp"

namespace fasti {

/// For `rt.add<transfer>(…)`.
struct process_options {
  /// Where process managers begin that were not there before.
  start_at from = start_at::beginning();
  failure_policy on_failure = {};
};

/// Why a command was not committed. It certainly took no effect.
struct refusal {
  std::string_view reason;  ///< The decider's, or the runtime's: short, stable.
  std::string_view detail;
};

/// What a process manager reacts to.
struct reaction_context {
  const stream_id& process;    ///< Its own stream.
  fasti::position position{};  ///< Of the event; none for refusals and timers.
  std::string_view stream;     ///< Of the event.
  timestamp time;              ///< When the event was written; else, when this is decided.
};

/// Collects what follows.
class reactions {
 public:
  reactions(emit& into, const reaction_context& at) : into_(into), at_(at) {}

  [[nodiscard]] const reaction_context& at() const noexcept { return at_; }
  /// An event of its own; its Builder is valid until the reaction ends.
  template <schema_struct Event>
  typename Event::Builder event() {
    return into_.event<Event>();
  }
  /// A command to `stream`; its Builder is valid until the reaction ends. Throws
  /// `std::invalid_argument` when that is no stream.
  template <schema_struct Command>
  typename Command::Builder command(std::string_view stream) {
    return add(type_id_of<Command>, stream).template initRoot<Command>();
  }
  /// Calls `on_timer(name)` at `due` or a little later, once, in place of an earlier one of that
  /// name.
  void set_timer(std::string_view name, timestamp due) {
    timers_.push_back({std::string(name), due});
  }
  /// It will not fire; nothing when there is none.
  void cancel_timer(std::string_view name) { timers_.push_back({std::string(name), std::nullopt}); }

  // -- for the runtime -------------------------------------------------------------------------
  struct issued {
    std::string stream;
    type_id type{};
    message_scratch body;
  };
  struct timer {
    std::string name;
    std::optional<timestamp> due;  ///< None: it is cancelled.
  };
  [[nodiscard]] std::deque<issued>& commands() noexcept { return commands_; }
  [[nodiscard]] const std::vector<timer>& timers() const noexcept { return timers_; }

 private:
  ::capnp::MessageBuilder& add(type_id type, std::string_view stream);

  emit& into_;
  const reaction_context& at_;
  std::deque<issued> commands_;
  std::vector<timer> timers_;
};

namespace detail {

/// One process manager's own part. User code is called in here, and may throw.
class process_state {
 public:
  virtual ~process_state() = default;
  virtual void react(type_id event, body_view body, reactions& out) const = 0;
  virtual void on_refused(type_id command, body_view body, const refusal& why,
                          reactions& out) const = 0;
  virtual void on_timer(std::string_view name, reactions& out) const = 0;
  virtual void evolve(type_id event, body_view body) = 0;
  virtual decision answer(type_id query, body_view body, ::capnp::MessageBuilder& reply) const = 0;
  virtual void save(::capnp::MessageBuilder& into) const = 0;
  virtual void load(body_view body) = 0;
};

struct process_port {
  std::string category;
  std::vector<named_type> reacts_to;
  std::vector<named_type> events;
  std::optional<schema_fingerprint> snapshot;  ///< Of what it saves its own part as.
  std::function<std::unique_ptr<process_state>()> make;
  /// None: the event concerns nobody.
  std::function<std::optional<std::string>(const recorded_event&)> key_of;
};

template <class P>
concept is_process = requires {
  typename P::reacts_to;
};

/// Who has parked events.
struct parker {
  std::string_view name;
  bool is_process;  ///< It is their category, else a projection's name.
};
template <class T>
[[nodiscard]] constexpr parker parker_of() noexcept {
  if constexpr (is_process<T>) {
    return {T::category, true};
  } else {
    return {T::name, false};
  }
}

template <class P, class Event>
concept reacts = requires(const P p, typename Event::Reader e, reactions& out) {
  { p.react(e, out) } -> std::same_as<void>;
};
template <class P, class Command>
concept takes_refusals = requires(const P p, typename Command::Reader c, const refusal& why,
                                  reactions& out) {
  { p.on_refused(c, why, out) } -> std::same_as<void>;
};
template <class P>
concept takes_timers = requires(const P p, std::string_view name, reactions& out) {
  { p.on_timer(name, out) } -> std::same_as<void>;
};
template <class P, class Event>
concept keys_by_type = requires(typename Event::Reader e, const recorded_event& at) {
  { P::key_of(e, at) } -> std::convertible_to<std::optional<std::string>>;
};
template <class P>
concept keys_by_event = requires(const recorded_event& at) {
  { P::key_of(at) } -> std::convertible_to<std::optional<std::string>>;
};

}  // namespace detail

namespace missing {
template <class Process, class Event>
struct react;  ///< void react(Event::Reader, fasti::reactions&) const
template <class Process, class Command>
struct on_refused;  ///< void on_refused(Command::Reader, const fasti::refusal&, fasti::reactions&)
                    ///< const
}  // namespace missing

namespace detail {

template <class P, class Event>
consteval void check_react() {
  if constexpr (!reacts<P, Event>) (void)sizeof(missing::react<P, Event>);
}
template <class P, class Command>
consteval void check_refusal() {
  if constexpr (!takes_refusals<P, Command>) (void)sizeof(missing::on_refused<P, Command>);
}
template <class P, class... Reacts, class... Commands, class... Events>
consteval void check_process(types<Reacts...>, types<Commands...>, types<Events...>) {
  (check_react<P, Reacts>(), ...);
  (check_refusal<P, Commands>(), ...);
  (check_evolve<P, Events>(), ...);
  check_snapshot<P>();
}

template <class P>
class process_state_of final : public folded_state<process_state, P> {
 public:
  void react(type_id event, body_view body, reactions& out) const override {
    body_reader reader(body);
    auto call = [&]<class E>() { this->value_.react(reader.root<E>(), out); };
    if (!for_type(typename P::reacts_to{}, event, call)) throw unknown_type(event);
  }
  void on_refused(type_id command, body_view body, const refusal& why,
                  reactions& out) const override {
    body_reader reader(body);
    auto call = [&]<class C>() { this->value_.on_refused(reader.root<C>(), why, out); };
    if (!for_type(typename P::commands{}, command, call)) throw unknown_type(command);
  }
  void on_timer(std::string_view name, reactions& out) const override {
    if constexpr (takes_timers<P>) this->value_.on_timer(name, out);
  }
};

/// By itself, because a compiler may look `P::key_of` up wherever nothing but `P` decides it.
template <class P, class Event>
[[nodiscard]] std::optional<std::string> key_by_type(typename Event::Reader e,
                                                     const recorded_event& at) {
  return P::key_of(e, at);
}
template <class P>
[[nodiscard]] std::optional<std::string> process_key_of(const recorded_event& e) {
  if constexpr (keys_by_event<P>) {
    return P::key_of(e);
  } else {
    std::optional<std::string> key = e.correlation.to_string();
    auto call = [&]<class E>() {
      if constexpr (keys_by_type<P, E>) {
        if (e.is_truncated()) throw std::runtime_error("the event was truncated");
        body_reader reader(e.body);
        key = key_by_type<P, E>(reader.root<E>(), e);
      }
    };
    (void)for_type(typename P::reacts_to{}, e.type, call);
    return key;
  }
}

template <class P>
[[nodiscard]] process_port port_of_process() {
  check_process<P>(typename P::reacts_to{}, typename P::commands{}, typename P::events{});
  if constexpr (has_queries<P>) check_decider_queries<P>(typename P::queries{});
  process_port port;
  port.category = P::category;
  port.reacts_to = names_of(typename P::reacts_to{});
  port.events = names_of(typename P::events{});
  if constexpr (snapshots<P>) port.snapshot = fingerprint_of<typename P::snapshot>();
  port.make = [] { return std::make_unique<process_state_of<P>>(); };
  port.key_of = process_key_of<P>;
  return port;
}

}  // namespace detail
}  // namespace fasti
