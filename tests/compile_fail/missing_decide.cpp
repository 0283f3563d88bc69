// A command without `decide`: the first error names the type and the command.
#include "fasti/runtime.hpp"
#include "ledger.capnp.h"

struct account {
  static constexpr auto category = "account";
  using commands = fasti::types<fasti::test::Deposit, fasti::test::Withdraw>;
  using events = fasti::types<fasti::test::Deposited>;
  fasti::decision decide(fasti::test::Deposit::Reader, fasti::emit&) const {
    return fasti::accept();
  }
  void evolve(fasti::test::Deposited::Reader) {}
};

void use(fasti::runtime& rt) { (void)rt.add<account>().has_value(); }
