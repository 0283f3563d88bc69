// `decide` that is not const: a decision must not change the state it is made on.
#include "fasti/runtime.hpp"
#include "ledger.capnp.h"

struct account {
  static constexpr auto category = "account";
  using commands = fasti::types<fasti::test::Deposit>;
  using events = fasti::types<fasti::test::Deposited>;
  fasti::decision decide(fasti::test::Deposit::Reader, fasti::emit&) { return fasti::accept(); }
  void evolve(fasti::test::Deposited::Reader) {}
};

void use(fasti::runtime& rt) { (void)rt.add<account>().has_value(); }
