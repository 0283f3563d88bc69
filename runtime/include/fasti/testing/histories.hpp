#pragma once
/// Looks for a history that breaks a decider: makes up commands from their Cap'n Proto schemas, one
/// history after another, and holds the decider against what you say is always so.
///
///     TEST(Account, NeverOwesMoney) {
///       fasti::testing::histories<account>({.cases = 1000, .commands_max = 40})
///           .starting_with(event<Opened>())
///           .filling<Withdraw>([](Withdraw::Builder c, fasti::testing::dice& d) {
///             c.setCents(d.between(1, 500));
///           })
///           .always([](const account& a) { return a.balance >= 0; }, "no account owes money")
///           .check();
///     }
///
/// What it finds it makes as small as it can, fewer commands first, then simpler values, and throws
/// as a `mismatch` that shows the history, what came of each command, and the seed.
///
/// Each history also shows whether the decider is what the runtime takes it for: deciding twice
/// gives the same; all of it a second time gives the same decisions and the same state; a state
/// from a snapshot and the events behind it equals that of a full replay, byte for byte (P13); an
/// event of a type that it does not list is refused; nothing throws.
///
/// Link `fasti::histories`; it stands on rapidcheck (Debian: librapidcheck-dev). RC_PARAMS in the
/// environment has the last word: RC_PARAMS="seed=4711 max_success=100000" repeats a run, or makes
/// it longer.

#include <capnp/dynamic.h>

#include <chrono>
#include <concepts>
#include <functional>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fasti/testing/given.hpp"

namespace fasti::testing {

/// Values of enums: those of the schema, or now and then one more, as a sender with a newer schema
/// could have.
enum class enumerants : std::uint8_t { known, unknown_too };

struct histories_options {
  std::size_t cases = 1000;          ///< So many histories …
  std::size_t commands_max = 40;     ///< … of at most so many commands; the first ones are short.
  std::size_t text_max = 12;         ///< Characters of a text, bytes of data.
  std::size_t list_max = 6;          ///< Elements of a list; half as many at each level below.
  std::size_t structs_deep_max = 4;  ///< Structs and lists in one another; deeper ones stay null.
  fasti::testing::enumerants enumerants = enumerants::known;
  /// The clock goes on by up to so much between two commands.
  std::chrono::seconds pause_max = std::chrono::hours{1};
  /// The same seed makes the same histories. Nothing: another one each time.
  std::optional<std::uint64_t> seed = std::nullopt;
};

/// What the commands of all histories came to: whether there was more to see than rejections.
struct histories_report {
  struct command {
    std::string name;
    std::size_t accepted = 0;                          ///< Also when nothing had to happen.
    std::map<std::string, std::size_t> rejected = {};  ///< By reason.
  };
  std::uint64_t seed = 0;
  std::size_t cases = 0;
  std::vector<command> commands = {};  ///< In the decider's order.

  /// A line each: "Withdraw: 210 accepted; rejected: 17 insufficient-funds".
  [[nodiscard]] std::string to_string() const;
};

namespace detail {
class drawing;
}

/// Where the values of a command come from. Of the values that are possible, those are likelier
/// that break things: small ones, the ends of the range, and what the history has seen before, in
/// commands, events, replies and the state, so that ids meet again; also one more or less. What was
/// drawn is what gets smaller when something is found: towards the values that are called simplest
/// below.
class dice {
 public:
  explicit dice(detail::drawing& draws) noexcept : draws_(draws) {}

  /// From `from` to `to`, both possible. Simplest: the nearest to zero.
  template <std::integral T>
  [[nodiscard]] T between(T from, T to) {
    if constexpr (std::is_signed_v<T>) {
      return static_cast<T>(signed_between(from, to));
    } else {
      return static_cast<T>(unsigned_between(from, to));
    }
  }
  /// Simplest: no.
  [[nodiscard]] bool yes_or_no() { return unsigned_between(0, 1) == 1; }
  /// Simplest: the first.
  template <class T>
  [[nodiscard]] T one_of(std::initializer_list<T> choices) {
    return choices.begin()[unsigned_between(0, choices.size() - 1)];
  }
  /// Valid UTF-8 without a zero. Simplest: nothing, then the letter a.
  [[nodiscard]] std::string text();
  /// Draws every field of a struct from its schema, as it is done without `filling`. Set afterwards
  /// what must be otherwise.
  void fill(::capnp::DynamicStruct::Builder into);

