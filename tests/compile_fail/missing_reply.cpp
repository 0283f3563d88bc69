// A command that declares a reply, decided without one: the first error names both.
#include "fasti/runtime.hpp"
#include "ledger.capnp.h"

struct account {
  static constexpr auto category = "account";
  using commands = fasti::types<fasti::test::Drawn(fasti::test::Draw)>;
  using events = fasti::types<fasti::test::Withdrawn>;
  fasti::decision decide(fasti::test::Draw::Reader, fasti::emit&) const { return fasti::accept(); }
  void evolve(fasti::test::Withdrawn::Reader) {}
};

void use(fasti::runtime& rt) { (void)rt.add<account>().has_value(); }
