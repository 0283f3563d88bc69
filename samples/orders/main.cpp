// A small mail-order shop: a process manager carries each order, over several aggregates and the
// time between them; what must not be half done is one commit.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <iostream>

#include "books.hpp"
#include "desk.hpp"
#include "fulfilment.hpp"
#include "payment.hpp"
#include "season.hpp"
#include "stock.hpp"

namespace {

using std::chrono::steady_clock;

const char* name_of(orders::Stage s) {
  switch (s) {
    case orders::Stage::PLACED:
      return "placed";
    case orders::Stage::CONFIRMED:
      return "confirmed";
    case orders::Stage::PAID:
      return "paid";
    case orders::Stage::SHIPPED:
      return "shipped";
    case orders::Stage::CANCELLED:
      return "cancelled";
    case orders::Stage::RETURNED:
      return "returned";
    case orders::Stage::UNKNOWN:
      break;
  }
  return "unknown";
}

int fail(const fasti::error& e) {
  std::cerr << "orders: " << e.to_string() << '\n';
  return 1;
}

/// Says now and then how far it is, to a person and to who has asked for it.
class progress {
 public:
  explicit progress(int also_to) : also_to_(also_to) {}
  void operator()(std::uint64_t placed) {
    const auto line = std::to_string(placed) + "\n";
    if (also_to_ >= 0 && ::write(also_to_, line.data(), line.size()) < 0) also_to_ = -1;
    if (steady_clock::now() - said_ < std::chrono::seconds(2)) return;
    said_ = steady_clock::now();
    std::cerr << "orders: " << placed << " placed\n";
  }

 private:
  int also_to_;
  steady_clock::time_point said_ = steady_clock::now();
};

void print_reasons(const char* what, const std::map<std::string, std::uint64_t>& by_reason) {
  for (const auto& [reason, count] : by_reason) {
    std::printf("%s: %s, %llu times\n", what, reason.c_str(),
                static_cast<unsigned long long>(count));
  }
}

void print_desk(const fasti::owned<orders::Desk>& desk) {
  std::printf("\n%-12s %8s %14s\n", "stage", "orders", "worth");
  for (const auto s : desk->getStages()) {
    std::printf("%-12s %8u %11lld.%02lld\n", name_of(s.getStage()), s.getOrders(),
                static_cast<long long>(s.getCents() / 100),
                static_cast<long long>(s.getCents() % 100));
  }
}

/// False when one does not hold.
bool print_checks(const std::vector<orders::check>& checks) {
  bool all_hold = true;
  std::printf("\n");
  for (const auto& c : checks) {
    std::printf("%s %s (%s)\n", c.holds ? "ok  " : "FAIL", c.what.c_str(), c.figures.c_str());
    all_hold = all_hold && c.holds;
  }
  return all_hold;
}

/// True when the books are right.
fasti::result<bool> run(fasti::runtime& rt, const orders::season_options& season) {
  const auto before = rt.journal().head();
  const auto begin = steady_clock::now();
  const auto done = orders::run_season(rt, season);
  if (!done) return done.error();
  const auto checks = orders::close_books(rt);
  if (!checks) return checks.error();
  const std::chrono::duration<double> took = steady_clock::now() - begin;

  const auto head = rt.journal().head();
  std::printf("%llu steps in %.2f s, %llu events\n", static_cast<unsigned long long>(done->steps),
              took.count(), static_cast<unsigned long long>(count_of(head) - count_of(before)));
  print_reasons("rejected", done->rejected);
  const auto cancelled = orders::cancellations(rt);
  if (!cancelled) return cancelled.error();
  print_reasons("cancelled", *cancelled);
  const auto desk =
      rt.query<orders::desk, orders::AskDesk>([](auto) {}, {.visible_at = head}).get();
  if (!desk) return desk.error();
  print_desk(*desk);
  return print_checks(*checks);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"A season of a small mail-order shop. Exit code 0: done, and the books are right."};
  orders::season_options season;
  std::string directory = "orders.fasti";
  int say_to = -1;
  app.add_option("--orders", season.orders, "how many orders come in")->capture_default_str();
  app.add_option("--seed", season.seed, "which season; the same one again does nothing twice")
      ->capture_default_str();
  app.add_option("--dir", directory, "the journal's directory")->capture_default_str();
  app.add_option("--say-to", say_to, "a descriptor that gets a line for each order");
  CLI11_PARSE(app, argc, argv);
  season.on_progress = progress(say_to);

  auto rt = fasti::runtime::open<orders::order, orders::stock, orders::payment, orders::numbers,
                                 orders::fulfilment, orders::desk>(
      {.path = directory, .when_missing = fasti::when_missing::create});
  if (!rt) return fail(rt.error());
  const auto are_right = run(*rt, season);
  if (!are_right) return fail(are_right.error());
  if (auto closed = rt->close(); !closed) return fail(closed.error());
  return *are_right ? 0 : 3;
}
