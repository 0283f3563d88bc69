#pragma once
/// Commands to several aggregates that take effect together or not at all (P3).
///
///     auto moved = rt.send_together(
///         {fasti::to<account, Withdraw>("account-1", [](auto c) { c.setCents(500); }),
///          fasti::to<account, Deposit>("account-2", [](auto c) { c.setCents(500); })},
///         {.id = fasti::command_id::of("transfer 4711")}).get();
///
/// Each command is decided by its aggregate's decider on the state that is durable; all must
/// accept. Their events are one commit, which is stored if each stream still has the version that
/// its decision rests on; else all are decided anew, at most
/// `runtime_options::conflict_retries_max` times. The aggregates themselves go on meanwhile, and
/// see what came of it before the sender is told.
///
/// This is for a few streams of one journal that rarely meet: moving money between two accounts. It
/// is the wrong tool where one of them is busy (whoever writes alone is faster, so this one starves
/// and says `conflict`), where a step takes time or happens elsewhere, or where what is half done
/// may be seen: there a process manager sends one command after the other and takes back what it
/// must.

#include "fasti/conditions.hpp"
#include "fasti/detail/port.hpp"

namespace fasti {

/// A command with its address.
struct addressed_command {
  std::string stream;
  std::string category;  ///< Of the decider that it is meant for.
  type_id type{};
  std::vector<word> body;
};

template <class Decider, schema_struct Command, class Fill>
[[nodiscard]] addressed_command to(std::string_view stream, Fill&& fill) {
  static_assert(detail::takes_command<Decider, Command>, "it is not one of the decider's commands");
  return {std::string(stream), std::string(Decider::category), type_id_of<Command>,
          build<Command>(std::forward<Fill>(fill))};
}

/// What commands that took effect together led to. Replies that they declare are not kept.
struct joint_receipt {
  struct part {
    stream_id stream;
    fasti::version version{};  ///< After them.
    std::uint32_t events = 0;
  };
  command_id command;
  std::vector<part> parts;     ///< Of the streams that got events, in the order of the commands.
  fasti::position position{};  ///< Of the last event: hand it to a query to read your own writes.
  committed::kind what = committed::kind::fresh;
  timestamp time;
};

}  // namespace fasti
