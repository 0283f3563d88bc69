// A table that nobody makes.
#include "fasti/sqlite.hpp"
#include "ledger.capnp.h"

struct turnover {
  static constexpr auto name = "turnover";
  using events = fasti::types<fasti::test::Deposited>;
  void apply(fasti::test::Deposited::Reader, const fasti::recorded_event&,
             fasti::sqlite::database&) {}
};

void use() { (void)fasti::sqlite::sink_of<turnover>({.path = "reports.db"}).has_value(); }
