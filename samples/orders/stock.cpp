#include "stock.hpp"

#include <limits>

namespace orders {
namespace {

/// Free or put aside: what is put aside may be free again.
std::uint64_t on_shelf(const stock& s) {
  std::uint64_t count = s.free;
  for (const auto& [order, held] : s.reserved) count += held;
  return count;
}

}  // namespace

fasti::decision stock::decide(Receive::Reader c, fasti::emit& out) const {
  if (c.getCount() == 0) return fasti::reject("nothing-received");
  if (c.getCount() > std::numeric_limits<std::uint32_t>::max() - on_shelf(*this)) {
    return fasti::reject("shelf-full");
  }
  out.event<Received>().setCount(c.getCount());
  return fasti::accept();
}

fasti::decision stock::decide(Reserve::Reader c, fasti::emit& out, Free::Builder reply) const {
  if (c.getCount() == 0) return fasti::reject("nothing-reserved");
  if (reserved.contains(c.getOrder())) return fasti::reject("reserved-already");
  if (c.getCount() > free) return fasti::reject("out-of-stock");
  auto e = out.event<Reserved>();
  e.setOrder(c.getOrder());
  e.setCount(c.getCount());
  reply.setCount(free - c.getCount());
  return fasti::accept();
}

fasti::decision stock::decide(Release::Reader c, fasti::emit& out) const {
  const auto held = reserved.find(c.getOrder());
  if (held == reserved.end()) return fasti::accept();
  auto e = out.event<Released>();
  e.setOrder(c.getOrder());
  e.setCount(held->second);
  return fasti::accept();
}

fasti::decision stock::decide(Dispatch::Reader c, fasti::emit& out) const {
  const auto held = reserved.find(c.getOrder());
  if (held == reserved.end()) return fasti::reject("not-reserved");
  auto e = out.event<Dispatched>();
  e.setOrder(c.getOrder());
  e.setCount(held->second);
  return fasti::accept();
}

void stock::evolve(Reserved::Reader e) {
  free -= e.getCount();
  reserved[e.getOrder()] = e.getCount();
}

void stock::evolve(Released::Reader e) {
  free += e.getCount();
  reserved.erase(e.getOrder());
}

fasti::decision stock::answer(AskStock::Reader, Stock::Builder reply) const {
  save(reply);
  return fasti::accept();
}

void stock::save(Stock::Builder s) const {
  s.setFree(free);
  auto list = s.initReserved(static_cast<unsigned>(reserved.size()));
  unsigned i = 0;
  for (const auto& [order, count] : reserved) {
    list[i].setOrder(order.c_str());
    list[i++].setCount(count);
  }
}

void stock::load(Stock::Reader s) {
  free = s.getFree();
  reserved.clear();
  for (const auto held : s.getReserved()) reserved[held.getOrder()] = held.getCount();
}

}  // namespace orders
