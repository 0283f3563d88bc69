#include "books.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "other_bank.hpp"
#include "our_bank.hpp"

namespace transfers {
namespace {

using std::chrono::steady_clock;

/// What happened to one transfer.
struct trail {
  unsigned ordered = 0, ended = 0, settled = 0, confirmed = 0, credited = 0;
  std::int64_t cents_settled = 0, cents_credited = 0;

  [[nodiscard]] bool ended_once() const { return ordered == 1 && ended == 1; }
  /// All of it arrived once, or nothing was sent.
  [[nodiscard]] bool agrees() const {
    return settled <= 1 && settled == confirmed && settled == credited &&
           cents_settled == cents_credited;
  }
};

struct books {
  std::map<std::string, trail> transfers;
  std::set<std::string> accounts, payees;  // streams
  std::int64_t deposited = 0, settled = 0, credited = 0;

  trail& of(capnp::Text::Reader transfer) { return transfers[transfer.cStr()]; }
};

void note(books& b, const fasti::recorded_event& e) {
  fasti::body_reader body(e.body);
  if (e.type == fasti::type_id_of<Ordered>) ++b.transfers[std::string(e.key())].ordered;
  if (e.type == fasti::type_id_of<Ended>) ++b.transfers[std::string(e.key())].ended;
  if (e.type == fasti::type_id_of<Deposited>) {
    b.accounts.emplace(e.stream);
    b.deposited += body.root<Deposited>().getCents();
  }
  if (e.type == fasti::type_id_of<Settled>) {
    const auto settled = body.root<Settled>();
    auto& t = b.of(settled.getTransfer());
    ++t.settled;
    t.cents_settled += settled.getCents();
    b.settled += settled.getCents();
  }
  if (e.type == fasti::type_id_of<Confirmed>) {
    ++b.of(body.root<Confirmed>().getTransfer()).confirmed;
  }
  if (e.type == fasti::type_id_of<Credited>) {
    const auto credited = body.root<Credited>();
    b.payees.emplace(e.stream);
    auto& t = b.of(credited.getTransfer());
    ++t.credited;
    t.cents_credited += credited.getCents();
    b.credited += credited.getCents();
  }
}

/// What the accounts themselves say.
struct balances {
  std::int64_t free = 0, held = 0, payees = 0;
};

fasti::result<balances> ask_accounts(fasti::runtime& rt, const books& b) {
  balances sum;
  for (const auto& stream : b.accounts) {
    const auto a = rt.query<account, AskAccount>(stream, [](auto) {}).get();
    if (!a) return a.error();
    sum.free += (*a)->getFree();
    for (const auto part : (*a)->getHeld()) sum.held += part.getCents();
  }
  for (const auto& stream : b.payees) {
    const auto p = rt.query<payee, AskPayee>(stream, [](auto) {}).get();
    if (!p) return p.error();
    sum.payees += (*p)->getCents();
  }
  return sum;
}

/// All that happened was reacted to, and all commands have arrived.
bool is_at_rest(const fasti::runtime& rt, fasti::position head) {
  const auto now = rt.stats();
  return now.outbox.under_way == 0 &&
         std::all_of(now.processes.begin(), now.processes.end(),
                     [head](const auto& p) { return p.handled == head; });
}

std::string equation(std::int64_t a, std::int64_t b) {
  return std::to_string(a) + " = " + std::to_string(b);
}

template <class Property>
std::int64_t how_many(const books& b, Property&& has) {
  return std::count_if(b.transfers.begin(), b.transfers.end(),
                       [&has](const auto& t) { return has(t.second); });
}

}  // namespace

fasti::result<std::vector<check>> check_books(fasti::runtime& rt) {
  books b;
  auto read = rt.journal().read({}, [&b](const fasti::recorded_event& e) {
    note(b, e);
    return fasti::visit::more;
  });
  if (!read) return std::move(read).error();
  const auto now = ask_accounts(rt, b);
  if (!now) return now.error();
  const auto all = static_cast<std::int64_t>(b.transfers.size());
  const auto ended_once = how_many(b, [](const trail& t) { return t.ended_once(); });
  const auto agree = how_many(b, [](const trail& t) { return t.agrees(); });
  const auto same = [](std::string what, std::int64_t x, std::int64_t y) {
    return check{std::move(what), x == y, equation(x, y)};
  };
  return std::vector<check>{
      same("each transfer ended once", ended_once, all),
      same("each was paid out once there if it was settled here, or not at all", agree, all),
      same("what was deposited is in our accounts or was settled", b.deposited,
           now->free + now->held + b.settled),
      same("nothing is held any more", now->held, 0),
      same("what was settled is in the other bank's accounts", b.settled, now->payees)};
}

fasti::result<std::vector<check>> close_books(fasti::runtime& rt,
                                              const std::function<void(const counts&)>& on_look) {
  constexpr auto rest_max = std::chrono::minutes(1);
  auto moved = steady_clock::now();
  auto seen = fasti::no_position;
  while (true) {
    const auto head = rt.journal().head();
    const auto all = rt.query<endings, AskEndings>([](auto) {}, {.visible_at = head}).get();
    if (!all) return all.error();
    const auto so_far = count(**all);
    on_look(so_far);
    if (std::exchange(seen, head) != head) moved = steady_clock::now();
    const bool gives_up = steady_clock::now() - moved > rest_max;
    if (gives_up || (so_far.under_way == 0 && is_at_rest(rt, head))) {
      auto checks = check_books(rt);
      const auto holds = [](const check& c) { return c.holds; };
      if (!checks || gives_up || std::all_of(checks->begin(), checks->end(), holds)) return checks;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace transfers
