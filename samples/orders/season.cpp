#include "season.hpp"

#include <random>
#include <set>

#include "desk.hpp"
#include "payment.hpp"
#include "stock.hpp"

namespace orders {
namespace {

constexpr unsigned articles = 12;
constexpr unsigned customers = 20;
constexpr std::uint32_t on_each_shelf = 60;
constexpr std::int64_t in_each_purse = 60'000;

std::string article(unsigned n) { return "article-" + std::to_string(n); }
std::string customer(unsigned n) { return "customer-" + std::to_string(n); }

/// Only a domain's no is business; anything else ends the season.
std::optional<fasti::error> take_note(season_result& into, const fasti::error& no) {
  if (no.code != fasti::errc::rejected) return no;
  ++into.rejected[no.reason];
  return std::nullopt;
}

class season {
 public:
  season(fasti::runtime& rt, const season_options& options)
      : rt_(rt), shop_(rt), random_(options.seed), name_(std::to_string(options.seed)) {}

  std::optional<fasti::error> fill() {
    for (unsigned i = 0; i < articles; ++i) {
      auto filled = rt_.send<Receive>(
          "stock-" + article(i), [](auto c) { c.setCount(on_each_shelf); }, once("fill", i));
      if (auto r = filled.get(); !r) return std::move(r).error();
    }
    for (unsigned i = 0; i < customers; ++i) {
      auto filled = rt_.send<TopUp>(
          "payment-" + customer(i), [](auto c) { c.setCents(in_each_purse); }, once("top up", i));
      if (auto r = filled.get(); !r) return std::move(r).error();
    }
    return std::nullopt;
  }

  /// The life of one order.
  std::optional<fasti::error> take_order(std::uint64_t n) {
    const auto lines = some_lines();
    const auto who = customer(below(customers));
    // What happens to it is thrown beforehand: a run that is repeated throws the same.
    const bool is_paid = below(10) < 8;
    const bool is_cancelled = below(10) < 2;
    const bool is_shipped = below(10) < 9;
    const bool comes_back = below(10) < 2;
    ++result.steps;
    const auto number = shop_.place(name_ + "/" + std::to_string(n), who, lines);
    if (!number) return take_note(result, number.error());
    if (is_paid) {
      if (auto failed = step(shop_.pay(*number))) return failed;
    }
    if (is_cancelled) return step(shop_.cancel(*number, "changed my mind"));
    if (is_shipped) {
      if (auto failed = step(shop_.ship(*number))) return failed;
    }
    return comes_back ? step(shop_.take_back(*number, "too small")) : std::nullopt;
  }

  season_result result;

 private:
  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }

  std::vector<order::line> some_lines() {
    std::vector<order::line> lines;
    std::set<unsigned> chosen;
    for (auto left = 1 + below(3); left > 0; --left) chosen.insert(below(articles));
    for (const auto a : chosen) {
      lines.push_back({article(a), 1 + below(3), static_cast<std::int64_t>(500 + 100 * a)});
    }
    return lines;
  }

  [[nodiscard]] fasti::command_origin once(const std::string& what, unsigned n) const {
    return {.id = fasti::command_id::of(what + " " + name_ + "/" + std::to_string(n))};
  }

  std::optional<fasti::error> step(const fasti::result<void>& done) {
    ++result.steps;
    return done ? std::nullopt : take_note(result, done.error());
  }

