// A message to a runtime's actor with a command that is not the decider's.
#include "fasti/caf.hpp"
#include "ledger.hpp"

void use() {
  (void)fasti::command<fasti::test::ledger, fasti::test::GetBalance>("ledger-1", [](auto) {});
}
