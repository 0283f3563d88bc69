// Whether appending gets slower as the store grows.
#include <algorithm>

#include "bench_kit.hpp"
#include "parts.hpp"
#include "stores.hpp"

namespace fasti::bench {
namespace {

/// How much at a time: the same at both sizes, and whole batches in what is timed.
struct steps {
  std::uint64_t batch = 0;
  std::uint64_t slice = 0;
  explicit steps(const plan& p)
      : batch(std::min<std::uint64_t>(1024, p.smaller() / 10)),
        slice(p.smaller() / 2 / batch * batch) {}
};

struct growing {
  engine_kind kind;
  std::vector<double> small;
  std::vector<double> large;
};

/// Fills up to `events`; returns the rate of the slice at the end of it.
double grow(store& into, workload& from, std::uint64_t events, const steps& by,
            const std::string& name) {
  const auto what = "growth to " + std::to_string(events) + ", " + name;
  load(into, from, events - by.slice, by.batch, what);
  const auto begin = stopwatch::now();
  load(into, from, events, by.batch, what);
  return static_cast<double>(by.slice) / seconds_since(begin);
}

void measure(growing& into, const plan& p, const steps& by) {
  const scratch place(p.directory + "/growth");
  calm_disk(place.path());
  workload from;
  const auto opened = into.kind.open(place.path());
  into.small.push_back(grow(*opened, from, p.smaller(), by, into.kind.name));
  into.large.push_back(grow(*opened, from, p.larger(), by, into.kind.name));
}

}  // namespace

table measure_growth(const plan& p) {
  const steps by(p);
  const int rounds = std::min(p.rounds, 3);
  std::vector<growing> engines(3);
  engines[0].kind = plain_file();
  engines[1].kind = raw_leveldb();
  engines[2].kind = journal_pipelined();
  for (int round = 0; round < rounds; ++round) {
    for (auto& e : engines) measure(e, p, by);
  }
  table t{"growth",
          "append rate as the store grows from " + std::to_string(p.smaller()) + " to " +
              std::to_string(p.larger()) + " events, batches of " + std::to_string(by.batch),
          {{"engine", "engine"},
           {"events_per_second_small", "at N", 0, "events/s on the way to the smaller size"},
           {"events_per_second_large", "at 10 N", 0, "… to the larger size"},
           {"ratio_large_to_small", "10 N : N", 2, "1: growth costs nothing", true},
           {"ratio_to_plain_file", ": file", 2, "at 10 N", true},
           {"ratio_to_raw_leveldb", ": LevelDB", 2, "at 10 N", true}}};
  t.notes = {
      "Of the last " + std::to_string(by.slice) + " events before that size, with whatever the",
      "engine does in the background meanwhile; rounds: " + std::to_string(rounds) + "."};
  for (const auto& e : engines) {
    t.rows.push_back({e.kind.name, median(e.small), median(e.large), median_ratio(e.large, e.small),
                      median_ratio(e.large, engines[0].large),
                      median_ratio(e.large, engines[1].large)});
  }
  return t;
}

}  // namespace fasti::bench
