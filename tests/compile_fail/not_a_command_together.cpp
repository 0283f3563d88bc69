// Of several commands at once one is not its decider's.
#include "fasti/together.hpp"
#include "ledger.hpp"

void use() {
  (void)fasti::to<fasti::test::ledger, fasti::test::GetBalance>("ledger-1", [](auto) {});
}
