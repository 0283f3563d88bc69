// A question to a view through a runtime's actor that the projection does not list.
#include "fasti/caf.hpp"
#include "ledger.hpp"

void use() {
  (void)fasti::query<fasti::test::balances, fasti::test::Deposit>([](auto) {});
}
