// A table that is to be made anew, and cannot be dropped.
#include "fasti/sqlite.hpp"
#include "ledger.capnp.h"

struct turnover {
  static constexpr auto name = "turnover";
  using events = fasti::types<fasti::test::Deposited>;
  static void create(fasti::sqlite::database&) {}
  void apply(fasti::test::Deposited::Reader, const fasti::recorded_event&,
             fasti::sqlite::database&) {}
};

void use() { (void)fasti::sqlite::start_over<turnover>({.path = "reports.db"}).has_value(); }
