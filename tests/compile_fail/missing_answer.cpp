// A query whose answer has the wrong reply.
#include "fasti/runtime.hpp"
#include "ledger.capnp.h"

struct totals {
  static constexpr auto name = "totals";
  using events = fasti::types<fasti::test::Deposited>;
  using row = fasti::test::Balance;
  using queries = fasti::types<fasti::test::Balance(fasti::test::GetBalance)>;
  void apply(fasti::test::Deposited::Reader, const fasti::recorded_event&, fasti::rows<row>&) {}
  fasti::decision answer(fasti::test::GetBalance::Reader, const fasti::view<row>&) const {
    return fasti::accept();
  }
};

void use(fasti::runtime& rt) { (void)rt.add<totals>().has_value(); }
