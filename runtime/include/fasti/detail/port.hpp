#pragma once
/// What the runtime sees of a user's types: one abstract port each, made by `add<T>()`. Everything
/// behind it is compiled once, not once a decider.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fasti/decider.hpp"
#include "fasti/projection.hpp"

namespace fasti::detail {

struct named_type {
  type_id type{};
  std::string name;
};

struct command_type {
  type_id type{};
  std::string name;
  std::optional<type_id> reply;
};

/// The state of one aggregate. User code is called in here, and may throw.
class aggregate_state {
 public:
  virtual ~aggregate_state() = default;
  virtual decision decide(type_id command, body_view body, const command_context& at,
                          emit& out) const = 0;
  virtual void evolve(type_id event, body_view body) = 0;
  virtual decision answer(type_id query, body_view body, ::capnp::MessageBuilder& reply) const = 0;
  virtual bool wants_snapshot() const = 0;
  virtual void save(::capnp::MessageBuilder& into) const = 0;
  virtual void load(body_view body) = 0;
};

/// The struct that a state is saved as.
struct saved_type {
  type_id type{};
  schema_fingerprint schema{};
};

struct decider_port {
  std::string category;
  std::vector<command_type> commands;
  std::vector<named_type> events;
  std::optional<saved_type> snapshot;
  std::function<std::unique_ptr<aggregate_state>()> make;
};

/// What a view answered, and the position that it showed then.
struct view_words {
  std::vector<word> words;
  position as_of{};
};

class projection_state {
 public:
  virtual ~projection_state() = default;
  virtual void apply(const recorded_event& event, row_set& rows) = 0;
  virtual decision answer(type_id query, body_view body, const row_reader& rows,
                          ::capnp::MessageBuilder& reply) const = 0;
};

struct projection_port {
  std::string name;
  std::vector<named_type> events;
  std::function<std::unique_ptr<projection_state>()> make;
  /// The secondary keys of a row; empty: it has none.
  std::function<void(body_view row, std::string_view key, secondary_keys& out)> keys_of;
  /// Empty: the stream.
  std::function<std::string(const recorded_event&)> order_key;
  /// What was truncated leaves nothing behind in it: it passes over such events.
  bool passes_over_truncated = false;
};

/// Thrown when a body comes under a type that the port does not know: a stored event of a type that
/// the program has forgotten, or a command for another category.
struct unknown_type : std::exception {
  explicit unknown_type(type_id t);
  [[nodiscard]] const char* what() const noexcept override { return text.c_str(); }
  type_id type;
  std::string text;
};

template <class... Structs>
std::vector<named_type> names_of(types<Structs...>) {
  return {named_type{type_id_of<Structs>, type_name_of<Structs>()}...};
}

template <class Entry>
command_type command_type_of() {
  using entry = listed<Entry>;
  using command = typename entry::asked;
  command_type named{type_id_of<command>, type_name_of<command>(), std::nullopt};
  if constexpr (!std::is_void_v<typename entry::reply>) {
    named.reply = type_id_of<typename entry::reply>;
  }
  return named;
}
template <class... Entries>
std::vector<command_type> commands_of(types<Entries...>) {
  return {command_type_of<Entries>()...};
}

/// Calls `f.template operator()<Asked, Reply>()` for the command or query whose id is `type`; its
/// reply is void when it declares none.
template <class... Entries, class F>
bool for_asked(types<Entries...>, type_id type, F&& f) {
  return ((type == type_id_of<typename listed<Entries>::asked>
               ? (f.template
                  operator()<typename listed<Entries>::asked, typename listed<Entries>::reply>(),
                  true)
               : false) ||
          ...);
}

template <class Asked, class List>
struct entry_for;
template <class Asked>
struct entry_for<Asked, types<>> {
  static constexpr bool is_listed = false;
  using reply = void;
};
template <class Asked, class First, class... Rest>
struct entry_for<Asked, types<First, Rest...>> {
  using first = listed<First>;
  using others = entry_for<Asked, types<Rest...>>;
  static constexpr bool is_first = std::is_same_v<Asked, typename first::asked>;
  static constexpr bool is_listed = is_first || others::is_listed;
  using reply = std::conditional_t<is_first, typename first::reply, typename others::reply>;
};
/// Whether a decider decides a command, and the reply that it declares for it, or void.
template <class Decider, class Command>
inline constexpr bool takes_command = entry_for<Command, typename Decider::commands>::is_listed;
template <class Decider, class Command>
using reply_to_command = typename entry_for<Command, typename Decider::commands>::reply;
/// The reply that a decider or a projection gives to a query; void when it does not list it.
template <class Holder, class Query>
using reply_of = typename entry_for<Query, typename Holder::queries>::reply;

/// Calls `f.template operator()<Struct>()` for the struct whose id is `type`.
template <class... Structs, class F>
bool for_type(types<Structs...>, type_id type, F&& f) {
  return ((type == type_id_of<Structs> ? (f.template operator()<Structs>(), true) : false) || ...);
}

// -- checks: each names the type and the missing function in the compiler's first line -----------

template <class D, class Entry>
consteval void check_decide() {
  using command = typename listed<Entry>::asked;
  using reply = typename listed<Entry>::reply;
  if constexpr (std::is_void_v<reply>) {
    if constexpr (!decides<D, command>) (void)sizeof(missing::decide<D, command>);
  } else if constexpr (!replies<D, command, reply>) {
    (void)sizeof(missing::decide_with_reply<D, command, reply>);
  }
}
template <class D, class Event>
consteval void check_evolve() {
  if constexpr (!evolves<D, Event>) (void)sizeof(missing::evolve<D, Event>);
}
template <class D>
consteval void check_snapshot() {
  if constexpr (snapshots<D>) {
    using state = typename D::snapshot;
    if constexpr (!saves<D, state>) (void)sizeof(missing::save<D, state>);
    if constexpr (!loads<D, state>) (void)sizeof(missing::load<D, state>);
  }
}
template <class D, class Question>
consteval void check_decider_answer() {
  using q = listed<Question>;
  if constexpr (!answers_from_state<D, typename q::reply, typename q::asked>) {
    (void)sizeof(missing::answer<D, typename q::asked>);
  }
}
template <class P, class Event>
consteval void check_apply() {
  if constexpr (!applies<P, Event>) (void)sizeof(missing::apply<P, Event>);
}
template <class P, class Question>
consteval void check_view_answer() {
  using q = listed<Question>;
  if constexpr (!answers_from_view<P, typename q::reply, typename q::asked>) {
    (void)sizeof(missing::answer<P, typename q::asked>);
  }
}

template <class D, class... Commands, class... Events>
consteval void check_decider(types<Commands...>, types<Events...>) {
  (check_decide<D, Commands>(), ...);
  (check_evolve<D, Events>(), ...);
  check_snapshot<D>();
}
template <class D, class... Questions>
consteval void check_decider_queries(types<Questions...>) {
  (check_decider_answer<D, Questions>(), ...);
}
template <class P, class... Events>
consteval void check_projection(types<Events...>) {
  (check_apply<P, Events>(), ...);
}
template <class P, class... Questions>
consteval void check_projection_queries(types<Questions...>) {
  (check_view_answer<P, Questions>(), ...);
}

// -- ports ---------------------------------------------------------------------------------------

/// What aggregates and process managers have alike: a user's value that is folded, asked, saved.
template <class Interface, class D>
class folded_state : public Interface {
 public:
  void evolve(type_id event, body_view body) override {
    body_reader reader(body);
    auto call = [&]<class E>() { value_.evolve(reader.root<E>()); };
    if (!for_type(typename D::events{}, event, call)) throw unknown_type(event);
  }

