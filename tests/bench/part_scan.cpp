// How fast everything can be read in its order, after closing and opening again.
#include "bench_kit.hpp"
#include "parts.hpp"
#include "raw_scan.hpp"

namespace fasti::bench {
namespace {

struct scan_rounds {
  std::vector<double> rate;
  std::vector<double> cpu_us;
};

template <class Scan>
void measure(scan_rounds& into, std::uint64_t expected, Scan&& scan) {
  const double cpu_before = cpu_seconds();
  const auto begin = stopwatch::now();
  const scanned seen = scan();
  const double took = seconds_since(begin);
  if (seen.events != expected || seen.sum == 0) fail("a scan did not see all events");
  into.rate.push_back(static_cast<double>(expected) / took);
  into.cpu_us.push_back((cpu_seconds() - cpu_before) * 1e6 / static_cast<double>(expected));
}

void scan_raw(scan_rounds& into, const std::string& directory, std::uint64_t expected) {
  const auto files = open_raw_beside(directory);
  measure(into, expected, [&] { return raw_scan(*files.db); });
}

void scan_journal(scan_rounds& into, const std::string& directory, std::uint64_t expected) {
  const auto j = open_journal(directory);
  measure(into, expected, [&] {
    scanned seen;
    auto read = j->read({}, [&](const recorded_event& e) {
      ++seen.events;
      seen.sum += (e.body[1] & 0xffU) + e.body.size() + e.stream.size();
      return visit::more;
    });
    if (!read) fail(read.error().to_string());
    return seen;
  });
}

}  // namespace

table measure_scan(const plan& p) {
  const scratch place(p.directory + "/scan");
  fill_journal_and_raw(place.path(), p.events, "scan");
  scan_rounds raw;
  scan_rounds ours;
  for (int round = 0; round < p.rounds; ++round) {
    tell_progress("scan, round " + std::to_string(round + 1) + " of " + std::to_string(p.rounds));
    scan_raw(raw, place.path(), p.events);
    scan_journal(ours, place.path(), p.events);
  }
  table t{"scan",
          "reading " + std::to_string(p.events) + " events in their global order, " +
              std::to_string(p.rounds) + " rounds, each after closing and opening",
          {{"engine", "engine"},
           {"events_per_second", "events/s", 0, "events given to the reader, a second"},
           {"cpu_us_per_event", "cpu us/event", 3, "processor time of all threads, an event"},
           {"ratio_to_raw_leveldb", ": LevelDB", 2,
            "events/s against raw LevelDB in the same round", true}}};
  t.notes = {"Raw LevelDB: an iterator over one value an event, checksums verified. The journal:",
             "`read` of everything. Opening is not counted; the files' pages are in memory."};
  t.rows.push_back({raw_leveldb_log().name, median(raw.rate), median(raw.cpu_us),
                    median_ratio(raw.rate, raw.rate)});
  t.rows.push_back({std::string("fasti's journal"), median(ours.rate), median(ours.cpu_us),
                    median_ratio(ours.rate, raw.rate)});
  return t;
}

}  // namespace fasti::bench
