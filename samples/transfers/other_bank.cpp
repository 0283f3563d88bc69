#include "other_bank.hpp"

#include <stdexcept>

namespace transfers {

fasti::decision gateway::decide(Admit::Reader c, fasti::emit& out) const {
  if (door != door_state::unknown) return fasti::reject("admitted-already");
  auto e = out.event<Admitted>();
  e.setLimitCents(c.getLimitCents());
  e.setReviewMs(c.getReviewMs());
  return fasti::accept();
}

fasti::decision gateway::decide(Close::Reader, fasti::emit& out) const {
  if (door == door_state::unknown) return fasti::reject("no-such-account");
  if (door == door_state::open) out.event<Closed>();
  return fasti::accept();
}

fasti::decision gateway::decide(Instruct::Reader c, fasti::emit& out) const {
  if (const auto known = words.find(c.getTransfer()); known != words.end()) {
    const bool is_recalled = known->second.said == word::recalled;
    return fasti::reject(is_recalled ? "recalled" : "instructed-already");
  }
  if (door == door_state::unknown) return fasti::reject("no-such-account");
  if (door == door_state::closed) return fasti::reject("account-closed");
  if (c.getCents() <= 0) return fasti::reject("not-positive");
  if (c.getCents() > limit_cents) return fasti::reject("over-limit");
  auto e = out.event<Instructed>();
  e.setTransfer(c.getTransfer());
  e.setCents(c.getCents());
  e.setReviewMs(review_ms);
  return fasti::accept();
}

fasti::decision gateway::decide(Confirm::Reader c, fasti::emit& out) const {
  const auto known = words.find(c.getTransfer());
  if (known == words.end()) return fasti::reject("no-such-instruction");
  if (known->second.said == word::recalled) return fasti::reject("recalled");
  if (known->second.said == word::confirmed) return fasti::accept();
  auto e = out.event<Confirmed>();
  e.setTransfer(c.getTransfer());
  e.setCents(known->second.cents);
  return fasti::accept();
}

fasti::decision gateway::decide(Recall::Reader c, fasti::emit& out) const {
  const auto known = words.find(c.getTransfer());
  const auto said = known == words.end() ? word::none : known->second.said;
  if (said == word::confirmed) return fasti::reject("confirmed-already");
  if (said == word::none) out.event<Recalled>().setTransfer(c.getTransfer());
  return fasti::accept();
}

void gateway::evolve(Admitted::Reader e) {
  door = door_state::open;
  limit_cents = e.getLimitCents();
  review_ms = e.getReviewMs();
}

fasti::decision payee::decide(Credit::Reader c, fasti::emit& out) const {
  auto e = out.event<Credited>();
  e.setTransfer(c.getTransfer());
  e.setCents(c.getCents());
  return fasti::accept();
}

fasti::decision payee::answer(AskPayee::Reader, Payee::Builder reply) const {
  reply.setCents(cents);
  return fasti::accept();
}

void payout::react(Instructed::Reader e, fasti::reactions& out) const {
  if (e.getReviewMs() == 0) {
    out.command<Confirm>(out.at().stream).setTransfer(e.getTransfer());
    return;
  }
  out.event<ReviewBegun>().setGateway(std::string(out.at().stream));
  out.set_timer("reviewed", out.at().time + std::chrono::milliseconds(e.getReviewMs()));
}

void payout::react(Confirmed::Reader e, fasti::reactions& out) const {
  const auto at = *fasti::stream_id::parse(out.at().stream);
  auto credit = out.command<Credit>("payee-" + std::string(at.key()));
  credit.setTransfer(e.getTransfer());
  credit.setCents(e.getCents());
}

void payout::on_timer(std::string_view, fasti::reactions& out) const {
  const std::string transfer(out.at().process.key());
  out.command<Confirm>(gateway).setTransfer(transfer);
}

/// A payee takes everything; who begins to refuse has to say here what becomes of the money.
void payout::on_refused(Credit::Reader, const fasti::refusal& why, fasti::reactions&) const {
  throw std::logic_error("a payee refuses money: " + std::string(why.reason));
}

}  // namespace transfers
