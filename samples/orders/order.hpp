#pragma once
/// An order: what may happen to it, and when. Whoever wants something of it asks it, so that it has
/// one life: the customer, the warehouse, the process manager that carries it (`fulfilment`).
///
///     placed ──confirm──▶ confirmed ──pay──▶ paid ──ship──▶ shipped ──take back──▶ returned
///        └─cancel, give up─▶ cancelled ◀─cancel─┘

#include <fasti/decider.hpp>

#include "orders.capnp.h"

namespace orders {

struct order {
  static constexpr auto category = "order";
  using commands = fasti::types<Place, Confirm, Pay, Ship, Cancel, GiveUp, TakeBack>;
  using events = fasti::types<Placed, Confirmed, Paid, Shipped, Cancelled, Returned>;
  using snapshot = Order;
  using queries = fasti::types<Order(AskOrder)>;

  struct line {
    std::string article;
    std::uint32_t count = 0;
    std::int64_t cents = 0;
  };

  fasti::decision decide(Place::Reader c, fasti::emit& out) const;
  fasti::decision decide(Confirm::Reader, fasti::emit& out) const;
  fasti::decision decide(Pay::Reader, fasti::emit& out) const;
  fasti::decision decide(Ship::Reader, fasti::emit& out) const;
  fasti::decision decide(Cancel::Reader c, fasti::emit& out) const;
  fasti::decision decide(GiveUp::Reader c, fasti::emit& out) const;
  fasti::decision decide(TakeBack::Reader c, fasti::emit& out) const;

  void evolve(Placed::Reader e);
  void evolve(Confirmed::Reader) { stage = Stage::CONFIRMED; }
  void evolve(Paid::Reader) { stage = Stage::PAID; }
  void evolve(Shipped::Reader) { stage = Stage::SHIPPED; }
  void evolve(Cancelled::Reader) { stage = Stage::CANCELLED; }
  void evolve(Returned::Reader) { stage = Stage::RETURNED; }

  fasti::decision answer(AskOrder::Reader, Order::Builder reply) const;
  void save(Order::Builder s) const;
  void load(Order::Reader s);

  Stage stage = Stage::UNKNOWN;
  std::string customer;
  std::vector<line> lines;
  std::int64_t cents = 0;
};

[[nodiscard]] std::vector<order::line> lines_of(capnp::List<Line>::Reader list);

}  // namespace orders
