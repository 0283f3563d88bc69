// How fast batches become durable: engines take turns within a round, each in an empty directory.
#include <algorithm>

#include "bench_kit.hpp"
#include "parts.hpp"
#include "stores.hpp"

namespace fasti::bench {
namespace {

/// One engine's rounds.
struct rounds_of {
  engine_kind kind;
  std::vector<double> rate;
  std::vector<double> p50_us;
  std::vector<double> p99_us;
  std::vector<double> cpu_us;
  std::vector<double> syncs;  // a batch
};

/// So that a round of a large batch has enough of them, and one of single events ends.
std::size_t batches_in_round(const plan& p, std::size_t batch) {
  if (p.quick) return 4;
  return std::clamp<std::size_t>(p.events / 5 / batch, 20, 400);
}

std::vector<rounds_of> contestants(const plan& p) {
  std::vector<rounds_of> all;
  for (auto& kind : all_engine_kinds()) {
    if (kind.name.find(p.engine) == std::string::npos) continue;
    all.emplace_back().kind = std::move(kind);
  }
  return all;
}

std::vector<std::size_t> batch_sizes(const plan& p) {
  if (p.batch > 0) return {p.batch};
  if (p.quick) return {1, 64};
  return {1, 16, 256, 1024};
}

void measure(rounds_of& into, const std::string& directory, std::size_t batch,
             std::size_t batches) {
  const scratch place(directory);
  const auto opened = into.kind.open(place.path());
  workload events;
  opened->append(events.take(batch));  // what only the first one does is not the question
  opened->drain();
  calm_disk(place.path());
  const auto syncs_before = opened->syncs();
  std::vector<double> waits;
  const double cpu_before = cpu_seconds();
  const auto begin = stopwatch::now();
  for (std::size_t i = 0; i < batches; ++i) {
    const auto given = stopwatch::now();
    opened->append(events.take(batch));
    waits.push_back(seconds_since(given) * 1e6);
  }
  opened->drain();
  const double took = seconds_since(begin);
  const auto n = static_cast<double>(batch * batches);
  into.rate.push_back(n / took);
  into.cpu_us.push_back((cpu_seconds() - cpu_before) * 1e6 / n);
  into.p50_us.push_back(quantile(waits, 0.5));
  into.p99_us.push_back(quantile(waits, 0.99));
  if (syncs_before) {
    into.syncs.push_back(static_cast<double>(*opened->syncs() - *syncs_before) /
                         static_cast<double>(batches));
  }
}

table empty_table(const plan& p) {
  table t{"append",
          "synced append of batches, " + std::to_string(record_bytes()) +
              " bytes an event with its header, " + std::to_string(workload::streams_usual) +
              " streams, " + std::to_string(p.rounds) + " rounds",
          {{"batch", "batch"},
           {"engine", "engine"},
           {"events_per_second", "events/s", 0, "durable events a second"},
           {"spread", "spread", 2,
            "events/s of the fastest round by the slowest's; far over 1: the machine was busy"},
           {"p50_us", "p50 us", 0,
            "from handing a batch over to the call's return; pipelined: "
            "until the batch before is durable"},
           {"p99_us", "p99 us"},
           {"cpu_us_per_event", "cpu us/event", 2, "processor time of all threads, an event"},
           {"syncs_per_batch", "syncs/batch", 2, "where the engine counts them"},
           {"ratio_to_plain_file", ": file", 2, "events/s against the plain file in the same round",
            true},
           {"ratio_to_raw_leveldb", ": LevelDB", 2,
            "events/s against raw LevelDB in the same round", true}}};
  t.notes = {
      "A batch is so many commits of one event, with command ids of their own.",
      "fasti's journal: handed over one by one and waited for together; pipelined: one",
      "further batch is queued while one is synced. Raw LevelDB and RocksDB: one batch write",
      "of body under position and position under stream and version, with sync; tables,",
      "buffers and cache as large as the journal's. SQLite: one transaction a batch.",
      "Medians of the rounds; a ratio is the median of the rounds' own ratios."};
  for (auto& line : engines_left_out()) t.notes.push_back(std::move(line));
  return t;
}

cell ratio_to(const std::vector<rounds_of>& engines, const std::string& name, const rounds_of& of) {
  for (const auto& e : engines) {
    if (e.kind.name == name) return median_ratio(of.rate, e.rate);
  }
  return {};
}

void add_rows(table& t, std::size_t batch, const std::vector<rounds_of>& engines) {
  for (const auto& e : engines) {
    const auto [slowest, fastest] = std::minmax_element(e.rate.begin(), e.rate.end());
    t.rows.push_back({static_cast<double>(batch), e.kind.name, median(e.rate), *fastest / *slowest,
                      median(e.p50_us), median(e.p99_us), median(e.cpu_us),
                      e.syncs.empty() ? cell{} : cell{median(e.syncs)},
                      ratio_to(engines, plain_file().name, e),
                      ratio_to(engines, raw_leveldb().name, e)});
  }
}

}  // namespace

table measure_append(const plan& p) {
  table t = empty_table(p);
  for (const auto batch : batch_sizes(p)) {
    auto engines = contestants(p);
    for (int round = 0; round < p.rounds; ++round) {
      for (auto& e : engines) {
        tell_progress("append, batch " + std::to_string(batch) + ", round " +
                      std::to_string(round + 1) + " of " + std::to_string(p.rounds) + ", " +
                      e.kind.name);
        measure(e, p.directory + "/append", batch, batches_in_round(p, batch));
      }
    }
    add_rows(t, batch, engines);
  }
  return t;
}

}  // namespace fasti::bench