  decision answer(type_id query, body_view body, ::capnp::MessageBuilder& reply) const override {
    decision made = accept();
    if constexpr (has_queries<D>) {
      body_reader reader(body);
      auto call = [&]<class Q, class R>() {
        made = value_.answer(reader.root<Q>(), reply.initRoot<R>());
      };
      if (for_asked(typename D::queries{}, query, call)) return made;
    }
    throw unknown_type(query);
  }

  void save(::capnp::MessageBuilder& into) const override {
    if constexpr (snapshots<D>) value_.save(into.initRoot<typename D::snapshot>());
  }

  void load(body_view body) override {
    if constexpr (snapshots<D>) {
      body_reader reader(body);
      value_.load(reader.root<typename D::snapshot>());
    }
  }

 protected:
  D value_{};
};

template <class D>
class aggregate_state_of final : public folded_state<aggregate_state, D> {
 public:
  decision decide(type_id command, body_view body, const command_context& at,
                  emit& out) const override {
    decision made = accept();
    body_reader reader(body);
    auto call = [&]<class C, class R>() {
      if constexpr (!std::is_void_v<R>) {
        if constexpr (replies_in_context<D, C, R>) {
          made = this->value_.decide(reader.root<C>(), out, out.reply<R>(), at);
        } else {
          made = this->value_.decide(reader.root<C>(), out, out.reply<R>());
        }
      } else if constexpr (decides_in_context<D, C>) {
        made = this->value_.decide(reader.root<C>(), out, at);
      } else {
        made = this->value_.decide(reader.root<C>(), out);
      }
    };
    if (!for_asked(typename D::commands{}, command, call)) throw unknown_type(command);
    return made;
  }

