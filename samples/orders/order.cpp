#include "order.hpp"

#include <algorithm>
#include <set>

namespace orders {
namespace {

/// So much a piece, and so many of them: more is a slip of somebody's, and sums stay far from what
/// 64 bits hold.
constexpr std::int64_t line_cents_max = 1'000'000'000;
constexpr std::uint32_t line_count_max = 1'000'000;
/// Articles and customers have streams of their names.
constexpr std::size_t name_bytes_max = 100;

bool is_good(capnp::Text::Reader name) { return name.size() > 0 && name.size() <= name_bytes_max; }

/// A command that is good at some stages only.
fasti::decision only_at(std::initializer_list<Stage> good, Stage now) {
  if (now == Stage::UNKNOWN) return fasti::reject("no-such-order");
  const bool is_good = std::find(good.begin(), good.end(), now) != good.end();
  return is_good ? fasti::accept() : fasti::reject("wrong-stage");
}

}  // namespace

std::vector<order::line> lines_of(capnp::List<Line>::Reader list) {
  std::vector<order::line> lines;
  for (const auto l : list) lines.push_back({l.getArticle(), l.getCount(), l.getCents()});
  return lines;
}

fasti::decision order::decide(Place::Reader c, fasti::emit& out) const {
  if (stage != Stage::UNKNOWN) return fasti::reject("placed-already");
  if (c.getLines().size() == 0) return fasti::reject("nothing-ordered");
  std::int64_t sum = 0;
  std::set<std::string> articles;
  for (const auto l : c.getLines()) {
    if (l.getCount() == 0 || l.getCount() > line_count_max || l.getCents() < 0 ||
        l.getCents() > line_cents_max || !is_good(l.getArticle())) {
      return fasti::reject("bad-line");
    }
    if (!articles.insert(l.getArticle()).second) return fasti::reject("article-twice");
    sum += l.getCents() * l.getCount();
  }
  if (!is_good(c.getCustomer())) return fasti::reject("bad-customer");
  auto placed = out.event<Placed>();
  placed.setCustomer(c.getCustomer());
  placed.setLines(c.getLines());
  placed.setCents(sum);
  placed.setTerms(c.getTerms());
  placed.setPatienceMs(c.getPatienceMs());
  out.tag("customer-" + std::string(c.getCustomer()));
  return fasti::accept();
}

fasti::decision order::decide(Confirm::Reader, fasti::emit& out) const {
  auto may = only_at({Stage::PLACED}, stage);
  if (may.is_accepted()) out.event<Confirmed>();
  return may;
}

fasti::decision order::decide(Pay::Reader, fasti::emit& out) const {
  auto may = only_at({Stage::CONFIRMED}, stage);
  if (may.is_accepted()) out.event<Paid>();
  return may;
}

fasti::decision order::decide(Ship::Reader, fasti::emit& out) const {
  auto may = only_at({Stage::PAID}, stage);
  if (may.is_accepted()) out.event<Shipped>();
  return may;
}

fasti::decision order::decide(Cancel::Reader c, fasti::emit& out) const {
  auto may = only_at({Stage::PLACED, Stage::CONFIRMED, Stage::PAID}, stage);
  if (may.is_accepted()) out.event<Cancelled>().setReason(c.getReason());
  return may;
}

fasti::decision order::decide(GiveUp::Reader c, fasti::emit& out) const {
  auto may = only_at({Stage::PLACED, Stage::CONFIRMED}, stage);
  if (may.is_accepted()) out.event<Cancelled>().setReason(c.getReason());
  return may;
}

fasti::decision order::decide(TakeBack::Reader c, fasti::emit& out) const {
  auto may = only_at({Stage::SHIPPED}, stage);
  if (may.is_accepted()) out.event<Returned>().setReason(c.getReason());
  return may;
}

void order::evolve(Placed::Reader e) {
  stage = Stage::PLACED;
  customer = e.getCustomer().cStr();
  lines = lines_of(e.getLines());
  cents = e.getCents();
}

fasti::decision order::answer(AskOrder::Reader, Order::Builder reply) const {
  if (stage == Stage::UNKNOWN) return fasti::reject("no-such-order");
  save(reply);
  return fasti::accept();
}

void order::save(Order::Builder s) const {
  s.setStage(stage);
  s.setCustomer(customer.c_str());
  s.setCents(cents);
  auto list = s.initLines(static_cast<unsigned>(lines.size()));
  for (unsigned i = 0; i < list.size(); ++i) {
    list[i].setArticle(lines[i].article.c_str());
    list[i].setCount(lines[i].count);
    list[i].setCents(lines[i].cents);
  }
}

void order::load(Order::Reader s) {
  stage = s.getStage();
  customer = s.getCustomer().cStr();
  lines = lines_of(s.getLines());
  cents = s.getCents();
}

}  // namespace orders
