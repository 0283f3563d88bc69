#pragma once
/// One article on its shelf: what is free, and what is put aside for which order.

#include <fasti/decider.hpp>

#include <map>

#include "orders.capnp.h"

namespace orders {

struct stock {
  static constexpr auto category = "stock";
  using commands = fasti::types<Receive, Free(Reserve), Release, Dispatch>;
  using events = fasti::types<Received, Reserved, Released, Dispatched>;
  using snapshot = Stock;
  using queries = fasti::types<Stock(AskStock)>;

  fasti::decision decide(Receive::Reader c, fasti::emit& out) const;
  fasti::decision decide(Reserve::Reader c, fasti::emit& out, Free::Builder reply) const;
  /// Nothing to release: nothing had to happen.
  fasti::decision decide(Release::Reader c, fasti::emit& out) const;
  fasti::decision decide(Dispatch::Reader c, fasti::emit& out) const;

  void evolve(Received::Reader e) { free += e.getCount(); }
  void evolve(Reserved::Reader e);
  void evolve(Released::Reader e);
  void evolve(Dispatched::Reader e) { reserved.erase(e.getOrder()); }

  fasti::decision answer(AskStock::Reader, Stock::Builder reply) const;
  void save(Stock::Builder s) const;
  void load(Stock::Reader s);

  std::uint32_t free = 0;
  std::map<std::string, std::uint32_t> reserved;  ///< By order.
};

}  // namespace orders
