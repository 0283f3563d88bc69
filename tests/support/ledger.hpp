#pragma once
/// The deciders and projections that the tests share.

#include <stdexcept>

#include "fasti/decider.hpp"
#include "fasti/projection.hpp"
#include "ledger.capnp.h"

namespace fasti::test {

struct ledger {
  static constexpr auto category = "ledger";
  using commands = types<Deposit, Withdraw, Drawn(Draw), Split, Misbehave>;
  using events = types<Deposited, Withdrawn, Poisoned>;
  using snapshot = LedgerState;
  using queries = types<Balance(GetBalance)>;

  decision decide(Deposit::Reader c, emit& out) const {
    if (c.getCents() <= 0) return reject("not-positive");
    out.event<Deposited>().setCents(c.getCents());
    return accept();
  }
  decision decide(Withdraw::Reader c, emit& out, const command_context&) const {
    if (c.getCents() > balance) return reject("insufficient-funds", "balance too low");
    auto e = out.event<Withdrawn>();
    e.setCents(c.getCents());
    e.setNote(c.getNote());
    return accept();
  }
  decision decide(Draw::Reader c, emit& out, Drawn::Builder reply) const {
    if (c.getCents() > balance) return reject("insufficient-funds");
    reply.setLeft(balance - c.getCents());
    if (c.getCents() == 0) return accept();
    out.event<Withdrawn>().setCents(c.getCents());
    out.tag("drawn");
    return accept();
  }
  decision decide(Split::Reader c, emit& out) const {
    for (const auto part : c.getParts()) out.event<Deposited>().setCents(part);
    return accept();
  }
  decision decide(Misbehave::Reader c, emit& out) const {
    switch (c.getHow()) {
      case Misbehave::How::THROW_IN_DECIDE:
        out.event<Deposited>().setCents(1);
        throw std::runtime_error("decide is cross");
      case Misbehave::How::THROW_IN_EVOLVE:
        out.event<Deposited>().setCents(1'000'000);
        out.event<Poisoned>();
        break;
      case Misbehave::How::THROW_A_NUMBER:
        throw 42;  // NOLINT(hicpp-exception-baseclass)
      case Misbehave::How::NOTHING:
        break;
      case Misbehave::How::UNDECLARED_EVENT:
        out.event<Undeclared>();
        break;
      case Misbehave::How::MANY:
        for (int i = 0; i < 200; ++i) out.event<Deposited>().setCents(1);
        break;
      case Misbehave::How::ENDLESS:
        while (true) out.event<Deposited>().setCents(1);
    }
    return accept();
  }

  void evolve(Deposited::Reader e) {
    balance += e.getCents();
    ++entries;
  }
  void evolve(Withdrawn::Reader e) {
    balance -= e.getCents();
    ++entries;
  }
  void evolve(Poisoned::Reader) { throw std::runtime_error("evolve is cross"); }

  decision answer(GetBalance::Reader, Balance::Builder reply) const {
    reply.setCents(balance);
    reply.setEntries(entries);
    return accept();
  }

  void save(LedgerState::Builder s) const {
    s.setBalance(balance);
    s.setEntries(entries);
  }
  void load(LedgerState::Reader s) {
    balance = s.getBalance();
    entries = s.getEntries();
  }

  std::int64_t balance = 0;
  std::uint64_t entries = 0;
};

struct balances {
  static constexpr auto name = "balances";
  using events = types<Deposited, Withdrawn>;
  using row = Balance;
  using queries = types<Balance(GetBalance)>;

  void apply(Deposited::Reader e, const recorded_event& at, rows<row>& rows) {
    add(at.key(), e.getCents(), rows);
  }
  void apply(Withdrawn::Reader e, const recorded_event& at, rows<row>& rows) {
    if (e.getNote() == "poison") throw std::runtime_error("apply is cross");
    add(at.key(), -e.getCents(), rows);
    if (e.getNote() == "close") rows.erase(at.key());
  }
  decision answer(GetBalance::Reader q, const view<row>& view, Balance::Builder reply) const {
    const auto found = view.find(q.getAccount().cStr());
    if (!found) return reject("no-such-account");
    reply.setCents((*found)->getCents());
    reply.setEntries((*found)->getEntries());
    return accept();
  }

 protected:
  static void add(std::string_view key, std::int64_t cents, rows<row>& rows) {
    auto r = rows.at(key);
    r.setCents(r.getCents() + cents);
    r.setEntries(r.getEntries() + 1);
  }
};

}  // namespace fasti::test
