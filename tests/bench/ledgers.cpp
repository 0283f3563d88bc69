#include "ledgers.hpp"

#include <thread>

namespace fasti::bench {
namespace {

void send_next_deposit(runtime& rt, flow& deposits, std::size_t entries, const std::string& what) {
  const auto number = deposits.next();
  if (!number) return;
  tell_progress(what + ": ledger " + std::to_string(*number));
  rt.send_then<test::Split>(
      ledger_name(*number),
      [entries](test::Split::Builder c) {
        auto parts = c.initParts(static_cast<unsigned>(entries));
        for (unsigned i = 0; i < entries; ++i) parts.set(i, 1'000'000'000);
      },
      [&rt, &deposits, entries, &what, sent = stopwatch::now()](const result<receipt>& r) {
        if (!r) fail(r.error().to_string());
        deposits.on_done(sent);
        send_next_deposit(rt, deposits, entries, what);
      });
}

void ask_next(runtime& rt, flow& questions, const std::string& what) {
  const auto number = questions.next();
  if (!number) return;
  tell_progress(what + ": asks ledger " + std::to_string(*number));
  rt.query_then<test::ledger, test::GetBalance>(
      ledger_name(*number), [](auto) {},
      [&rt, &questions, &what, asked = stopwatch::now()](const auto& balance) {
        if (!balance) fail(balance.error().to_string());
        questions.on_done(asked);
        ask_next(rt, questions, what);
      });
}

constexpr double no_end = 1e9;

}  // namespace

std::string ledger_name(std::size_t number) { return "ledger-" + std::to_string(number); }

runtime open_ledgers(const std::string& directory, runtime_options options) {
  options.path = directory + "/journal";
  options.when_missing = when_missing::create;
  options.log = [](log_level level, std::string_view line) {
    if (level >= log_level::warning) fail(std::string(line));
  };
  auto opened = runtime::open<test::ledger>(std::move(options));
  if (!opened) fail(opened.error().to_string());
  return *std::move(opened);
}

void close(runtime& rt) {
  if (auto closed = rt.close(); !closed) fail(closed.error().to_string());
}

void deposit_to_each(runtime& rt, std::size_t ledgers, std::size_t deposits, std::size_t in_flight,
                     const std::string& what) {
  flow each(in_flight, no_end, ledgers);
  for (std::size_t i = 0; i < in_flight; ++i) send_next_deposit(rt, each, deposits, what);
  each.wait();
}

void ask_each(runtime& rt, std::size_t ledgers, std::size_t in_flight, const std::string& what) {
  flow each(in_flight, no_end, ledgers);
  for (std::size_t i = 0; i < in_flight; ++i) ask_next(rt, each, what);
  each.wait();
}

void wait_until_shown(runtime& rt, position at) {
  const auto shown =
      rt.query<test::balances, test::GetBalance>(
            [](auto q) { q.setAccount("0"); }, {.visible_at = at, .timeout = std::chrono::hours{1}})
          .get();
  if (!shown) fail(shown.error().to_string());
}

void wait_until_passivated(runtime& rt, const std::string& what) {
  while (const auto live = rt.stats().aggregates_live) {
    tell_progress(what + ": " + std::to_string(live) + " in memory");
    std::this_thread::yield();
  }
}

}  // namespace fasti::bench
