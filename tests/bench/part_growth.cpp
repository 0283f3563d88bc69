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
  engine_kind kind;
  std::unique_ptr<scratch> place;
  std::unique_ptr<store> into;
  workload events;
  std::vector<double> small;
  std::vector<double> large;
};

/// Fills up to `events`; the end of it in slices, in which engines take turns.
void grow(std::vector<std::unique_ptr<growing>>& engines, std::uint64_t events, const steps& by,
          std::vector<double> growing::*rates) {
  const auto what = "growth to " + std::to_string(events) + ", ";
  for (auto& e : engines) {
    load(*e->into, e->events, events - slices * by.slice, by.batch, what + e->kind.name);
  }
  for (std::uint64_t i = 0; i < slices; ++i) {
    for (auto& e : engines) {
      const auto begin = stopwatch::now();
      load(*e->into, e->events, e->events.taken() + by.slice, by.batch, what + e->kind.name);
      ((*e).*rates).push_back(static_cast<double>(by.slice) / seconds_since(begin));
    }
  }
}

}  // namespace

table measure_growth(const plan& p) {
  const steps by(p);
  std::vector<std::unique_ptr<growing>> engines;
  for (auto& kind : {plain_file(), raw_leveldb(), journal_pipelined()}) {
    auto e = std::make_unique<growing>();
    e->kind = kind;
    const auto number = std::to_string(engines.size());
    e->place = std::make_unique<scratch>(p.directory + "/growth-" + number);
    e->into = kind.open(e->place->path());
    engines.push_back(std::move(e));
  }
  grow(engines, p.smaller(), by, &growing::small);
  grow(engines, p.larger(), by, &growing::large);
  table t{"growth",
          "append rate as the store grows from " + std::to_string(p.smaller()) + " to " +
              std::to_string(p.larger()) + " events, batches of " + std::to_string(by.batch),
          {{"engine", "engine"},
           {"events_per_second_small", "at N", 0, "events/s on the way to the smaller size"},
           {"events_per_second_large", "at 10 N", 0, "… to the larger size"},
           {"ratio_large_to_small", "10 N : N", 2, "1: growth costs nothing", true},
           {"ratio_to_plain_file", ": file", 2, "at 10 N, in the same slices", true},
           {"ratio_to_raw_leveldb", ": LevelDB", 2, "at 10 N, in the same slices", true}}};
  t.notes = {"Medians of the last " + std::to_string(slices) + " slices of " +
             std::to_string(by.slice) + " events before that size; the engines take turns."};
  for (const auto& e : engines) {
    t.rows.push_back(
        {e->kind.name, median(e->small), median(e->large), median(e->large) / median(e->small),
         median_ratio(e->large, engines[0]->large), median_ratio(e->large, engines[1]->large)});
  }
  return t;
}

}  // namespace fasti::bench
