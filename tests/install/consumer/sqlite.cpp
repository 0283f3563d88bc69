// One who keeps a table in SQLite: links fasti::sqlite, and includes nothing of SQLite's.
#include <fasti/runtime.hpp>
#include <fasti/sqlite.hpp>

#include <iostream>

#include "counter.capnp.h"

struct sums {
  static constexpr auto name = "sums";
  using events = fasti::types<Added>;

  static void create(fasti::sqlite::database& in) {
    in.run("create table sums(counter text primary key, sum integer)");
  }
  void apply(Added::Reader e, const fasti::recorded_event& at, fasti::sqlite::database& to) {
    to.run("insert into sums values(?1, ?2) on conflict(counter) do update set sum = sum + ?2",
           at.key(), e.getBy());
  }
};

int main(int, char** argv) {
  auto rt = fasti::runtime::open<>({.path = argv[1], .when_missing = fasti::when_missing::create});
  if (!rt) return std::cerr << rt.error().to_string() << '\n', 1;
  auto table = fasti::sqlite::sink_of<sums>({.path = std::string(argv[1]) + ".db"});
  if (!table) return std::cerr << table.error().to_string() << '\n', 1;
  auto added = rt->add_sink(*std::move(table));
  if (!added) return std::cerr << added.error().to_string() << '\n', 1;
  std::cout << "a table called " << rt->stats().sinks.at(0).name << '\n';
}
