#include "our_bank.hpp"

#include "names.hpp"

namespace transfers {
namespace {

/// Of one deposit or transfer: more is a slip of somebody's, and sums stay far from what 64 bits
/// hold.
constexpr std::int64_t cents_max = 1'000'000'000'000;

fasti::decision check_amount(std::int64_t cents) {
  if (cents <= 0) return fasti::reject("not-positive");
  if (cents > cents_max) return fasti::reject("too-much");
  return fasti::accept();
}

}  // namespace

fasti::decision order::decide(Order::Reader c, fasti::emit& out,
                              const fasti::command_context& at) const {
  if (is_ordered) return fasti::reject("ordered-already");
  for (const auto name : {at.stream.key(), text(c.getFrom()), text(c.getTo())}) {
    if (!is_good_name(name)) return fasti::reject("bad-name");
  }
  auto may = check_amount(c.getCents());
  if (!may.is_accepted()) return may;
  auto e = out.event<Ordered>();
  e.setFrom(c.getFrom());
  e.setTo(c.getTo());
  e.setCents(c.getCents());
  e.setPatienceMs(c.getPatienceMs());
  return may;
}

fasti::decision account::decide(Deposit::Reader c, fasti::emit& out) const {
  auto may = check_amount(c.getCents());
  if (may.is_accepted()) out.event<Deposited>().setCents(c.getCents());
  return may;
}

fasti::decision account::decide(Hold::Reader c, fasti::emit& out) const {
  if (c.getCents() <= 0) return fasti::reject("not-positive");
  if (held.contains(c.getTransfer())) return fasti::reject("held-already");
  if (c.getCents() > free) return fasti::reject("insufficient-funds");
  auto e = out.event<Held>();
  e.setTransfer(c.getTransfer());
  e.setCents(c.getCents());
  return fasti::accept();
}

fasti::decision account::decide(Settle::Reader c, fasti::emit& out) const {
  const auto part = held.find(c.getTransfer());
  if (part == held.end()) return fasti::reject("not-held");
  auto e = out.event<Settled>();
  e.setTransfer(c.getTransfer());
  e.setCents(part->second);
  return fasti::accept();
}

fasti::decision account::decide(Release::Reader c, fasti::emit& out) const {
  const auto part = held.find(c.getTransfer());
  if (part == held.end()) return fasti::reject("not-held");
  auto e = out.event<Released>();
  e.setTransfer(c.getTransfer());
  e.setCents(part->second);
  e.setReason(c.getReason());
  return fasti::accept();
}

void account::evolve(Held::Reader e) {
  free -= e.getCents();
  held[e.getTransfer()] = e.getCents();
}

void account::evolve(Released::Reader e) {
  free += e.getCents();
  held.erase(e.getTransfer());
}

fasti::decision account::answer(AskAccount::Reader, Account::Builder reply) const {
  save(reply);
  return fasti::accept();
}

void account::save(Account::Builder s) const {
  s.setFree(free);
  auto parts = s.initHeld(static_cast<unsigned>(held.size()));
  unsigned i = 0;
  for (const auto& [transfer, cents] : held) {
    parts[i].setTransfer(transfer.c_str());
    parts[i++].setCents(cents);
  }
}

void account::load(Account::Reader s) {
  free = s.getFree();
  held.clear();
  for (const auto part : s.getHeld()) held[part.getTransfer()] = part.getCents();
}

}  // namespace transfers
