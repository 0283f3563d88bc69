#include "payment.hpp"

namespace orders {
namespace {

/// Of one payment: more is a slip of somebody's.
constexpr std::int64_t top_up_cents_max = 1'000'000'000;

}  // namespace

fasti::decision payment::decide(TopUp::Reader c, fasti::emit& out) const {
  if (c.getCents() <= 0) return fasti::reject("not-positive");
  if (c.getCents() > top_up_cents_max) return fasti::reject("too-much");
  out.event<ToppedUp>().setCents(c.getCents());
  return fasti::accept();
}

fasti::decision payment::decide(Charge::Reader c, fasti::emit& out) const {
  if (c.getCents() < 0) return fasti::reject("negative");
  if (charged.contains(c.getOrder())) return fasti::reject("charged-already");
  if (c.getCents() > cents) return fasti::reject("insufficient-funds");
  auto e = out.event<Charged>();
  e.setOrder(c.getOrder());
  e.setCents(c.getCents());
  return fasti::accept();
}

fasti::decision payment::decide(Refund::Reader c, fasti::emit& out) const {
  const auto paid = charged.find(c.getOrder());
  if (paid == charged.end()) return fasti::accept();
  auto e = out.event<Refunded>();
  e.setOrder(c.getOrder());
  e.setCents(paid->second);
  return fasti::accept();
}

void payment::evolve(Charged::Reader e) {
  cents -= e.getCents();
  charged[e.getOrder()] = e.getCents();
}

void payment::evolve(Refunded::Reader e) {
  cents += e.getCents();
  charged.erase(e.getOrder());
}

fasti::decision payment::answer(AskFunds::Reader, Funds::Builder reply) const {
  reply.setCents(cents);
  return fasti::accept();
}

fasti::decision numbers::decide(TakeNumber::Reader, fasti::emit& out, Number::Builder reply) const {
  out.event<NumberTaken>().setNumber(newest + 1);
  reply.setNumber(newest + 1);
  return fasti::accept();
}

}  // namespace orders
