// A small mail-order shop: several aggregates, each step one commit over all that it touches.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <iostream>

#include "desk.hpp"
#include "payment.hpp"
#include "season.hpp"
#include "stock.hpp"

namespace {

const char* name_of(orders::Stage s) {
  switch (s) {
    case orders::Stage::PLACED:
      return "placed";
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

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"A season of a small mail-order shop. Exit code 0: done, and the books are right."};
  orders::season_options season;
  std::string directory = "orders.fasti";
  app.add_option("--orders", season.orders, "how many orders come in")->capture_default_str();
  app.add_option("--seed", season.seed, "which season; the same one again does nothing twice")
      ->capture_default_str();
  app.add_option("--dir", directory, "the journal's directory")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  auto rt = fasti::runtime::open<orders::order, orders::stock, orders::payment, orders::numbers,
                                 orders::desk>(
      {.path = directory, .when_missing = fasti::when_missing::create});
  if (!rt) return fail(rt.error());
  const auto before = rt->journal().head();
  const auto begin = std::chrono::steady_clock::now();
  const auto done = orders::run_season(*rt, season);
  if (!done) return fail(done.error());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;

  std::printf("%llu steps in %.2f s, %llu events\n", static_cast<unsigned long long>(done->steps),
              took.count(),
              static_cast<unsigned long long>(count_of(rt->journal().head()) - count_of(before)));
  for (const auto& [reason, count] : done->rejected) {
    std::printf("rejected: %s, %llu times\n", reason.c_str(),
                static_cast<unsigned long long>(count));
  }
  const auto desk =
      rt->query<orders::desk, orders::AskDesk>([](auto) {}, {.visible_at = rt->journal().head()})
          .get();
  if (!desk) return fail(desk.error());
  print_desk(*desk);
  const auto checks = orders::check_books(*rt);
  if (!checks) return fail(checks.error());
  return print_checks(*checks) ? 0 : 3;
}
