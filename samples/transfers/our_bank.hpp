#pragma once
/// Our bank: what customers order, and what they have with us. An order is decided on its own; the
/// money is held, and then settled or released, by the order's process manager.

#include <fasti/decider.hpp>

#include <map>

#include "transfers.capnp.h"

namespace transfers {

/// One order of a customer's, under the transfer's name.
struct order {
  static constexpr auto category = "order";
  using commands = fasti::types<Order>;
  using events = fasti::types<Ordered>;

  fasti::decision decide(Order::Reader c, fasti::emit& out, const fasti::command_context& at) const;
  void evolve(Ordered::Reader) { is_ordered = true; }

  bool is_ordered = false;
};

/// What a customer has with us: free, or held for a transfer.
struct account {
  static constexpr auto category = "account";
  using commands = fasti::types<Deposit, Hold, Settle, Release>;
  using events = fasti::types<Deposited, Held, Settled, Released>;
  using snapshot = Account;
  using queries = fasti::types<Account(AskAccount)>;

  fasti::decision decide(Deposit::Reader c, fasti::emit& out) const;
  fasti::decision decide(Hold::Reader c, fasti::emit& out) const;
  fasti::decision decide(Settle::Reader c, fasti::emit& out) const;
  fasti::decision decide(Release::Reader c, fasti::emit& out) const;

  void evolve(Deposited::Reader e) { free += e.getCents(); }
  void evolve(Held::Reader e);
  void evolve(Settled::Reader e) { held.erase(e.getTransfer()); }
  void evolve(Released::Reader e);

  fasti::decision answer(AskAccount::Reader, Account::Builder reply) const;
  void save(Account::Builder s) const;
  void load(Account::Reader s);

  std::int64_t free = 0;
  std::map<std::string, std::int64_t> held;  ///< By transfer.
};

}  // namespace transfers
