#pragma once
/// Tests a decider by itself: no runtime, no journal, no threads. For any test framework: what does
/// not hold is thrown as `mismatch`, whose text says what was expected and what came.
///
///     using namespace fasti::testing;
///     given<account>(event<Opened>(), event<Deposited>([](auto e) { e.setCents(500); }))
///         .when<Withdraw>([](auto c) { c.setCents(200); })
///         .then(event<Withdrawn>([](auto e) { e.setCents(200); }))
///         .when<Withdraw>([](auto c) { c.setCents(301); })
///         .then_rejected("insufficient-funds");
///
/// (The form is Greg Young's; the words are those of Axon's and Emmett's kits.)
///
/// `thoroughly()` makes each `when` of what follows also check what the runtime relies on:
/// deciding twice gives the same, folding the same events twice gives the same state, a state that
/// was saved and loaded again saves and decides the same, and an event of a type that the decider
/// does not list is refused.

#include <capnp/schema.h>

#include <optional>

#include "fasti/detail/port.hpp"
#include "fasti/testing/mismatch.hpp"

namespace fasti::testing {

/// A command, an event or an answer.
struct message {
  type_id type{};
  std::optional<::capnp::StructSchema> schema;  ///< Nothing: nobody knows its type.
  std::vector<word> words;
  std::string packed_tags = {};

  /// With a tag more.
  [[nodiscard]] message tagged(std::string_view tag) && {
    packed_tags.append(tag).push_back('\0');
    return std::move(*this);
  }
  /// The same values and tags; a text that was never set is an empty one.
  friend bool operator==(const message& a, const message& b);
  /// For people: "Deposited (cents = 500)".
  [[nodiscard]] std::string to_string() const;
};

/// `fill` gets the struct's Builder.
template <schema_struct T, class Fill>
[[nodiscard]] message message_of(Fill&& fill) {
  return {type_id_of<T>, ::capnp::Schema::from<T>(), build<T>(std::forward<Fill>(fill))};
}

template <schema_struct Event, class Fill>
[[nodiscard]] message event(Fill&& fill) {
  return message_of<Event>(std::forward<Fill>(fill));
}
/// With nothing set.
template <schema_struct Event>
[[nodiscard]] message event() {
  return message_of<Event>([](auto) {});
}

/// What the decider may see of the world in a `when`.
struct surroundings {
  stream_id stream;
  command_id command = command_id::of("test");
  timestamp now{};
};

namespace detail {

/// A type id that nobody has: those of Cap'n Proto have their highest bit set.
inline constexpr type_id nobodys_type{1};
/// The words of its snapshot. Throws what `save` throws. Precondition: the decider has snapshots.
[[nodiscard]] std::vector<word> saved_by(const fasti::detail::aggregate_state& state);
/// With its schema, if that is among the known ones.
[[nodiscard]] message event_among(const std::vector<::capnp::StructSchema>& known, type_id type,
                                  body_view body, const tag_list& tags);

/// A decider and what has happened to it. Everything that need not know the decider's type.
class story {
 public:
  story(fasti::detail::decider_port port, std::vector<::capnp::StructSchema> events);

  void add(std::vector<message> events);
  void be_thorough() noexcept { thorough_ = true; }
  [[nodiscard]] surroundings& where() noexcept { return where_; }

  /// Decides; the events that it gave become part of the story when they are claimed.
  void decide(const message& command);
  void expect_events(const std::vector<message>& expected);
  void expect_rejection(std::string_view reason);
  void expect_reply(const message& expected) const;
  /// Answers on the state now.
  void answer(const message& query);
  void expect_answer(const message& expected) const;

  [[nodiscard]] std::unique_ptr<fasti::detail::aggregate_state> state() const;

 private:
  struct outcome {
    decision made = accept();
    std::vector<message> events;
    command_reply reply;
  };
  [[nodiscard]] outcome decided_by(const fasti::detail::aggregate_state& s) const;
  void check_thoroughly(const outcome& first) const;
  void evolve(fasti::detail::aggregate_state& s, const message& event) const;
  [[noreturn]] void fail(const std::string& what) const;
  [[nodiscard]] std::string shown(const outcome& o) const;

