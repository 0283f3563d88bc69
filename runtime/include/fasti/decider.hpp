#pragma once
/// A decider is the user's pure type: state, what may happen (`decide`), what happened (`evolve`).
/// No base class, no macro. (The shape is Jérémie Chassaing's decider.)
///
///     struct account {
///       static constexpr auto category = "account";
///       using commands = fasti::types<Deposit, Withdraw>;
///       using events   = fasti::types<Deposited, Withdrawn>;
///
///       fasti::decision decide(Withdraw::Reader c, fasti::emit& out) const {
///         if (c.getCents() > balance) return fasti::reject("insufficient-funds");
///         out.event<Withdrawn>().setCents(c.getCents());
///         return fasti::accept();
///       }
///       void evolve(Withdrawn::Reader e) { balance -= e.getCents(); }
///       …
///       std::int64_t balance = 0;
///     };
///
/// Optional: `using snapshot = AccountState;` with `void save(AccountState::Builder) const` and
/// `void load(AccountState::Reader)`, and `bool wants_snapshot() const` for one out of the rhythm
/// of `runtime_options`, asked after each commit; and `using queries =
/// fasti::types<Balance(GetBalance)>;` with `fasti::decision answer(GetBalance::Reader,
/// Balance::Builder) const`.
///
/// A command can have a reply of its own: listed as `types<…, Withdrawal(Withdraw)>` it is decided
/// by `fasti::decision decide(Withdraw::Reader, fasti::emit&, Withdrawal::Builder) const`. The
/// reply is stored with the events and sent when they are durable; a repeat of the command gets the
/// same one.
///
/// `decide` and `answer` are const and pure: no clock, no randomness, no input or output. Time and
/// ids come in through a last parameter, `const fasti::command_context&`, if asked for. `evolve`
/// cannot fail: what happened, happened. One aggregate's functions are never called at the same
/// time by two threads (P6), but by different threads one after another.

#include <concepts>
#include <deque>
#include <string>
#include <string_view>

#include "fasti/event.hpp"
#include "fasti/schema.hpp"

namespace fasti {

/// Yes or no; a no carries a short stable reason and, if it helps a person, a detail.
class [[nodiscard]] decision {
 public:
  static decision yes() { return decision{}; }
  static decision no(std::string_view reason, std::string_view detail) {
    decision d;
    d.rejected_ = true;
    d.reason_ = reason;
    d.detail_ = detail;
    return d;
  }
  [[nodiscard]] bool is_accepted() const noexcept { return !rejected_; }
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
  [[nodiscard]] const std::string& detail() const noexcept { return detail_; }

 private:
  decision() = default;
  bool rejected_ = false;
  std::string reason_;
  std::string detail_;
};

/// What was emitted happens. Nothing emitted: accepted, and nothing had to happen.
inline decision accept() { return decision::yes(); }
/// Nothing happens, whatever was emitted. `reason` is for programs: short, stable, kebab-case.
inline decision reject(std::string_view reason, std::string_view detail = {}) {
  return decision::no(reason, detail);
}

/// What a decision may know of the world.
struct command_context {
  const stream_id& stream;
  fasti::version version;  ///< Of the stream the decision rests on.
  command_id command;
  timestamp now;
};

/// Collects the events of one command.
class emit {
 public:
  /// Who emits more is taken to do so for ever, and gets a `std::length_error`; the journal has a
  /// lower limit as a rule, `journal_limits::commit_events_max`.
  static constexpr std::size_t events_max = 1U << 16;

  /// Adds an event and returns its Builder, which is valid until the command is decided.
  template <schema_struct Event>
  typename Event::Builder event() {
    return add(type_id_of<Event>).template initRoot<Event>();
  }
  /// Tags the event that was emitted last; those who read the journal can ask for its tags. A tag
  /// is some bytes without a zero among them. Throws `std::logic_error` when there is no event yet.
  void tag(std::string_view name);

  // -- for the runtime -------------------------------------------------------------------------
  /// Adds events, tags and reply to a commit and empties this for the next command.
  void finish(commit& into);
  /// The reply's Builder.
  template <schema_struct Reply>
  typename Reply::Builder reply() {
    return begin_reply(type_id_of<Reply>).template initRoot<Reply>();
  }
  [[nodiscard]] bool is_empty() const noexcept { return used_ == 0; }
  void discard() noexcept {
    used_ = 0;
    replies_ = false;
  }

