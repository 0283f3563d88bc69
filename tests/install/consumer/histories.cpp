// A stranger's test of a decider of his own, with generated histories.
#include <fasti/testing/histories.hpp>

#include <iostream>

#include "counter.capnp.h"

struct counter {
  static constexpr auto category = "counter";
  using commands = fasti::types<Add>;
  using events = fasti::types<Added>;

  fasti::decision decide(Add::Reader c, fasti::emit& out) const {
    if (count + c.getBy() < 0) return fasti::reject("below-zero");
    out.event<Added>().setBy(c.getBy());
    return fasti::accept();
  }
  void evolve(Added::Reader e) { count += e.getBy(); }

  std::int64_t count = 0;
};

int main() {
  const auto report =
      fasti::testing::histories<counter>({.cases = 200})
          .filling<Add>([](Add::Builder c, fasti::testing::dice& d) { c.setBy(d.between(-9, 9)); })
          .always([](const counter& c) { return c.count >= 0; }, "not below zero")
          .check();
  std::cout << report.to_string() << '\n';
}