 private:
  std::int64_t signed_between(std::int64_t from, std::int64_t to);
  std::uint64_t unsigned_between(std::uint64_t from, std::uint64_t to);

  detail::drawing& draws_;
};

namespace detail {

struct generated_command {
  ::capnp::StructSchema schema;
  std::function<void(::capnp::MessageBuilder&, dice&)> fill;
};

struct invariant {
  std::function<bool(const fasti::detail::aggregate_state&)> holds;
  std::string what;
};

/// All that is asked for. Everything behind it is compiled once, not once a decider.
struct histories_plan {
  fasti::detail::decider_port port;
  std::vector<::capnp::StructSchema> events;
  std::optional<::capnp::StructSchema> snapshot;
  std::vector<std::optional<::capnp::StructSchema>> replies;  // of each command
  std::vector<generated_command> commands;
  std::vector<message> given;
  std::vector<invariant> invariants;
  stream_id stream;
  histories_options options;
};

histories_report check(const histories_plan& plan);

/// Adds a command that is drawn from its schema.
template <class Entry>
void add_command(histories_plan& plan) {
  using entry = fasti::detail::listed<Entry>;
  using command = typename entry::asked;
  plan.commands.push_back(
      {::capnp::Schema::from<command>(),
       [](::capnp::MessageBuilder& into, dice& d) { d.fill(into.initRoot<command>()); }});
  auto& reply = plan.replies.emplace_back();
  if constexpr (!std::is_void_v<typename entry::reply>) {
    reply = ::capnp::Schema::from<typename entry::reply>();
  }
}
template <class... Entries>
void add_commands(histories_plan& plan, types<Entries...>) {
  (add_command<Entries>(plan), ...);
}

}  // namespace detail

/// What to look for; nothing happens before `check()`.
template <class Decider>
class histories {
 public:
  explicit histories(histories_options options = {}) {
    plan_.port = fasti::detail::port_of_decider<Decider>();
    plan_.events = detail::schemas_of(typename Decider::events{});
    if constexpr (fasti::detail::snapshots<Decider>) {
      plan_.snapshot = ::capnp::Schema::from<typename Decider::snapshot>();
    }
    detail::add_commands(plan_, typename Decider::commands{});
    plan_.stream = stream_id::of(plan_.port.category, "test");
    plan_.options = options;
  }

  /// What has happened before each history.
  template <std::same_as<message>... Events>
  [[nodiscard]] histories starting_with(Events... events) && {
    (plan_.given.push_back(std::move(events)), ...);
    return std::move(*this);
  }
  /// `fill(Command::Builder, dice&)` fills this command. It must take what varies from the dice
  /// alone: it is called again with smaller values.
  template <schema_struct Command, std::invocable<typename Command::Builder, dice&> Fill>
  [[nodiscard]] histories filling(Fill fill) && {
    static_assert(fasti::detail::takes_command<Decider, Command>,
                  "it is not one of the decider's commands");
    for (auto& c : plan_.commands) {
      if (type_id{c.schema.getProto().getId()} != type_id_of<Command>) continue;
      c.fill = [fill](::capnp::MessageBuilder& into, dice& d) mutable {
        fill(into.initRoot<Command>(), d);
      };
    }
    return std::move(*this);
  }
  /// Must hold at the beginning and after each command that was accepted.
  template <std::predicate<const Decider&> Holds>
  [[nodiscard]] histories always(Holds holds, std::string what) && {
    plan_.invariants.push_back(
        {[holds = std::move(holds)](const fasti::detail::aggregate_state& state) {
           return holds(
               static_cast<const fasti::detail::aggregate_state_of<Decider>&>(state).decider());
         },
         std::move(what)});
    return std::move(*this);
  }

  /// Throws `mismatch` when it finds something, and when not one command was ever accepted.
  histories_report check() && { return detail::check(plan_); }

 private:
  detail::histories_plan plan_;
};

}  // namespace fasti::testing