 private:
  ::capnp::MessageBuilder& add(type_id type);
  ::capnp::MessageBuilder& begin_reply(type_id type);

  struct slot {
    type_id type{};
    message_scratch scratch;
    std::string tags;  // packed
  };
  std::deque<slot> slots_;  // grows to the most events of one command, then is reused
  std::size_t used_ = 0;
  slot reply_;
  bool replies_ = false;
};

namespace detail {

/// An entry of a list of commands or queries: `Asked`, or `Reply(Asked)`.
template <class Entry>
struct listed {
  using asked = Entry;
  using reply = void;
};
template <class Reply, class Asked>
struct listed<Reply(Asked)> {
  using asked = Asked;
  using reply = Reply;
};

template <class Decider, class Command>
concept decides_plainly = requires(const Decider d, typename Command::Reader c, emit& out) {
  { d.decide(c, out) } -> std::same_as<decision>;
};
template <class Decider, class Command>
concept decides_in_context = requires(const Decider d, typename Command::Reader c, emit& out,
                                      const command_context& at) {
  { d.decide(c, out, at) } -> std::same_as<decision>;
};
template <class Decider, class Command>
concept decides = decides_plainly<Decider, Command> || decides_in_context<Decider, Command>;

template <class Decider, class Command, class Reply>
concept replies_plainly = requires(const Decider d, typename Command::Reader c, emit& out,
                                   typename Reply::Builder r) {
  { d.decide(c, out, r) } -> std::same_as<decision>;
};
template <class Decider, class Command, class Reply>
concept replies_in_context = requires(const Decider d, typename Command::Reader c, emit& out,
                                      typename Reply::Builder r, const command_context& at) {
  { d.decide(c, out, r, at) } -> std::same_as<decision>;
};
template <class Decider, class Command, class Reply>
concept replies =
    replies_plainly<Decider, Command, Reply> || replies_in_context<Decider, Command, Reply>;

template <class Folder, class Event>
concept evolves = requires(Folder d, typename Event::Reader e) {
  { d.evolve(e) } -> std::same_as<void>;
};

template <class Decider>
concept snapshots = requires {
  typename Decider::snapshot;
};
template <class Decider>
concept wants_snapshots = requires(const Decider d) {
  { d.wants_snapshot() } -> std::same_as<bool>;
};
template <class Decider, class State>
concept saves = requires(const Decider d, typename State::Builder b) {
  d.save(b);
};
template <class Decider, class State>
concept loads = requires(Decider d, typename State::Reader r) {
  d.load(r);
};

template <class Holder>
concept has_queries = requires {
  typename Holder::queries;
};

template <class Decider, class Reply, class Query>
concept answers_from_state = requires(const Decider d, typename Query::Reader q,
                                      typename Reply::Builder r) {
  { d.answer(q, r) } -> std::same_as<decision>;
};

}  // namespace detail

/// What is said when a user's type lacks something: these are never defined, so that the compiler's
/// first line reads "… incomplete type fasti::missing::evolve<account, Withdrawn>".
namespace missing {
template <class Decider, class Command>
struct decide;  ///< fasti::decision decide(Command::Reader, fasti::emit&) const
template <class Decider, class Command, class Reply>
struct decide_with_reply;  ///< … decide(Command::Reader, fasti::emit&, Reply::Builder) const
template <class Decider, class Command>
struct reply;  ///< using commands = fasti::types<…, Reply(Command)>
template <class Decider, class Event>
struct evolve;  ///< void evolve(Event::Reader)
template <class Decider, class State>
struct save;  ///< void save(State::Builder) const
template <class Decider, class State>
struct load;  ///< void load(State::Reader)
template <class Holder, class Query>
struct answer;  ///< decider: fasti::decision answer(Query::Reader, Reply::Builder) const
                ///< projection: … answer(Query::Reader, const fasti::view<row>&, Reply::Builder)
template <class Projection, class Event>
struct apply;  ///< void apply(Event::Reader, const fasti::recorded_event&, fasti::rows<row>&)
template <class NeitherDeciderNorProjection>
struct category_or_name;  ///< static constexpr auto category = "…"; or: … name = "…";
}  // namespace missing

}  // namespace fasti