  fasti::runtime& rt_;
  shop shop_;
  std::mt19937_64 random_;
  const std::string name_;
};

/// Sums over all that was ever recorded.
struct books {
  std::set<std::uint64_t> numbers;
  std::uint64_t numbers_taken = 0;
  std::uint64_t placed = 0;
  std::int64_t topped_up = 0, charged = 0, refunded = 0;
  std::uint64_t received = 0, dispatched = 0, reserved = 0, released = 0;
};

fasti::result<books> read_books(const fasti::journal& j) {
  books b;
  const auto note = [&b](const fasti::recorded_event& e) {
    fasti::body_reader body(e.body);
    if (e.type == fasti::type_id_of<NumberTaken>) {
      b.numbers.insert(body.root<NumberTaken>().getNumber());
      ++b.numbers_taken;
    }
    if (e.type == fasti::type_id_of<Placed>) ++b.placed;
    if (e.type == fasti::type_id_of<ToppedUp>) b.topped_up += body.root<ToppedUp>().getCents();
    if (e.type == fasti::type_id_of<Charged>) b.charged += body.root<Charged>().getCents();
    if (e.type == fasti::type_id_of<Refunded>) b.refunded += body.root<Refunded>().getCents();
    if (e.type == fasti::type_id_of<Received>) b.received += body.root<Received>().getCount();
    if (e.type == fasti::type_id_of<Reserved>) b.reserved += body.root<Reserved>().getCount();
    if (e.type == fasti::type_id_of<Released>) b.released += body.root<Released>().getCount();
    if (e.type == fasti::type_id_of<Dispatched>) b.dispatched += body.root<Dispatched>().getCount();
    return fasti::visit::more;
  };
  auto read = j.read({}, note);
  if (!read) return std::move(read).error();
  return b;
}

std::string figures(std::uint64_t a, std::uint64_t b) {
  return std::to_string(a) + " = " + std::to_string(b);
}

}  // namespace

fasti::result<season_result> run_season(fasti::runtime& rt, const season_options& options) {
  season s(rt, options);
  if (auto failed = s.fill()) return *std::move(failed);
  for (std::uint64_t n = 1; n <= options.orders; ++n) {
    if (auto failed = s.take_order(n)) return *std::move(failed);
  }
  return std::move(s.result);
}

fasti::result<std::vector<check>> check_books(fasti::runtime& rt) {
  const auto b = read_books(rt.journal());
  if (!b) return b.error();
  std::uint64_t on_shelves = 0;
  for (unsigned i = 0; i < articles; ++i) {
    const auto s = rt.query<stock, AskStock>("stock-" + article(i), [](auto) {}).get();
    if (!s) return s.error();
    on_shelves += (*s)->getFree();
    for (const auto held : (*s)->getReserved()) on_shelves += held.getCount();
  }
  std::int64_t in_purses = 0;
  for (unsigned i = 0; i < customers; ++i) {
    const auto f = rt.query<payment, AskFunds>("payment-" + customer(i), [](auto) {}).get();
    if (!f) return f.error();
    in_purses += (*f)->getCents();
  }
  const auto desk_now =
      rt.query<desk, AskDesk>([](auto) {}, {.visible_at = rt.journal().head()}).get();
  if (!desk_now) return desk_now.error();
  std::int64_t paid_for = 0;
  std::uint64_t orders_seen = 0;
  for (const auto s : (*desk_now)->getStages()) {
    orders_seen += s.getOrders();
    const auto is_ours = s.getStage() == Stage::PAID || s.getStage() == Stage::SHIPPED;
    if (is_ours) paid_for += s.getCents();
  }
  const auto cents = [](std::int64_t n) { return static_cast<std::uint64_t>(n); };
  return std::vector<check>{
      {"no two orders have one number", b->numbers.size() == b->numbers_taken,
       figures(b->numbers.size(), b->numbers_taken)},
      {"the desk knows every order that was placed", orders_seen == b->placed,
       figures(orders_seen, b->placed)},
      {"what came in is on the shelves or was dispatched",
       b->received == on_shelves + b->dispatched, figures(b->received, on_shelves + b->dispatched)},
      {"what was paid in is in the purses or was charged",
       b->topped_up == in_purses + b->charged - b->refunded,
       figures(cents(b->topped_up), cents(in_purses + b->charged - b->refunded))},
      {"what we kept is for orders that are paid or shipped", b->charged - b->refunded == paid_for,
       figures(cents(b->charged - b->refunded), cents(paid_for))}};
}

}  // namespace orders
