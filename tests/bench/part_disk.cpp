// What the disk is given for each byte that was handed over, and what stays on it.
#include "bench_kit.hpp"
#include "parts.hpp"
#include "stores.hpp"

namespace fasti::bench {
namespace {

constexpr std::size_t load_batch = 1024;

table empty_table(const plan& p) {
  table t{"disk",
          "appending " + std::to_string(p.events) + " events in batches of " +
              std::to_string(load_batch) + ", then closing, once",
          {{"engine", "engine"},
           {"events_per_second", "events/s", 0, "append and close"},
           {"write_amplification", "writes", 2,
            "bytes given to write calls (wchar of /proc/self/io), append and close, by logical "
            "bytes"},
           {"page_amplification", "pages", 2, "bytes of pages made dirty (write_bytes), the same"},
           {"disk_bytes_per_event", "bytes/event", 1, "lengths of all files after closing"},
           {"space_amplification", "space", 2, "the same by logical bytes"},
           {"ratio_to_raw_leveldb", ": LevelDB", 2, "bytes/event against raw LevelDB", true}}};
  t.notes = {"Logical bytes of an event: " + std::to_string(body_bytes()) + " of its body and " +
                 std::to_string(logical_header_bytes) + " of a header.",
             "Half of each event's bytes is noise, so that engines that compress can halve them.",
             "What goes to memory maps (SQLite's -shm) is not in `writes`."};
  return t;
}

}  // namespace

table measure_disk(const plan& p) {
  table t = empty_table(p);
  const auto logical = static_cast<double>(p.events * logical_bytes());
  const auto n = static_cast<double>(p.events);
  std::vector<double> sizes;
  for (const auto& kind : all_engine_kinds()) {
    const scratch place(p.directory + "/disk");
    calm_disk(place.path());
    const auto before = io_now();
    const auto begin = stopwatch::now();
    {
      workload events;
      const auto into = kind.open(place.path());
      load(*into, events, p.events, load_batch, "disk, " + kind.name);
    }
    const double took = seconds_since(begin);
    cell writes;
    cell pages;
    if (const auto after = io_now()) {
      writes = static_cast<double>(after->write_calls_bytes - before->write_calls_bytes) / logical;
      pages = static_cast<double>(after->written_bytes - before->written_bytes) / logical;
    }
    sizes.push_back(static_cast<double>(bytes_below(place.path())) / n);
    t.rows.push_back(
        {kind.name, n / took, writes, pages, sizes.back(), sizes.back() * n / logical, cell{}});
  }
  for (std::size_t i = 0; i < sizes.size(); ++i) t.rows[i].back() = sizes[i] / sizes[1];
  return t;
}

}  // namespace fasti::bench
