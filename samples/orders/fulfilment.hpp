#pragma once
/// The process manager of an order, under the order's number: puts every line aside, has the order
/// confirmed, gets it paid. From there the warehouse takes over.
///
///     placed ─▶ reserve each line ─▶ confirm ─┬─at once:── charge ─▶ pay ─▶ ready to ship
///                    │                        └─on invoice: wait for the customer
///                    └─refused: give up          (charge refused, or nothing in time: give up)
///
/// All that goes wrong ends in the order's being cancelled, whoever wanted it. There, and nowhere
/// else, what was done is undone: everything is released and refunded. These commands stand behind
/// those that they undo, to the same streams, and so come after them.

#include <fasti/process.hpp>

#include "order.hpp"

namespace orders {

struct fulfilment {
  static constexpr auto category = "fulfilment";
  using reacts_to = fasti::types<Placed, Reserved, Confirmed, Charged, Paid, Cancelled, Returned>;
  using commands = fasti::types<Reserve, Confirm, Charge, Pay, GiveUp, Release, Refund, Receive>;
  using events = fasti::types<Begun, PutAside>;

  using key = std::optional<std::string>;
  using recorded = const fasti::recorded_event&;
  static key key_of(Placed::Reader, recorded at) { return std::string(at.key()); }
  static key key_of(Reserved::Reader e, recorded) { return key_of_order(e.getOrder()); }
  static key key_of(Confirmed::Reader, recorded at) { return std::string(at.key()); }
  static key key_of(Charged::Reader e, recorded) { return key_of_order(e.getOrder()); }
  static key key_of(Paid::Reader, recorded at) { return std::string(at.key()); }
  static key key_of(Cancelled::Reader, recorded at) { return std::string(at.key()); }
  static key key_of(Returned::Reader, recorded at) { return std::string(at.key()); }

  /// None when it cannot be one of ours: a stream is made of it.
  static key key_of_order(capnp::Text::Reader number);

  void react(Placed::Reader e, fasti::reactions& out) const;
  void react(Reserved::Reader, fasti::reactions& out) const;
  void react(Confirmed::Reader, fasti::reactions& out) const;
  void react(Charged::Reader, fasti::reactions& out) const;
  void react(Paid::Reader, fasti::reactions& out) const;
  void react(Cancelled::Reader, fasti::reactions& out) const;
  void react(Returned::Reader, fasti::reactions& out) const;

  void on_timer(std::string_view, fasti::reactions& out) const;

  void on_refused(Reserve::Reader, const fasti::refusal& why, fasti::reactions& out) const;
  void on_refused(Charge::Reader, const fasti::refusal& why, fasti::reactions& out) const;
  /// The order has gone another way meanwhile: that is, or was, an event, too.
  void on_refused(Confirm::Reader, const fasti::refusal&, fasti::reactions&) const {}
  void on_refused(Pay::Reader, const fasti::refusal&, fasti::reactions&) const {}
  void on_refused(GiveUp::Reader, const fasti::refusal&, fasti::reactions&) const {}
  void on_refused(Release::Reader, const fasti::refusal& why, fasti::reactions&) const;
  void on_refused(Refund::Reader, const fasti::refusal& why, fasti::reactions&) const;
  void on_refused(Receive::Reader, const fasti::refusal& why, fasti::reactions&) const;

  void evolve(Begun::Reader e);
  void evolve(PutAside::Reader) { ++lines_put_aside; }

  std::string customer;
  std::vector<order::line> lines;
  std::int64_t cents = 0;
  Terms terms = Terms::AT_ONCE;
  std::chrono::milliseconds patience{0};
  std::size_t lines_put_aside = 0;
};

}  // namespace orders
