// A question to an aggregate through a runtime's actor that its decider does not list.
#include "fasti/caf.hpp"
#include "ledger.hpp"

void use() {
  (void)fasti::query<fasti::test::ledger, fasti::test::Deposit>("ledger-1", [](auto) {});
}
