// A process manager that goes by the correlation names no key: compiles, whatever the compiler.
#include "fasti/runtime.hpp"
#include "ledger.capnp.h"

struct follower {
  static constexpr auto category = "follower";
  using reacts_to = fasti::types<fasti::test::Deposited>;
  using commands = fasti::types<fasti::test::Withdraw>;
  using events = fasti::types<fasti::test::Drawn>;
  void react(fasti::test::Deposited::Reader, fasti::reactions&) const {}
  void on_refused(fasti::test::Withdraw::Reader, const fasti::refusal&, fasti::reactions&) const {}
  void evolve(fasti::test::Drawn::Reader) {}
};

void use(fasti::runtime& rt) { (void)rt.add<follower>().has_value(); }
