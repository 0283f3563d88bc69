// How long it takes until an aggregate that is not in memory answers: snapshot, tail, fold.
#include <algorithm>
#include <numeric>
#include <random>

#include "ledgers.hpp"
#include "parts.hpp"

namespace fasti::bench {
namespace {

constexpr std::size_t events_each = 25;
constexpr std::size_t snapshot_every = 20;
/// Snapshots are left out when the readers are busy: these come slowly.
constexpr std::size_t in_flight_while_filling = 4;
constexpr auto soon = std::chrono::milliseconds{300};

std::size_t ledgers_in(const plan& p) { return p.quick ? 200 : p.events / 10; }

runtime open(const std::string& directory) {
  return open_ledgers(directory, {.snapshot_every_events = snapshot_every, .idle_timeout = soon});
}

void ask_next(runtime& rt, flow& questions, const std::vector<std::size_t>& whom) {
  const auto number = questions.next();
  if (!number) return;
  rt.query_then<test::ledger, test::GetBalance>(
      ledger_name(whom[*number]), [](auto) {},
      [&rt, &questions, &whom, sent = stopwatch::now()](const result<owned<test::Balance>>& r) {
        if (!r) fail(r.error().to_string());
        if ((*r)->getEntries() != events_each) fail("a ledger came back with other entries");
        questions.on_done(sent);
        ask_next(rt, questions, whom);
      });
}

struct figures {
  std::vector<double> latencies_us;
  double per_second = 0;
};

figures ask_each(runtime& rt, const std::vector<std::size_t>& whom, std::size_t at_once) {
  constexpr double no_end = 1e9;
  tell_progress("activation, " + std::to_string(at_once) + " at once");
  flow questions(at_once, no_end, whom.size());
  for (std::size_t i = 0; i < at_once; ++i) ask_next(rt, questions, whom);
  questions.wait();
  return {questions.latencies_us(), questions.per_second()};
}

table empty_table(const plan& p) {
  table t{"activation",
          "queries to aggregates that are not in memory: " + std::to_string(ledgers_in(p)) +
              " of " + std::to_string(events_each) + " events, a snapshot after " +
              std::to_string(snapshot_every),
          {{"pages", "pages"},
           {"at_once", "at once"},
           {"p50_us", "p50 us", 0, "from the query to its answer"},
           {"p99_us", "p99 us"},
           {"per_second", "per second", 0, "aggregates brought back"},
           {"from_snapshot", "snapshots", 2, "the part of them that came from a snapshot"}}};
  t.notes = {"cold: all files' pages given up, the runtime just opened (a virtual disk may still",
             "hold them). warm: the same aggregates again after they left memory."};
  return t;
}

void add_row(table& t, const char* pages, std::size_t at_once, const figures& f, double snapshots) {
  t.rows.push_back({std::string(pages), static_cast<double>(at_once), median(f.latencies_us),
                    quantile(f.latencies_us, 0.99), f.per_second, snapshots});
}

}  // namespace

table measure_activation(const plan& p) {
  const auto ledgers = ledgers_in(p);
  const scratch place(p.directory + "/activation");
  {
    auto rt = open(place.path());
    deposit_to_each(rt, ledgers, snapshot_every, in_flight_while_filling, "activation, filling");
    deposit_to_each(rt, ledgers, events_each - snapshot_every, 64, "activation, filling");
    close(rt);
  }
  table t = empty_table(p);
  std::vector<std::size_t> whom(ledgers);
  std::iota(whom.begin(), whom.end(), std::size_t{0});
  std::shuffle(whom.begin(), whom.end(), std::mt19937_64(4711));
  whom.resize(std::min<std::size_t>(ledgers, p.quick ? 20 : 2000));
  for (const auto at_once : {std::size_t{1}, std::size_t{64}}) {
    evict_below(place.path());
    auto rt = open(place.path());
    for (const auto* pages : {"cold", "warm"}) {
      const auto before = rt.stats();
      const auto answered = ask_each(rt, whom, at_once);
      const auto after = rt.stats();
      const auto recovered =
          static_cast<double>(after.aggregates_recovered - before.aggregates_recovered);
      if (recovered < static_cast<double>(whom.size())) fail("some were in memory");
      const auto loaded = static_cast<double>(after.snapshots_loaded - before.snapshots_loaded);
      add_row(t, pages, at_once, answered, loaded / recovered);
      wait_until_passivated(rt, "activation");
    }
    close(rt);
  }
  return t;
}

}  // namespace fasti::bench
