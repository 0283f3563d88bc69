// How fast a subscriber and a view catch up with a journal that is there.
#include <leveldb/db.h>
#include <leveldb/write_batch.h>

#include <array>
#include <future>
#include <unordered_map>

#include "ledgers.hpp"
#include "parts.hpp"
#include "raw_scan.hpp"

namespace fasti::bench {
namespace {

/// As many events as one step of a projection folds.
constexpr std::size_t rows_batch = 4096;

std::uint64_t events_in(const plan& p) { return p.quick ? p.events : p.events * 10; }

/// One engine's rounds. Opening and closing are not counted.
struct contestant {
  std::string name;
  void (*run)(contestant&, std::uint64_t events, const std::string& directory);
  std::vector<double> rate = {};
  std::vector<double> cpu_us = {};

  template <class Work>
  void measure(std::uint64_t events, Work&& work) {
    const double cpu_before = cpu_seconds();
    const auto begin = stopwatch::now();
    work();
    const auto n = static_cast<double>(events);
    rate.push_back(n / seconds_since(begin));
    cpu_us.push_back((cpu_seconds() - cpu_before) * 1e6 / n);
  }
};

void scan_raw(contestant& c, std::uint64_t events, const std::string& directory) {
  const auto files = open_raw_beside(directory);
  c.measure(events, [&] {
    if (raw_scan(*files.db).events != events) fail("a scan did not see all events");
  });
}

/// Everything the journal has, through a callback.
template <class Take>
void subscribe(contestant& c, std::uint64_t events, const std::string& directory, Take&& take) {
  auto rt = open_ledgers(directory);
  std::promise<void> all_came;
  std::uint64_t count = 0;
  const auto callback = [&](const result<event_batch>& batch) {
    if (!batch) return;
    for (const auto& e : *batch) take(e);
    count += batch->size();
    if (count == events) all_came.set_value();
  };
  c.measure(events, [&] {
    const auto handle = rt.subscribe({}, callback);
    if (!handle) fail(handle.error().to_string());
    all_came.get_future().get();
  });
  close(rt);
}

void count_events(contestant& c, std::uint64_t events, const std::string& directory) {
  std::uint64_t sum = 0;
  subscribe(c, events, directory, [&sum](const recorded_event& e) { sum += e.body[1] & 0xffU; });
  if (sum == 0) fail("a subscriber saw nothing");
}

void fold_in_memory(contestant& c, std::uint64_t events, const std::string& directory) {
  std::unordered_map<std::string, std::int64_t> cents;
  subscribe(c, events, directory, [&cents](const recorded_event& e) {
    body_reader body(e.body);
    cents[std::string(e.key())] -= body.root<test::Withdrawn>().getCents();
  });
  if (cents.size() != std::min<std::uint64_t>(workload::streams_usual, events)) {
    fail("a view in memory lacks rows");
  }
}

/// The rows that the view gets, written by hand: a batch for as many events as a step has.
void write_rows(contestant& c, std::uint64_t events, const std::string& directory) {
  const scratch place(directory + "/rows");
  const auto files = open_leveldb(place.path());
  workload from;
  std::array<std::int64_t, 4> row{};  // what the view's rows are, in bytes
  c.measure(events, [&] {
    for (std::uint64_t done = 0; done < events;) {
      leveldb::WriteBatch batch;
      const auto n = std::min<std::uint64_t>(rows_batch, events - done);
      for (const auto& e : from.take(n)) {
        row[1] += static_cast<std::int64_t>(e.position);
        batch.Put(std::string(e.stream->key()), {reinterpret_cast<const char*>(&row), sizeof row});
      }
      batch.Put("checkpoint", position_key(done += n));
      if (auto written = files.db->Write({}, &batch); !written.ok()) fail(written.ToString());
    }
  });
}

void fold_into_the_store(contestant& c, std::uint64_t events, const std::string& directory) {
  auto rt = open_ledgers(directory);
  if (auto gone = rt.forget_view(test::balances::name); !gone) fail(gone.error().to_string());
  c.measure(events, [&] {
    if (auto added = rt.add<test::balances>(); !added) fail(added.error().to_string());
    wait_until_shown(rt, position{events});
  });
  close(rt);
}

std::vector<contestant> contestants(const plan& p) {
  std::vector<contestant> all{{"raw LevelDB, scan", scan_raw},
                              {"raw LevelDB, rows written", write_rows},
                              {"fasti, subscription", count_events},
                              {"fasti, view in memory", fold_in_memory},
                              {"fasti, view in its store", fold_into_the_store}};
  std::erase_if(all, [&p](const auto& c) { return c.name.find(p.engine) == c.name.npos; });
  return all;
}

cell ratio(const std::vector<contestant>& all, std::string_view to, const contestant& of) {
  for (const auto& c : all) {
    if (c.name == to) return median_ratio(of.rate, c.rate);
  }
  return {};
}

}  // namespace

table measure_catchup(const plan& p) {
  const auto events = events_in(p);
  const scratch place(p.directory + "/catchup");
  fill_journal_and_raw(place.path(), events, "catchup");
  auto all = contestants(p);
  for (int round = 0; round < p.rounds; ++round) {
    for (auto& c : all) {
      tell_progress("catchup, round " + std::to_string(round + 1) + " of " +
                    std::to_string(p.rounds) + ", " + c.name);
      calm_disk(place.path());
      c.run(c, events, place.path());
    }
  }
  table t{"catchup",
          "catching up with " + std::to_string(events) + " events of " +
              std::to_string(record_bytes()) + " bytes, " + std::to_string(p.rounds) + " rounds",
          {{"engine", "engine"},
           {"events_per_second", "events/s", 0,
            "from the call to the last event; opening is not counted"},
           {"cpu_us_per_event", "cpu us/event", 3, "processor time of all threads, an event"},
           {"ratio_to_scan", ": scan", 2, "events/s against the scan in the same round", true},
           {"ratio_to_rows", ": rows", 2, "… against the rows written by hand", true}}};
  t.notes = {
      "Scan: an iterator over one value an event, checksums verified. Rows: 32 bytes under the",
      "stream's key, a batch for every 4096 events, not synced, as the view's. The view in",
      "memory is a map that a subscriber fills, with the event decoded. Pages are in memory."};
  for (const auto& c : all) {
    t.rows.push_back({c.name, median(c.rate), median(c.cpu_us), ratio(all, "raw LevelDB, scan", c),
                      ratio(all, "raw LevelDB, rows written", c)});
  }
  return t;
}

}  // namespace fasti::bench
