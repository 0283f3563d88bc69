#pragma once
/// What one customer has with us: topped up in advance, charged an order at a time.

#include <fasti/decider.hpp>

#include <map>

#include "orders.capnp.h"

namespace orders {

struct payment {
  static constexpr auto category = "payment";
  using commands = fasti::types<TopUp, Charge, Refund>;
  using events = fasti::types<ToppedUp, Charged, Refunded>;
  using queries = fasti::types<Funds(AskFunds)>;

  fasti::decision decide(TopUp::Reader c, fasti::emit& out) const;
  fasti::decision decide(Charge::Reader c, fasti::emit& out) const;
  /// Never charged, or given back before: nothing had to happen.
  fasti::decision decide(Refund::Reader c, fasti::emit& out) const;

  void evolve(ToppedUp::Reader e) { cents += e.getCents(); }
  void evolve(Charged::Reader e);
  void evolve(Refunded::Reader e);

  fasti::decision answer(AskFunds::Reader, Funds::Builder reply) const;

  std::int64_t cents = 0;
  std::map<std::string, std::int64_t> charged;  ///< By order.
};

/// Hands out order numbers. A request that comes twice gets the same one, because it carries the
/// same command id; one that is rejected later leaves a gap.
struct numbers {
  static constexpr auto category = "numbers";
  using commands = fasti::types<Number(TakeNumber)>;
  using events = fasti::types<NumberTaken>;

  fasti::decision decide(TakeNumber::Reader, fasti::emit& out, Number::Builder reply) const;
  void evolve(NumberTaken::Reader e) { newest = e.getNumber(); }

  std::uint64_t newest = 0;
};

}  // namespace orders
