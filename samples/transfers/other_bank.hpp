#pragma once
/// The other bank. We see its gateway only: it takes instructions, refuses them, or stays silent
/// while somebody there looks at them. How it pays out what it has confirmed is its own affair: a
/// process manager of its own credits its accounts.
///
///     instructed ──confirm──▶ confirmed (it will be paid out)
///          └──────recall────▶ recalled (it never will)

#include <fasti/process.hpp>

#include <map>

#include "names.hpp"
#include "transfers.capnp.h"

namespace transfers {

/// The way in to one account. For each transfer it says one final word, confirmed or recalled: what
/// comes first. A recall that overtakes its instruction counts as well.
struct gateway {
  static constexpr auto category = "gateway";
  using commands = fasti::types<Admit, Close, Instruct, Confirm, Recall>;
  using events = fasti::types<Admitted, Closed, Instructed, Confirmed, Recalled>;

  fasti::decision decide(Admit::Reader c, fasti::emit& out) const;
  fasti::decision decide(Close::Reader, fasti::emit& out) const;
  fasti::decision decide(Instruct::Reader c, fasti::emit& out) const;
  fasti::decision decide(Confirm::Reader c, fasti::emit& out) const;
  fasti::decision decide(Recall::Reader c, fasti::emit& out) const;

  void evolve(Admitted::Reader e);
  void evolve(Closed::Reader) { door = door_state::closed; }
  void evolve(Instructed::Reader e) { words[e.getTransfer()] = {word::none, e.getCents()}; }
  void evolve(Confirmed::Reader e) { words[e.getTransfer()].said = word::confirmed; }
  void evolve(Recalled::Reader e) { words[e.getTransfer()].said = word::recalled; }

  enum class door_state : std::uint8_t { unknown, open, closed };
  enum class word : std::uint8_t { none, confirmed, recalled };
  struct instruction {
    word said = word::none;
    std::int64_t cents = 0;
  };
  door_state door = door_state::unknown;
  std::int64_t limit_cents = 0;
  std::uint32_t review_ms = 0;
  std::map<std::string, instruction> words;  ///< By transfer.
};

/// An account there.
struct payee {
  static constexpr auto category = "payee";
  using commands = fasti::types<Credit>;
  using events = fasti::types<Credited>;
  using queries = fasti::types<Payee(AskPayee)>;

  fasti::decision decide(Credit::Reader c, fasti::emit& out) const;
  void evolve(Credited::Reader e) { cents += e.getCents(); }
  fasti::decision answer(AskPayee::Reader, Payee::Builder reply) const;

  std::int64_t cents = 0;
};

/// Looks at an instruction as long as that takes, confirms it, and pays out what was confirmed.
struct payout {
  static constexpr auto category = "payout";
  using reacts_to = fasti::types<Instructed, Confirmed>;
  using commands = fasti::types<Confirm, Credit>;
  using events = fasti::types<ReviewBegun>;

  static std::optional<std::string> key_of(Instructed::Reader e, const fasti::recorded_event&) {
    return key_of_transfer(e.getTransfer());
  }
  static std::optional<std::string> key_of(Confirmed::Reader e, const fasti::recorded_event&) {
    return key_of_transfer(e.getTransfer());
  }
  void react(Instructed::Reader e, fasti::reactions& out) const;
  void react(Confirmed::Reader e, fasti::reactions& out) const;
  void on_timer(std::string_view, fasti::reactions& out) const;
  /// It was recalled meanwhile: nothing was paid out.
  void on_refused(Confirm::Reader, const fasti::refusal&, fasti::reactions&) const {}
  void on_refused(Credit::Reader, const fasti::refusal& why, fasti::reactions&) const;
  void evolve(ReviewBegun::Reader e) { gateway = e.getGateway().cStr(); }

  std::string gateway;  ///< Its stream.
};

}  // namespace transfers
