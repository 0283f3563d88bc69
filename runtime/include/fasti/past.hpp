#pragma once
/// What an aggregate was, and what it would do.
///
///     auto then = rt.state_of<account>("account-4711", {.version = fasti::version{5}});
///     if (then) std::cout << then->state.balance;
///
///     auto supposed = rt.what_if<account, Withdraw>("account-4711",
///                                                   [](auto c) { c.setCents(500); });
///     if (supposed && supposed->made.is_accepted()) std::cout << supposed->after.balance;
///
/// Both fold stored events into a decider of their own: nothing is stored, the live aggregate is
/// not asked and does not notice. They see every event that was durable when they were called.
/// Deciders must be copyable for that.

#include "fasti/detail/port.hpp"
#include "fasti/journal.hpp"

namespace fasti {

/// Which of its states. The earlier one counts when both are given; with neither it is the newest.
struct moment {
  fasti::version version = latest_version;  ///< After the event with this version.
  timestamp time = timestamp::max();        ///< After the last event written then or before.
};

/// An aggregate's state at a moment.
template <class Decider>
struct past {
  Decider state;
  fasti::version version{};  ///< Of the last event in it; `no_version`: nothing had happened yet.
};

/// An event that was not stored.
struct supposed_event {
  type_id type{};
  std::vector<word> body;
  std::string packed_tags;

  [[nodiscard]] tag_list tags() const noexcept { return tag_list(packed_tags); }
  /// Nothing when it is of another type.
  template <schema_struct Event>
  [[nodiscard]] std::optional<owned<Event>> as() const {
    if (type != type_id_of<Event>) return std::nullopt;
    return owned<Event>(body);
  }
};

/// What a command would come to.
template <class Decider>
struct supposition {
  decision made;
  std::vector<supposed_event> events;  ///< None when it was rejected.
  command_reply reply;                 ///< Of a command that declares one.
  past<Decider> before;
  Decider after;  ///< As `before` when it was rejected.

  /// Nothing when the command declares no reply, or another one.
  template <schema_struct Reply>
  [[nodiscard]] std::optional<owned<Reply>> reply_as() const {
    if (reply.is_none() || reply.type != type_id_of<Reply>) return std::nullopt;
    return owned<Reply>(reply.body);
  }
};

namespace detail {

struct past_state {
  std::unique_ptr<aggregate_state> state;
  fasti::version version{};
};

struct supposed_outcome {
  decision made = accept();
  std::vector<supposed_event> events;
  command_reply reply;
};

template <class Decider>
[[nodiscard]] Decider copy_of(const aggregate_state& state) {
  return static_cast<const aggregate_state_of<Decider>&>(state).decider();
}

}  // namespace detail
}  // namespace fasti
