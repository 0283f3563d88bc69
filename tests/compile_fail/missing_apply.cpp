// A projection that names an event and does not fold it.
#include "fasti/runtime.hpp"
#include "ledger.capnp.h"

struct totals {
  static constexpr auto name = "totals";
  using events = fasti::types<fasti::test::Deposited, fasti::test::Withdrawn>;
  using row = fasti::test::Balance;
  void apply(fasti::test::Deposited::Reader, const fasti::recorded_event&, fasti::rows<row>&) {}
};

void use(fasti::runtime& rt) { (void)rt.add<totals>().has_value(); }
