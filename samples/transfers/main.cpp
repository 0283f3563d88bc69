// Money between two banks, of which the other one refuses, is silent, or answers too late.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>

#include "books.hpp"
#include "day.hpp"
#include "other_bank.hpp"
#include "our_bank.hpp"
#include "transfer.hpp"

namespace {

using std::chrono::steady_clock;
using transfers::Outcome;

int fail(const fasti::error& e) {
  std::cerr << "transfers: " << e.to_string() << '\n';
  return 1;
}

/// Says now and then how far it is, to a person and to who has asked for it.
class progress {
 public:
  explicit progress(int also_to) : also_to_(also_to) {}
  void operator()(const transfers::counts& now) {
    if (now.ended != told_) tell(now.ended);
    if (steady_clock::now() - said_ < std::chrono::seconds(2)) return;
    said_ = steady_clock::now();
    std::cerr << "transfers: " << now.ended << " have ended, " << now.under_way
              << " are under way\n";
  }

 private:
  void tell(std::uint64_t ended) {
    told_ = ended;
    const auto line = std::to_string(ended) + "\n";
    if (also_to_ >= 0 && ::write(also_to_, line.data(), line.size()) < 0) also_to_ = -1;
  }

  int also_to_;
  std::uint64_t told_ = 0;
  steady_clock::time_point said_ = steady_clock::now();
};

const char* name_of(Outcome o) {
  switch (o) {
    case Outcome::COMPLETED:
      return "completed";
    case Outcome::COMPLETED_LATE:
      return "completed, recalled too late";
    case Outcome::REJECTED:
      return "rejected here";
    case Outcome::REFUSED:
      return "refused there, given back";
    case Outcome::RECALLED:
      return "recalled, given back";
    case Outcome::NONE:
      break;
  }
  return "under way";
}

void print_endings(transfers::Endings::Reader all) {
  std::printf("%-30s %-20s %10s %16s\n", "outcome", "reason", "transfers", "worth");
  for (const auto e : all.getAll()) {
    if (e.getTransfers() == 0) continue;
    std::printf("%-30s %-20s %10llu %13lld.%02lld\n", name_of(e.getOutcome()), e.getReason().cStr(),
                static_cast<unsigned long long>(e.getTransfers()),
                static_cast<long long>(e.getCents() / 100),
                static_cast<long long>(e.getCents() % 100));
  }
}

/// False when one does not hold.
bool print_checks(const std::vector<transfers::check>& checks) {
  bool all_hold = true;
  std::printf("\n");
  for (const auto& c : checks) {
    std::printf("%s %s (%s)\n", c.holds ? "ok  " : "FAIL", c.what.c_str(), c.figures.c_str());
    all_hold = all_hold && c.holds;
  }
  return all_hold;
}

auto ask(fasti::runtime& rt, fasti::position visible_at) {
  return rt
      .query<transfers::endings, transfers::AskEndings>([](auto) {}, {.visible_at = visible_at})
      .get();
}

/// True when the books are right.
fasti::result<bool> run(fasti::runtime& rt, transfers::day_options day, int say_to) {
  progress tell(say_to);
  day.on_progress = [&] {
    if (const auto now = ask(rt, fasti::no_position)) tell(count(**now));
  };
  const auto before = rt.journal().head();
  const auto begin = steady_clock::now();
  if (auto done = run_day(rt, day); !done) return std::move(done).error();
  const auto checks = transfers::close_books(rt, tell);
  if (!checks) return checks.error();
  const std::chrono::duration<double> took = steady_clock::now() - begin;
  const auto head = rt.journal().head();
  const auto all = ask(rt, head);
  if (!all) return all.error();
  print_endings(**all);
  const bool are_right = print_checks(*checks);
  std::printf("\n%llu transfers in %.2f s, %llu new events\n",
              static_cast<unsigned long long>(day.transfers), took.count(),
              static_cast<unsigned long long>(count_of(head) - count_of(before)));
  return are_right;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Transfers between two banks. Exit code 0: each ended once, and money is conserved."};
  transfers::day_options day;
  constexpr int a_day_ms = 86'400'000;
  std::string directory = "transfers.fasti";
  auto patience_ms = static_cast<std::uint32_t>(day.patience.count());
  int say_to = -1;
  app.add_option("--transfers", day.transfers, "how many are ordered")->capture_default_str();
  app.add_option("--seed", day.seed, "which day; the same one again does nothing twice")
      ->capture_default_str();
  const auto percent = [&app](const char* name, unsigned& into, const char* what) {
    app.add_option(name, into, what)->check(CLI::Range(0, 100))->capture_default_str();
  };
  percent("--refused", day.refused_percent, "percent that the other bank refuses");
  percent("--silent", day.silent_percent, "percent that it does not answer");
  percent("--late", day.late_percent, "percent that it answers about when they are recalled");
  app.add_option("--patience-ms", patience_ms, "so long it has to answer")
      ->check(CLI::Range(1, a_day_ms))
      ->capture_default_str();
  app.add_option("--dir", directory, "the journal's directory")->capture_default_str();
  app.add_option("--say-to", say_to, "a descriptor that hears how many have ended");
  CLI11_PARSE(app, argc, argv);
  day.patience = std::chrono::milliseconds(patience_ms);

  auto rt = fasti::runtime::open<transfers::order, transfers::account, transfers::transfer,
                                 transfers::gateway, transfers::payout, transfers::payee,
                                 transfers::endings>(
      {.path = directory, .when_missing = fasti::when_missing::create});
  if (!rt) return fail(rt.error());
  const auto are_right = run(*rt, day, say_to);
  if (!are_right) return fail(are_right.error());
  if (auto closed = rt->close(); !closed) return fail(closed.error());
  return *are_right ? 0 : 3;
}
