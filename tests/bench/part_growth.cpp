// Whether appending gets slower as the store grows.
#include <algorithm>

#include "bench_kit.hpp"
#include "parts.hpp"
#include "stores.hpp"

namespace fasti::bench {
namespace {

constexpr std::uint64_t slices = 5;

/// How much at a time: the same at both sizes, and whole batches in a slice.
struct steps {
  std::uint64_t batch = 0;
  std::uint64_t slice = 0;
  explicit steps(const plan& p)
      : batch(std::min<std::uint64_t>(1024, p.smaller() / 10)),
        slice(batch * std::max<std::uint64_t>(1, p.smaller() / 2 / slices / batch)) {}
};

struct growing {
  std::string name;
  std::vector<double> small;
  std::vector<double> large;
};

/// Fills up to `events`; returns the rates of the slices at the end of it.
std::vector<double> grow(store& into, workload& from, std::uint64_t events, const steps& by,
                         const std::string& name) {
  const auto what = "growth to " + std::to_string(events) + ", " + name;
  load(into, from, events - slices * by.slice, by.batch, what);
  std::vector<double> rates;
  for (std::uint64_t i = 0; i < slices; ++i) {
    const auto begin = stopwatch::now();
    load(into, from, from.taken() + by.slice, by.batch, what);
    rates.push_back(static_cast<double>(by.slice) / seconds_since(begin));
  }
  return rates;
}

growing measure(const plan& p, const steps& by, const engine_kind& kind) {
  const scratch place(p.directory + "/growth");
  calm_disk(place.path());
  workload from;
  const auto into = kind.open(place.path());
  auto small = grow(*into, from, p.smaller(), by, kind.name);
  return {kind.name, std::move(small), grow(*into, from, p.larger(), by, kind.name)};
}

}  // namespace

table measure_growth(const plan& p) {
  const steps by(p);
  std::vector<growing> engines;
  for (const auto& kind : {plain_file(), raw_leveldb(), journal_pipelined()}) {
    engines.push_back(measure(p, by, kind));
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
  t.notes = {"Medians of the last " + std::to_string(slices) + " slices of " +
                 std::to_string(by.slice) + " events before that size. One engine after the other:",
             "what one still does in the background would trouble the next one's slices."};
  for (const auto& e : engines) {
    const double large = median(e.large);
    t.rows.push_back({e.name, median(e.small), large, large / median(e.small),
                      large / median(engines[0].large), large / median(engines[1].large)});
  }
  return t;
}

}  // namespace fasti::bench
