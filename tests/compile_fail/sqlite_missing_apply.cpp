// A table that names an event and does not take it.
#include "fasti/sqlite.hpp"
#include "ledger.capnp.h"

struct turnover {
  static constexpr auto name = "turnover";
  using events = fasti::types<fasti::test::Deposited, fasti::test::Withdrawn>;
  static void create(fasti::sqlite::database&) {}
  void apply(fasti::test::Deposited::Reader, const fasti::recorded_event&,
             fasti::sqlite::database&) {}
};

void use() { (void)fasti::sqlite::sink_of<turnover>({.path = "reports.db"}).has_value(); }
