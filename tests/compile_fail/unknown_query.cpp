// A query that the projection does not list.
#include "fasti/runtime.hpp"
#include "ledger.capnp.h"

struct totals {
  static constexpr auto name = "totals";
  using events = fasti::types<fasti::test::Deposited>;
  using row = fasti::test::Balance;
  using queries = fasti::types<>;
  void apply(fasti::test::Deposited::Reader, const fasti::recorded_event&, fasti::rows<row>&) {}
};

void use(fasti::runtime& rt) {
  (void)rt.query<totals, fasti::test::GetBalance>([](auto) {}).get().has_value();
}
