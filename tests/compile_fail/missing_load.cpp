// A snapshot that can be saved, but not loaded.
#include "fasti/runtime.hpp"
#include "ledger.capnp.h"

struct account {
  static constexpr auto category = "account";
  using commands = fasti::types<fasti::test::Deposit>;
  using events = fasti::types<fasti::test::Deposited>;
  using snapshot = fasti::test::LedgerState;
  fasti::decision decide(fasti::test::Deposit::Reader, fasti::emit&) const {
    return fasti::accept();
  }
  void evolve(fasti::test::Deposited::Reader) {}
  void save(fasti::test::LedgerState::Builder) const {}
};

void use(fasti::runtime& rt) { (void)rt.add<account>().has_value(); }
