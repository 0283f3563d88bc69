#include "books.hpp"

#include <algorithm>
#include <set>
#include <thread>
#include <utility>

#include "desk.hpp"
#include "payment.hpp"
#include "stock.hpp"

namespace orders {
namespace {

using std::chrono::steady_clock;

/// Sums over all that was ever recorded.
struct books {
  std::set<std::uint64_t> numbers;
  std::int64_t numbers_taken = 0;
  std::map<std::string, std::int64_t> placed;  ///< By order: how many pieces.
  std::int64_t topped_up = 0, charged = 0, refunded = 0;
  std::int64_t received = 0, dispatched = 0, shipped = 0;
  std::set<std::string> shelves, purses;  // streams
};

/// What customers and the warehouse did.
void note_order(books& b, const fasti::recorded_event& e) {
  fasti::body_reader body(e.body);
  if (e.type == fasti::type_id_of<NumberTaken>) {
    b.numbers.insert(body.root<NumberTaken>().getNumber());
    ++b.numbers_taken;
  }
  if (e.type == fasti::type_id_of<Placed>) {
    auto& pieces = b.placed[std::string(e.key())];
    for (const auto l : body.root<Placed>().getLines()) pieces += l.getCount();
  }
  if (e.type == fasti::type_id_of<Shipped>) b.shipped += b.placed[std::string(e.key())];
}

/// What went over shelves and purses.
void note_movement(books& b, const fasti::recorded_event& e) {
  fasti::body_reader body(e.body);
  if (e.category() == stock::category) b.shelves.emplace(e.stream);
  if (e.category() == payment::category) b.purses.emplace(e.stream);
  if (e.type == fasti::type_id_of<ToppedUp>) b.topped_up += body.root<ToppedUp>().getCents();
  if (e.type == fasti::type_id_of<Charged>) b.charged += body.root<Charged>().getCents();
  if (e.type == fasti::type_id_of<Refunded>) b.refunded += body.root<Refunded>().getCents();
  if (e.type == fasti::type_id_of<Received>) b.received += body.root<Received>().getCount();
  if (e.type == fasti::type_id_of<Dispatched>) b.dispatched += body.root<Dispatched>().getCount();
}

fasti::result<books> read_books(const fasti::journal& j) {
  books b;
  auto read = j.read({}, [&b](const fasti::recorded_event& e) {
    note_order(b, e);
    note_movement(b, e);
    return fasti::visit::more;
  });
  if (!read) return std::move(read).error();
  return b;
}

/// What is there now.
struct inventory {
  std::int64_t free = 0, put_aside = 0, in_purses = 0;
  std::int64_t orders = 0, ended = 0, worth_shipped = 0;
};

fasti::result<inventory> take_inventory(fasti::runtime& rt, const books& b) {
  inventory now;
  for (const auto& shelf : b.shelves) {
    const auto s = rt.query<stock, AskStock>(shelf, [](auto) {}).get();
    if (!s) return s.error();
    now.free += (*s)->getFree();
    for (const auto held : (*s)->getReserved()) now.put_aside += held.getCount();
  }
  for (const auto& purse : b.purses) {
    const auto f = rt.query<payment, AskFunds>(purse, [](auto) {}).get();
    if (!f) return f.error();
    now.in_purses += (*f)->getCents();
  }
  const auto desk_now =
      rt.query<desk, AskDesk>([](auto) {}, {.visible_at = rt.journal().head()}).get();
  if (!desk_now) return desk_now.error();
  for (const auto s : (*desk_now)->getStages()) {
    const auto stage = s.getStage();
    now.orders += s.getOrders();
    if (stage == Stage::SHIPPED) now.worth_shipped += s.getCents();
    if (stage == Stage::SHIPPED || stage == Stage::CANCELLED || stage == Stage::RETURNED) {
      now.ended += s.getOrders();
    }
  }
  return now;
}

/// All that happened was reacted to, and all commands have arrived.
bool is_at_rest(const fasti::runtime& rt, fasti::position head) {
  const auto now = rt.stats();
  return now.outbox.under_way == 0 &&
         std::all_of(now.processes.begin(), now.processes.end(),
                     [head](const auto& p) { return p.handled == head; });
}

check same(std::string what, std::int64_t a, std::int64_t b) {
  return {std::move(what), a == b, std::to_string(a) + " = " + std::to_string(b)};
}

}  // namespace

fasti::result<std::vector<check>> check_books(fasti::runtime& rt) {
  const auto b = read_books(rt.journal());
  if (!b) return b.error();
  const auto now = take_inventory(rt, *b);
  if (!now) return now.error();
  const auto placed = static_cast<std::int64_t>(b->placed.size());
  const auto kept = b->charged - b->refunded;
  return std::vector<check>{
      same("no two orders have one number", static_cast<std::int64_t>(b->numbers.size()),
           b->numbers_taken),
      same("the desk knows every order that was placed", now->orders, placed),
      same("every order has ended: shipped, cancelled or returned", now->ended, placed),
      same("what came in is on the shelves or was dispatched", b->received,
           now->free + now->put_aside + b->dispatched),
      same("nothing is put aside any more", now->put_aside, 0),
      same("what was dispatched was shipped", b->dispatched, b->shipped),
      same("what was paid in is in the purses or was charged", b->topped_up, now->in_purses + kept),
      same("what we kept is for orders that are shipped", kept, now->worth_shipped)};
}

fasti::result<std::vector<check>> close_books(fasti::runtime& rt) {
  constexpr auto rest_max = std::chrono::minutes(1);
  auto moved = steady_clock::now();
  auto seen = fasti::no_position;
  while (true) {
    const auto head = rt.journal().head();
    if (std::exchange(seen, head) != head) moved = steady_clock::now();
    const bool gives_up = steady_clock::now() - moved > rest_max;
    if (gives_up || is_at_rest(rt, head)) {
      auto checks = check_books(rt);
      const auto holds = [](const check& c) { return c.holds; };
      if (!checks || gives_up || std::all_of(checks->begin(), checks->end(), holds)) return checks;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

fasti::result<std::map<std::string, std::uint64_t>> cancellations(fasti::runtime& rt) {
  std::map<std::string, std::uint64_t> by_reason;
  auto read = rt.journal().read({.types = {fasti::type_id_of<Cancelled>}},
                                [&by_reason](const fasti::recorded_event& e) {
                                  fasti::body_reader body(e.body);
                                  ++by_reason[body.root<Cancelled>().getReason()];
                                  return fasti::visit::more;
                                });
  if (!read) return std::move(read).error();
  return by_reason;
}

}  // namespace orders
