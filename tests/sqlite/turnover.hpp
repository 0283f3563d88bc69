#pragma once
/// What the tests keep in SQLite: a row for each account, from the ledger's events.

#include "fasti/runtime.hpp"
#include "fasti/sqlite.hpp"
#include "ledger.hpp"

namespace fasti::test {

struct turnover {
  static constexpr auto name = "turnover";
  using events = types<Deposited, Withdrawn>;

  static void create(sqlite::database& in) {
    in.run(
        "create table turnover(account text primary key, cents integer not null,"
        " entries integer not null, last integer not null)");
    in.run("create index turnover_by_cents on turnover(cents)");
  }
  static void drop(sqlite::database& in) { in.run("drop table turnover"); }

  void apply(Deposited::Reader e, const recorded_event& at, sqlite::database& to) {
    add(at, e.getCents(), to);
  }
  void apply(Withdrawn::Reader e, const recorded_event& at, sqlite::database& to) {
    add(at, -e.getCents(), to);
    if (e.getNote() == "poison") throw std::runtime_error("apply is cross");
    if (e.getNote() == "close") to.run("delete from turnover where account = ?1", at.key());
  }

 private:
  static void add(const recorded_event& at, std::int64_t cents, sqlite::database& to) {
    to.run(
        "insert into turnover values(?1, ?2, 1, ?3) on conflict(account) do update set"
        " cents = cents + excluded.cents, entries = entries + 1, last = excluded.last",
        at.key(), cents, count_of(at.position));
  }
};

}  // namespace fasti::test