  bool wants_snapshot() const override {
    if constexpr (wants_snapshots<D>) {
      return this->value_.wants_snapshot();
    } else {
      return false;
    }
  }

  [[nodiscard]] const D& decider() const noexcept { return this->value_; }
};

template <class D>
[[nodiscard]] decider_port port_of_decider() {
  check_decider<D>(typename D::commands{}, typename D::events{});
  if constexpr (has_queries<D>) check_decider_queries<D>(typename D::queries{});
  decider_port port;
  port.category = D::category;
  port.commands = commands_of(typename D::commands{});
  port.events = names_of(typename D::events{});
  if constexpr (snapshots<D>) {
    using state = typename D::snapshot;
    port.snapshot = {type_id_of<state>, fingerprint_of<state>()};
  }
  port.make = [] { return std::make_unique<aggregate_state_of<D>>(); };
  return port;
}

template <class P>
class projection_state_of final : public projection_state {
 public:
  using row = typename P::row;

  void apply(const recorded_event& event, row_set& set) override {
    body_reader reader(event.body);
    rows<row> changeable(set);
    auto call = [&]<class E>() { projection_.apply(reader.root<E>(), event, changeable); };
    if (!for_type(typename P::events{}, event.type, call)) throw unknown_type(event.type);
  }

  decision answer(type_id query, body_view body, const row_reader& set,
                  ::capnp::MessageBuilder& reply) const override {
    decision made = accept();
    if constexpr (has_queries<P>) {
      body_reader reader(body);
      view<row> readable(set);
      auto call = [&]<class Q, class R>() {
        made = projection_.answer(reader.root<Q>(), readable, reply.initRoot<R>());
      };
      if (for_asked(typename P::queries{}, query, call)) return made;
    }
    throw unknown_type(query);
  }

 private:
  P projection_{};
};

template <class P>
[[nodiscard]] projection_port port_of_projection() {
  check_projection<P>(typename P::events{});
  if constexpr (has_queries<P>) check_projection_queries<P>(typename P::queries{});
  projection_port port;
  port.name = P::name;
  port.events = names_of(typename P::events{});
  port.make = [] { return std::make_unique<projection_state_of<P>>(); };
  if constexpr (requires { &P::keys_of; }) {
    static_assert(has_secondary_keys<P>,
                  "static void keys_of(row::Reader, std::string_view key, fasti::secondary_keys&)");
    port.keys_of = [](body_view row, std::string_view key, secondary_keys& out) {
      body_reader reader(row);
      P::keys_of(reader.root<typename P::row>(), key, out);
    };
  }
  if constexpr (requires { &P::order_key; }) {
    static_assert(has_order_key<P>, "static std::string order_key(const fasti::recorded_event&)");
    port.order_key = P::order_key;
  }
  return port;
}

template <class T>
concept has_category = requires {
  { T::category } -> std::convertible_to<std::string_view>;
};
template <class T>
concept has_name = requires {
  { T::name } -> std::convertible_to<std::string_view>;
};

}  // namespace fasti::detail
