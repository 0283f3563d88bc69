#include "account.hpp"

namespace bank {
namespace {

/// Books a movement that changes the balance by `change`, and sets our balance against the bank's.
template <class Event>
fasti::decision book(const account& a, Movement::Reader m, std::int64_t change, fasti::emit& out) {
  if (!a.is_open) return fasti::reject("no-such-account");
  if (m.getAmount() < 0) return fasti::reject("negative-amount");
  out.event<Event>().setMovement(m);
  if (!m.isStatedBalance()) return fasti::accept();

  const auto difference = m.getStatedBalance() - (a.balance + change + a.gap);
  if (difference == 0) return fasti::accept();
  if (difference >= -rounding_max_cents && difference <= rounding_max_cents) {
    out.event<Corrected>().setDifference(difference);
  } else {
    out.event<Disputed>().setDifference(difference);
  }
  return fasti::accept();
}

}  // namespace

fasti::decision account::decide(Open::Reader c, fasti::emit& out) const {
  if (is_open) return fasti::reject("already-open");
  auto opened = out.event<Opened>();
  opened.setOwner(c.getOwner());
  opened.setOverdraft(c.getOverdraft());
  opened.setBookedAt(c.getBookedAt());
  return fasti::accept();
}

fasti::decision account::decide(Deposit::Reader c, fasti::emit& out) const {
  return book<Deposited>(*this, c.getMovement(), c.getMovement().getAmount(), out);
}

fasti::decision account::decide(Withdraw::Reader c, fasti::emit& out) const {
  const auto amount = c.getMovement().getAmount();
  if (is_open && owner == Owner::CUSTOMER && balance - amount < -overdraft) {
    return fasti::reject("insufficient-funds");
  }
  return book<Withdrawn>(*this, c.getMovement(), -amount, out);
}

fasti::decision account::decide(CreditInterest::Reader c, fasti::emit& out) const {
  return book<InterestCredited>(*this, c.getMovement(), c.getMovement().getAmount(), out);
}

fasti::decision account::decide(ChargeFee::Reader c, fasti::emit& out) const {
  return book<FeeCharged>(*this, c.getMovement(), -c.getMovement().getAmount(), out);
}

void account::evolve(Opened::Reader e) {
  is_open = true;
  owner = e.getOwner();
  overdraft = e.getOverdraft();
}

fasti::decision account::answer(AskAccount::Reader, AccountState::Builder reply) const {
  if (!is_open) return fasti::reject("no-such-account");
  save(reply);
  return fasti::accept();
}

void account::save(AccountState::Builder s) const {
  s.setIsOpen(is_open);
  s.setOwner(owner);
  s.setOverdraft(overdraft);
  s.setBalance(balance);
  s.setGap(gap);
}

void account::load(AccountState::Reader s) {
  is_open = s.getIsOpen();
  owner = s.getOwner();
  overdraft = s.getOverdraft();
  balance = s.getBalance();
  gap = s.getGap();
}

fasti::decision register_book::decide(Begin::Reader c, fasti::emit& out) const {
  if (!source.empty() && source != c.getSource().cStr()) {
    return fasti::reject("another-bank", source);
  }
  if (source.empty()) out.event<Begun>().setSource(c.getSource());
  return fasti::accept();
}

}  // namespace bank
