#pragma once
/// Deciders with a bug each, for the tests of who looks for bugs.

#include "fasti/testing/histories.hpp"
#include "kinds.capnp.h"
#include "tests/support/ledger.hpp"

namespace fasti::test {

/// What the kit says to `wrong`.
template <class F>
std::string said_to(F&& wrong) {
  try {
    wrong();
  } catch (const testing::mismatch& m) {
    return m.what();
  }
  return "nothing";
}

/// … of the history: what stands before the line on where it was found.
template <class F>
std::string history_told_to(F&& wrong) {
  const auto told = said_to(std::forward<F>(wrong));
  return told.substr(0, told.find("\nfound in case "));
}

/// A ledger that gives more than it has.
struct overdrawn {
  static constexpr auto category = "overdrawn";
  using commands = types<Deposit, Withdraw>;
  using events = types<Deposited, Withdrawn>;

  decision decide(Deposit::Reader c, emit& out) const {
    if (c.getCents() <= 0 || c.getCents() > 1'000'000) return reject("not-positive");
    out.event<Deposited>().setCents(c.getCents());
    return accept();
  }
  decision decide(Withdraw::Reader c, emit& out) const {
    if (c.getCents() <= 0) return reject("not-positive");
    const auto credit = balance > 500 ? 100 : 0;  // the bug
    if (c.getCents() > balance + credit) return reject("insufficient-funds");
    out.event<Withdrawn>().setCents(c.getCents());
    return accept();
  }
  void evolve(Deposited::Reader e) { balance += e.getCents(); }
  void evolve(Withdrawn::Reader e) { balance -= e.getCents(); }

  std::int64_t balance = 0;
};

struct never {
  static constexpr auto category = "never";
  using commands = types<Deposit>;
  using events = types<Deposited>;

  decision decide(Deposit::Reader, emit&) const { return reject("on-principle"); }
  void evolve(Deposited::Reader) {}
};

}  // namespace fasti::test
