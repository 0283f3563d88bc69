#pragma once
/// An account: opened once, then movements. The overdraft rule is the only thing that says no to a
/// customer; interest, fees and corrections are the bank's to book and always pass.
///
/// A movement may state the bank's own balance after it. The comparison is part of the decision,
/// so that a movement and the correction it calls for become durable in one commit: after a crash
/// there is no movement without its correction, and a repeated command corrects nothing twice.

#include <fasti/decider.hpp>

#include <cstdint>

#include "bank.capnp.h"

namespace bank {

/// The bank rounds now and then: up to so many cents are its rounding, more is a dispute.
inline constexpr std::int64_t rounding_max_cents = 10;

struct account {
  static constexpr auto category = "account";
  using commands = fasti::types<Open, Deposit, Withdraw, CreditInterest, ChargeFee>;
  using events =
      fasti::types<Opened, Deposited, Withdrawn, InterestCredited, FeeCharged, Corrected, Disputed>;
  using snapshot = AccountState;
  using queries = fasti::types<AccountState(AskAccount)>;

  fasti::decision decide(Open::Reader c, fasti::emit& out) const;
  fasti::decision decide(Deposit::Reader c, fasti::emit& out) const;
  fasti::decision decide(Withdraw::Reader c, fasti::emit& out) const;
  fasti::decision decide(CreditInterest::Reader c, fasti::emit& out) const;
  fasti::decision decide(ChargeFee::Reader c, fasti::emit& out) const;

  void evolve(Opened::Reader e);
  void evolve(Deposited::Reader e) { balance += e.getMovement().getAmount(); }
  void evolve(Withdrawn::Reader e) { balance -= e.getMovement().getAmount(); }
  void evolve(InterestCredited::Reader e) { balance += e.getMovement().getAmount(); }
  void evolve(FeeCharged::Reader e) { balance -= e.getMovement().getAmount(); }
  void evolve(Corrected::Reader e) { balance += e.getDifference(); }
  void evolve(Disputed::Reader e) { gap += e.getDifference(); }

  fasti::decision answer(AskAccount::Reader, AccountState::Builder reply) const;
  void save(AccountState::Builder s) const;
  void load(AccountState::Reader s);

  bool is_open = false;
  Owner owner = Owner::CUSTOMER;
  std::int64_t overdraft = 0;
  std::int64_t balance = 0;
  std::int64_t gap = 0;  ///< The bank's balance minus ours, as far as it is disputed.
};

/// Remembers which bank a directory holds: another input must not be poured into it by mistake.
struct register_book {
  static constexpr auto category = "register";
  using commands = fasti::types<Begin>;
  using events = fasti::types<Begun>;

  fasti::decision decide(Begin::Reader c, fasti::emit& out) const;
  void evolve(Begun::Reader e) { source = e.getSource().cStr(); }

  std::string source;
};

}  // namespace bank
