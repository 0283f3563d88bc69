// How long it takes to bring one stream back whose events lie scattered among many others.
#include <leveldb/db.h>
#include <leveldb/env.h>

#include <algorithm>
#include <random>

#include "bench_kit.hpp"
#include "parts.hpp"
#include "stores.hpp"

namespace fasti::bench {
namespace {

constexpr std::size_t load_batch = 4096;
/// Opening reads the window of command ids; with the usual one it would read most of what is then
/// called cold.
constexpr std::size_t small_window = 64;

struct marked_stream {
  stream_id name;
  std::uint64_t events = 0;
};

struct length_class {
  std::uint64_t events = 0;
  std::size_t streams = 0;
};

std::vector<length_class> classes_of(const plan& p) {
  const auto longest = std::clamp<std::uint64_t>(p.events / 20, 200, 10'000);
  if (p.quick) return {{10, 3}, {100, 2}, {longest, 1}};
  return {{10, 40}, {100, 20}, {longest, 5}};
}

std::vector<marked_stream> marked_streams(const std::vector<length_class>& classes) {
  std::vector<marked_stream> made;
  for (const auto& c : classes) {
    for (std::size_t i = 0; i < c.streams; ++i) {
      const auto key = std::to_string(c.events) + "-" + std::to_string(i);
      made.push_back({stream_id::of("marked", key), c.events});
    }
  }
  return made;
}

/// The marked streams' events at random places, all others in streams of the usual number.
workload scattered(const std::vector<marked_stream>& marked, std::uint64_t events) {
  std::vector<stream_id> streams;
  std::vector<std::uint32_t> schedule;
  schedule.reserve(events);
  for (const auto& m : marked) {
    schedule.insert(schedule.end(), m.events, static_cast<std::uint32_t>(streams.size()));
    streams.push_back(m.name);
  }
  for (std::size_t i = 0; schedule.size() < events; i = (i + 1) % workload::streams_usual) {
    schedule.push_back(static_cast<std::uint32_t>(marked.size() + i));
  }
  for (std::size_t i = 0; i < workload::streams_usual; ++i) {
    streams.push_back(stream_id::of("ledger", std::to_string(i)));
  }
  std::shuffle(schedule.begin(), schedule.end(), std::mt19937_64(4711));
  return {std::move(streams), std::move(schedule)};
}

/// Opened, reads streams: returns how many events it saw.
class stream_reader {
 public:
  virtual ~stream_reader() = default;
  virtual std::uint64_t read(const stream_id& stream) = 0;
};

class journal_reader final : public stream_reader {
 public:
  explicit journal_reader(const std::string& d) : journal_(open_journal(d, small_window)) {}
  std::uint64_t read(const stream_id& stream) override {
    std::uint64_t seen = 0;
    auto got = journal_->read_stream(stream, {}, [&](const recorded_event& e) {
      if (!e.body.empty()) ++seen;
      return visit::more;
    });
    if (!got) fail(got.error().to_string());
    return seen;
  }

 private:
  const std::unique_ptr<journal> journal_;
};

class leveldb_reader final : public stream_reader {
 public:
  explicit leveldb_reader(const std::string& d) : files_(open_leveldb(d, reads_by::pread)) {}
  std::uint64_t read(const stream_id& stream) override {
    leveldb::ReadOptions checked;
    checked.verify_checksums = true;
    const auto first = stream_key(stream.text(), 1);
    const leveldb::Slice prefix(first.data(), first.size() - 8);
    const std::unique_ptr<leveldb::Iterator> it(files_.db->NewIterator(checked));
    std::uint64_t seen = 0;
    std::string record;
    for (it->Seek(first); it->Valid() && it->key().starts_with(prefix); it->Next()) {
      if (!files_.db->Get(checked, it->value(), &record).ok()) fail("LevelDB lacks a record");
      if (!record.empty()) ++seen;
    }
    if (!it->status().ok()) fail(it->status().ToString());
    return seen;
  }

 private:
  const leveldb_files files_;
};

struct contestant {
  engine_kind kind;
  std::function<std::unique_ptr<stream_reader>(const std::string&)> open;
};

std::vector<contestant> contestants() {
  std::vector<contestant> all;
  all.push_back(
      {raw_leveldb(), [](const std::string& d) { return std::make_unique<leveldb_reader>(d); }});
  all.push_back({journal_pipelined(),
                 [](const std::string& d) { return std::make_unique<journal_reader>(d); }});
  all.back().kind.name = "fasti's journal";
  return all;
}

/// One engine's reads of streams of one length.
struct reads {
  std::vector<double> cold_us;
  std::vector<double> once_us;
  std::vector<double> warm_us;
  std::vector<double> cold_kib;
};

double timed_read(stream_reader& r, const marked_stream& m) {
  const auto begin = stopwatch::now();
  if (r.read(m.name) != m.events) fail("a stream came back with another number of events");
  return seconds_since(begin) * 1e6;
}

void measure(reads& into, const contestant& c, const std::string& directory,
             const marked_stream& m) {
  evict_below(directory);
  const auto reader = c.open(directory);
  const auto before = io_now();
  into.cold_us.push_back(timed_read(*reader, m));
  if (const auto after = io_now()) {
    into.cold_kib.push_back(static_cast<double>(after->read_bytes - before->read_bytes) / 1024);
  }
  timed_read(*reader, m);
  into.warm_us.push_back(timed_read(*reader, m));
}

/// Each stream once, in one opening.
void measure_once(reads& into, const contestant& c, const std::string& directory,
                  const std::vector<marked_stream>& streams) {
  fetch_below(directory);
  const auto reader = c.open(directory);
  for (const auto& m : streams) into.once_us.push_back(timed_read(*reader, m));
}

table empty_table(const plan& p) {
  table t{"streams",
          "reading one stream whose events lie scattered among " + std::to_string(p.events) + ", " +
              std::to_string(p.rounds) + " rounds",
          {{"stream_events", "events"},
           {"engine", "engine"},
           {"pages", "pages"},
           {"p50_us", "p50 us", 0, "of the time to read the whole stream, over all reads"},
           {"p99_us", "p99 us"},
           {"events_per_second", "events/s", 0, "events of all reads by the time of all reads"},
           {"kib_read", "KiB read", 0, "fetched from the disk, median of the reads"},
           {"reads", "reads", 0, "how many: different streams, each once a round"},
           {"ratio_to_raw_leveldb", ": LevelDB", 2, "p50 of raw LevelDB by p50: over 1 is faster",
            true}}};
  t.notes = {
      "cold: the first read after all files' pages were given up and the store was opened",
      "with a small window of command ids (a virtual disk may still hold them). once: each",
      "stream for the first time in one opening, the files' pages in memory. warm: the third",
      "read of the same stream. Raw LevelDB: an iterator over the stream's keys and a",
      "get by position for each, checksums verified; it reads as the journal does, by pread:",
      "around a fault in a memory map the kernel reads ahead as far as the disk is set to."};
  return t;
}

void add_rows(table& t, std::uint64_t events, const std::vector<contestant>& engines,
              const std::vector<reads>& done) {
  struct state {
    const char* name;
    std::vector<double> reads::*us;
  };
  for (const auto& pages : {state{"cold", &reads::cold_us}, state{"once", &reads::once_us},
                            state{"warm", &reads::warm_us}}) {
    const auto& base = done[0].*pages.us;
    for (std::size_t i = 0; i < engines.size(); ++i) {
      const auto& us = done[i].*pages.us;
      double total = 0;
      for (const auto one : us) total += one;
      const auto n = static_cast<double>(us.size());
      const bool has_kib = pages.us == &reads::cold_us && !done[i].cold_kib.empty();
      t.rows.push_back(
          {static_cast<double>(events), engines[i].kind.name, std::string(pages.name), median(us),
           quantile(us, 0.99), static_cast<double>(events) * n * 1e6 / total,
           has_kib ? cell{median(done[i].cold_kib)} : cell{}, n, median(base) / median(us)});
    }
  }
}

}  // namespace

table measure_streams(const plan& p) {
  const auto classes = classes_of(p);
  const auto marked = marked_streams(classes);
  const auto engines = contestants();
  std::vector<std::unique_ptr<scratch>> places;
  for (const auto& e : engines) {
    const auto number = std::to_string(places.size());
    places.push_back(std::make_unique<scratch>(p.directory + "/streams-" + number));
    auto events = scattered(marked, p.events);
    const auto into = e.kind.open(places.back()->path());
    load(*into, events, p.events, load_batch, "streams, filling " + e.kind.name);
  }
  // What the load left in logs goes to tables now, not under the first reads.
  for (std::size_t i = 0; i < engines.size(); ++i) engines[i].open(places[i]->path());
  table t = empty_table(p);
  for (const auto& c : classes) {
    std::vector<reads> done(engines.size());
    std::vector<marked_stream> of_class;
    for (const auto& m : marked) {
      if (m.events == c.events) of_class.push_back(m);
    }
    for (int round = 0; round < p.rounds; ++round) {
      for (const auto& m : of_class) {
        tell_progress("streams of " + std::to_string(c.events) + " events, round " +
                      std::to_string(round + 1) + " of " + std::to_string(p.rounds));
        for (std::size_t i = 0; i < engines.size(); ++i) {
          measure(done[i], engines[i], places[i]->path(), m);
        }
      }
      for (std::size_t i = 0; i < engines.size(); ++i) {
        measure_once(done[i], engines[i], places[i]->path(), of_class);
      }
    }
    add_rows(t, c.events, engines, done);
  }
  return t;
}

}  // namespace fasti::bench
