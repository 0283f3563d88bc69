#pragma once
/// The process manager of a transfer, under the transfer's name.
///
///     ordered ──▶ hold here ──▶ instruct there ──▶ confirmed: settle ────────▶ completed
///                     │               ├─refused:── release ──────────────────▶ refused
///                     │               └─no answer: recall ─┬─recalled: release▶ recalled
///                     └─refused ▶ rejected                 └─refused: confirmed already; wait
///
/// Between the two banks one word decides, and one aggregate says it: the other bank's gateway has
/// either confirmed a transfer or recalled it. So a confirmation that comes while the recall is
/// under way is no special case: the recall is refused, and the money stays where it was sent.

#include <fasti/process.hpp>

#include "names.hpp"
#include "transfers.capnp.h"

namespace transfers {

struct transfer {
  static constexpr auto category = "transfer";
  using reacts_to = fasti::types<Ordered, Held, Confirmed, Recalled, Settled, Released>;
  using commands = fasti::types<Hold, Instruct, Recall, Settle, Release>;
  using events = fasti::types<Begun, Overdue, Resolved, Ended>;
  using queries = fasti::types<Transfer(AskTransfer)>;

  using key = std::optional<std::string>;
  using recorded = const fasti::recorded_event&;
  static key key_of(Ordered::Reader, recorded at) { return std::string(at.key()); }
  static key key_of(Held::Reader e, recorded) { return key_of_transfer(e.getTransfer()); }
  static key key_of(Confirmed::Reader e, recorded) { return key_of_transfer(e.getTransfer()); }
  static key key_of(Recalled::Reader e, recorded) { return key_of_transfer(e.getTransfer()); }
  static key key_of(Settled::Reader e, recorded) { return key_of_transfer(e.getTransfer()); }
  static key key_of(Released::Reader e, recorded) { return key_of_transfer(e.getTransfer()); }

  void react(Ordered::Reader e, fasti::reactions& out) const;
  /// These count from the two streams only that this transfer is about: others may use its name.
  void react(Held::Reader, fasti::reactions& out) const;
  void react(Confirmed::Reader, fasti::reactions& out) const;
  void react(Recalled::Reader, fasti::reactions& out) const;
  void react(Settled::Reader, fasti::reactions& out) const;
  void react(Released::Reader, fasti::reactions& out) const;

  void on_timer(std::string_view, fasti::reactions& out) const;

  void on_refused(Hold::Reader, const fasti::refusal& why, fasti::reactions& out) const;
  void on_refused(Instruct::Reader, const fasti::refusal& why, fasti::reactions& out) const;
  /// It was confirmed; that is on its way to us.
  void on_refused(Recall::Reader, const fasti::refusal&, fasti::reactions&) const {}
  void on_refused(Settle::Reader, const fasti::refusal& why, fasti::reactions&) const;
  void on_refused(Release::Reader, const fasti::refusal& why, fasti::reactions&) const;

  void evolve(Begun::Reader e);
  void evolve(Overdue::Reader) { is_overdue = true; }
  void evolve(Resolved::Reader e);
  void evolve(Ended::Reader) { has_ended = true; }

  fasti::decision answer(AskTransfer::Reader, Transfer::Builder reply) const;

  std::string from;  ///< Streams.
  std::string to;
  std::int64_t cents = 0;
  std::chrono::milliseconds patience{0};
  bool is_overdue = false;
  Outcome outcome = Outcome::NONE;
  std::string reason;
  bool has_ended = false;

 private:
  void give_back(Outcome how, std::string_view why, fasti::reactions& out) const;
  void end(Outcome how, std::string_view why, fasti::reactions& out) const;
};

}  // namespace transfers