  fasti::detail::decider_port port_;
  std::vector<::capnp::StructSchema> schemas_;  // of the decider's events
  std::vector<message> events_;
  surroundings where_;
  bool thorough_ = false;
  std::optional<message> asked_;  // the command or query at hand
  outcome outcome_;               // of the command
  decision answered_ = accept();
  std::vector<word> answer_;
};

template <class... Structs>
std::vector<::capnp::StructSchema> schemas_of(types<Structs...>) {
  return {::capnp::Schema::from<Structs>()...};
}

}  // namespace detail

template <class Decider, class Reply>
class decided;
template <class Decider, class Reply>
class answered;

/// What has happened so far. A value: a copy goes its own way.
template <class Decider>
class history {
 public:
  explicit history(detail::story told) : story_(std::move(told)) {}

  /// More that has happened.
  template <std::same_as<message>... Events>
  [[nodiscard]] history and_given(Events... events) && {
    story_.add({std::move(events)...});
    return std::move(*this);
  }
  [[nodiscard]] history thoroughly() && {
    story_.be_thorough();
    return std::move(*this);
  }
  [[nodiscard]] history at(timestamp now) && {
    story_.where().now = now;
    return std::move(*this);
  }
  [[nodiscard]] history on(std::string_view stream) && {
    auto parsed = stream_id::parse(stream);
    if (!parsed) throw mismatch(parsed.error().to_string());
    story_.where().stream = *std::move(parsed);
    return std::move(*this);
  }
  [[nodiscard]] history with_id(command_id command) && {
    story_.where().command = command;
    return std::move(*this);
  }

  template <schema_struct Command, class Fill>
  [[nodiscard]] auto when(Fill&& fill) && {
    static_assert(fasti::detail::takes_command<Decider, Command>,
                  "it is not one of the decider's commands");
    story_.decide(message_of<Command>(std::forward<Fill>(fill)));
    return decided<Decider, fasti::detail::reply_to_command<Decider, Command>>(std::move(story_));
  }
  template <schema_struct Command>
  [[nodiscard]] auto when() && {
    return std::move(*this).template when<Command>([](auto) {});
  }

  template <schema_struct Query, class Fill>
  [[nodiscard]] auto when_asked(Fill&& fill) && {
    using reply = fasti::detail::reply_of<Decider, Query>;
    static_assert(!std::is_void_v<reply>, "it is not one of the decider's queries");
    story_.answer(message_of<Query>(std::forward<Fill>(fill)));
    return answered<Decider, reply>(std::move(story_));
  }

  /// `look` gets the decider as it is now.
  template <std::invocable<const Decider&> Look>
  history with_state(Look&& look) && {
    const auto now = story_.state();
    std::forward<Look>(look)(
        static_cast<const fasti::detail::aggregate_state_of<Decider>&>(*now).decider());
    return std::move(*this);
  }

 private:
  detail::story story_;
};

/// What the decider made of a command. Say which; the story goes on from there.
/// `Reply`: what the command declares, or void.
template <class Decider, class Reply>
class decided {
 public:
  explicit decided(detail::story told) : story_(std::move(told)) {}

  /// Accepted, with this reply; say then with which events.
  template <class Fill>
  [[nodiscard]] decided then_replied(Fill&& fill) && {
    static_assert(!std::is_void_v<Reply>, "the decider declares no reply for this command");
    story_.expect_reply(message_of<Reply>(std::forward<Fill>(fill)));
    return std::move(*this);
  }

  /// Accepted, with exactly these events in this order. None: accepted, nothing had to happen.
  template <std::same_as<message>... Events>
  history<Decider> then(Events... events) && {
    story_.expect_events({std::move(events)...});
    return history<Decider>(std::move(story_));
  }
  history<Decider> then_nothing() && { return std::move(*this).then(); }
  /// Rejected for this reason; nothing has happened.
  history<Decider> then_rejected(std::string_view reason) && {
    story_.expect_rejection(reason);
    return history<Decider>(std::move(story_));
  }

 private:
  detail::story story_;
};

/// What the decider answered.
template <class Decider, class Reply>
class answered {
 public:
  explicit answered(detail::story told) : story_(std::move(told)) {}

  template <class Fill>
  history<Decider> then_answered(Fill&& fill) && {
    story_.expect_answer(message_of<Reply>(std::forward<Fill>(fill)));
    return history<Decider>(std::move(story_));
  }

 private:
  detail::story story_;
};

/// The beginning of a test.
template <class Decider, std::same_as<message>... Events>
[[nodiscard]] history<Decider> given(Events... events) {
  detail::story story(fasti::detail::port_of_decider<Decider>(),
                      detail::schemas_of(typename Decider::events{}));
  story.add({std::move(events)...});
  return history<Decider>(std::move(story));
}

}  // namespace fasti::testing
