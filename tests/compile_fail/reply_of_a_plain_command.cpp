// A reply that no decider declares cannot be waited for: the first error says of which command.
#include "fasti/runtime.hpp"
#include "ledger.hpp"

void use(fasti::runtime& rt) {
  (void)rt.send<fasti::test::ledger, fasti::test::Deposit>("ledger-1", [](auto) {});
}
