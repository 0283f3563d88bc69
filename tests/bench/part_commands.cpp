// Durable commands, from `send` to the receipt, beside what makes the same bytes durable by itself.
#include <algorithm>
#include <cmath>

#include "allocations.hpp"
#include "bare_caf.hpp"
#include "fasti/detail/fetch.hpp"
#include "ledgers.hpp"
#include "parts.hpp"
#include "stores.hpp"

namespace fasti::bench {
namespace {

constexpr std::size_t aggregates = 10'000;
constexpr std::size_t notes_kept = 4096;
constexpr std::size_t notes_ahead = 16;
constexpr std::string_view file_name = "plain file + fdatasync";
constexpr std::string_view leveldb_name = "raw LevelDB, 2 keys";
constexpr std::string_view caf_name = "bare CAF, no journal";
constexpr std::string_view many_name = "fasti, 10 k aggregates";
constexpr std::string_view hot_name = "fasti, one aggregate";

/// What one engine does in a round.
struct round_work {
  std::size_t in_flight = 0;
  double warm_up = 0;  // seconds
  double seconds = 0;  // behind them
};

/// Many in flight are many bytes. For the first second or two they go into memory and caches that
/// the machine has at hand, and nothing is merged yet: what an engine keeps up comes later.
round_work work_of(const plan& p, std::size_t in_flight) {
  constexpr std::size_t many = 256;
  const double seconds = p.round_ms / 1000.0;
  if (p.quick) return {in_flight, 0, seconds};
  if (in_flight < many) return {in_flight, 0, seconds / 4};
  return {in_flight, p.warm_up_ms / 1000.0, seconds};
}

/// One engine's rounds.
struct rounds_of {
  std::string name;
  std::function<void(rounds_of&, const std::string& directory, const round_work&)> run;
  std::vector<double> rate = {};
  std::vector<double> p50_us = {};
  std::vector<double> p99_us = {};
  std::vector<double> p999_us = {};
  std::vector<double> cpu_us = {};
  std::vector<double> allocations = {};
  std::vector<double> batch = {};         // events that one sync made durable
  std::vector<double> leveldb_rate = {};  // … in batches of that size, by raw LevelDB
};

/// What the process spent meanwhile.
class meter {
 public:
  void stop(rounds_of& into, const flow& done) const {
    const auto n = static_cast<double>(done.done());
    into.cpu_us.push_back((cpu_seconds() - cpu_before_) * 1e6 / n);
    if (allocations_before_) {
      const auto made = *allocations_so_far() - *allocations_before_;
      into.allocations.push_back(static_cast<double>(made) / n);
    }
    into.rate.push_back(done.per_second());
    into.p50_us.push_back(quantile(done.latencies_us(), 0.5));
    into.p99_us.push_back(quantile(done.latencies_us(), 0.99));
    into.p999_us.push_back(quantile(done.latencies_us(), 0.999));
  }

 private:
  const double cpu_before_ = cpu_seconds();
  const std::optional<std::uint64_t> allocations_before_ = allocations_so_far();
};

/// A batch, a sync, the next batch.
void append_until_over(store& to, workload& events, std::size_t in_flight, flow& batches) {
  while (batches.next()) {
    const auto given = stopwatch::now();
    to.append(events.take(in_flight));
    for (std::size_t i = 0; i < in_flight; ++i) batches.on_done(given);
  }
  batches.wait();
}

/// For engines that are called.
void run_store(rounds_of& into, const engine_kind& kind, const std::string& directory,
               const round_work& work) {
  const auto opened = kind.open(directory);
  workload events;
  opened->append(events.take(work.in_flight));  // what only the first one does is not the question
  calm_disk(directory);
  if (work.warm_up > 0) {
    flow before(1, work.warm_up);
    append_until_over(*opened, events, work.in_flight, before);
  }
  const meter spent;
  flow batches(1, work.seconds);
  append_until_over(*opened, events, work.in_flight, batches);
  spent.stop(into, batches);
  into.batch.push_back(static_cast<double>(work.in_flight));
}

/// The notes of the events that the stores get: the same bytes.
const std::vector<std::string>& notes() {
  static const auto all = [] {
    std::vector<std::string> made;
    workload events;
    for (const auto& e : events.take(notes_kept)) {
      made.emplace_back(owned<test::Withdrawn>(e.bytes->body)->getNote().cStr());
    }
    return made;
  }();
  return all;
}

/// The stores take their samples one behind the other, so that the processor has fetched them when
/// they come to one. Here thousands of instructions lie in between.
void expect_note(std::uint64_t number) {
  const auto& note = notes()[number % notes_kept];
  fasti::detail::fetch_to_read(note.data(), note.size());
}

void send_next(runtime& rt, flow& commands, const std::vector<std::string>& names) {
  const auto number = commands.next();
  if (!number) return;
  expect_note(*number + notes_ahead);
  rt.send_then<test::Withdraw>(
      names[*number % names.size()],
      [number](auto c) {
        c.setCents(1);
        const auto& note = notes()[*number % notes_kept];
        c.setNote({note.data(), note.size()});
      },
      [&rt, &commands, &names, sent = stopwatch::now()](const result<receipt>& r) {
        if (!r) fail(r.error().to_string());
        commands.on_done(sent);
        send_next(rt, commands, names);
      });
}

void send_until_over(runtime& rt, const std::vector<std::string>& names, std::size_t in_flight,
                     flow& commands) {
  for (std::size_t i = 0; i < in_flight; ++i) send_next(rt, commands, names);
  commands.wait();
}

/// Each aggregate comes to life and gets money first: what is measured is the steady state.
void run_fasti(rounds_of& into, std::size_t ledgers, const std::string& directory,
               const round_work& work) {
  auto rt = open_ledgers(directory);
  deposit_to_each(rt, ledgers, 1, 1024, "commands, " + into.name);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < ledgers; ++i) names.push_back(ledger_name(i));
  static_cast<void>(notes());
  calm_disk(directory);
  if (work.warm_up > 0) {
    flow before(work.in_flight, work.warm_up);
    send_until_over(rt, names, work.in_flight, before);
  }
  const auto before = rt.stats().journal;
  const meter spent;
  flow commands(work.in_flight, work.seconds);
  send_until_over(rt, names, work.in_flight, commands);
  spent.stop(into, commands);
  const auto after = rt.stats().journal;
  into.batch.push_back(static_cast<double>(after.commits - before.commits) /
                       static_cast<double>(std::max<std::uint64_t>(after.syncs - before.syncs, 1)));
  close(rt);
}

std::vector<rounds_of> contestants(const plan& p) {
  const auto store_of = [](engine_kind kind) {
    return [kind = std::move(kind)](rounds_of& into, const std::string& d, const round_work& work) {
      run_store(into, kind, d, work);
    };
  };
  const auto fasti_with = [](std::size_t ledgers) {
    return [ledgers](rounds_of& into, const std::string& d, const round_work& work) {
      run_fasti(into, ledgers, d, work);
    };
  };
  const auto caf = [](rounds_of& into, const std::string&, const round_work& work) {
    const meter spent;
    flow requests(work.in_flight, work.seconds);
    run_bare_caf(aggregates, work.in_flight, requests);
    spent.stop(into, requests);
  };
  std::vector<rounds_of> all;
  all.push_back({std::string(caf_name), caf});  // the disk's rest is not to be fasti's gain
  all.push_back({std::string(file_name), store_of(plain_file())});
  all.push_back({std::string(leveldb_name), store_of(raw_leveldb())});
  all.push_back({std::string(many_name), fasti_with(p.quick ? 100 : aggregates)});
  all.push_back({std::string(hot_name), fasti_with(1)});
  std::erase_if(all, [&p](const auto& e) { return e.name.find(p.engine) == e.name.npos; });
  return all;
}

std::vector<std::size_t> in_flights(const plan& p) {
  if (p.batch > 0) return {p.batch};
  if (p.quick) return {1, 64};
  return {1, 16, 256, 4096};
}

table empty_table(const plan& p) {
  table t{
      "commands",
      "durable commands of one event, " + std::to_string(record_bytes()) +
          " bytes with its header, " + std::to_string(p.rounds) + " rounds of " +
          std::to_string(p.round_ms) + " ms with many in flight, after " +
          std::to_string(p.warm_up_ms) + " ms",
      {{"in_flight", "in flight"},
       {"engine", "engine"},
       {"per_second", "per second", 0, "commands whose receipt came, or durable events"},
       {"p50_us", "p50 us", 0, "from handing over to the receipt, or of the batch"},
       {"p99_us", "p99 us"},
       {"p999_us", "p99.9 us"},
       {"cpu_us", "cpu us", 2, "processor time of all threads for one"},
       {"allocations", "allocs", 1, "calls of malloc for one"},
       {"ratio_to_plain_file", ": file", 2, "per second against the plain file in the round", true},
       {"ratio_to_raw_leveldb", ": LevelDB", 2, "… against raw LevelDB", true},
       {"batch", "batch", 0, "events that one sync made durable, on average"},
       {"ratio_to_raw_leveldb_in_same_batches", ": same", 2,
        "… against raw LevelDB in batches of that size", true},
       {"ratio_to_caf", ": CAF", 2, "… against bare CAF"},
       {"p50_ratio_to_plain_file", "p50 : file", 2, "p50 by that of the plain file"},
       {"p50_ratio_to_raw_leveldb", "p50 : LevelDB", 2, "… by that of raw LevelDB"},
       {"p99_ratio_to_raw_leveldb", "p99 : LevelDB", 2},
       {"p999_ratio_to_raw_leveldb", "p99.9 : LevelDB", 2}}};
  t.notes = {
      "Plain file and raw LevelDB: batches of that many events, a sync each. fasti: so many",
      "commands on their way, the next is sent when a receipt comes. Bare CAF: requests to 10 k",
      "actors and their responses, in memory, by CAF's own scheduler. Medians of the rounds; a",
      "ratio is the median of the rounds' own ratios. fasti makes durable what has come by then:",
      "for \": same\" raw LevelDB runs once more, in batches as large as those were on average.",
      "With 256 and more in flight each engine works for a while before it is measured."};
  return t;
}

const rounds_of* find(const std::vector<rounds_of>& engines, std::string_view name) {
  const auto found = std::find_if(engines.begin(), engines.end(),
                                  [name](const auto& e) { return e.name == name; });
  return found == engines.end() ? nullptr : &*found;
}

cell ratio(const std::vector<rounds_of>& engines, std::string_view name, const rounds_of& of,
           std::vector<double> rounds_of::*figure) {
  const auto* to = find(engines, name);
  const bool is_other_work = of.name == caf_name && name != caf_name;  // it stores nothing
  return to == nullptr || is_other_work ? cell{} : cell{median_ratio(of.*figure, to->*figure)};
}

cell median_if_any(const std::vector<double>& of) { return of.empty() ? cell{} : cell{median(of)}; }

void add_rows(table& t, std::size_t in_flight, const std::vector<rounds_of>& engines) {
  for (const auto& e : engines) {
    t.rows.push_back({static_cast<double>(in_flight), e.name, median(e.rate), median(e.p50_us),
                      median(e.p99_us), median(e.p999_us), median(e.cpu_us),
                      median_if_any(e.allocations), ratio(engines, file_name, e, &rounds_of::rate),
                      ratio(engines, leveldb_name, e, &rounds_of::rate), median_if_any(e.batch),
                      e.leveldb_rate.empty() ? cell{} : cell{median_ratio(e.rate, e.leveldb_rate)},
                      ratio(engines, caf_name, e, &rounds_of::rate),
                      ratio(engines, file_name, e, &rounds_of::p50_us),
                      ratio(engines, leveldb_name, e, &rounds_of::p50_us),
                      ratio(engines, leveldb_name, e, &rounds_of::p99_us),
                      ratio(engines, leveldb_name, e, &rounds_of::p999_us)});
  }
}

/// Raw LevelDB once more for each of fasti's engines, in batches like those of this round.
void run_in_same_batches(const plan& p, const round_work& work, std::vector<rounds_of>& engines) {
  if (find(engines, leveldb_name) == nullptr) return;
  for (auto& e : engines) {
    if (e.name != many_name && e.name != hot_name) continue;
    const scratch place(p.directory + "/commands");
    auto same = work;
    same.in_flight = static_cast<std::size_t>(std::max(1LL, std::llround(e.batch.back())));
    rounds_of again{std::string(leveldb_name), {}};
    run_store(again, raw_leveldb(), place.path(), same);
    e.leveldb_rate.push_back(again.rate.back());
  }
}

/// How often the disk can be asked by itself is the measure for one hot aggregate.
void note_syncs(table& t, std::size_t in_flight, const std::vector<rounds_of>& engines,
                std::optional<double>& syncs_per_second) {
  const auto* file = find(engines, file_name);
  if (in_flight == 1 && file != nullptr) syncs_per_second = median(file->rate);
  const auto* hot = find(engines, hot_name);
  if (in_flight < 64 || hot == nullptr || !syncs_per_second) return;
  const auto times = std::llround(median(hot->rate) / *syncs_per_second);
  t.notes.push_back("One aggregate, " + std::to_string(in_flight) + " in flight: " +
                    std::to_string(times) + " times as many commands as the disk can do syncs.");
}

}  // namespace

table measure_commands(const plan& p) {
  table t = empty_table(p);
  std::optional<double> syncs_per_second;
  for (const auto in_flight : in_flights(p)) {
    const auto work = work_of(p, in_flight);
    auto engines = contestants(p);
    for (int round = 0; round < p.rounds; ++round) {
      for (auto& e : engines) {
        tell_progress("commands, " + std::to_string(in_flight) + " in flight, round " +
                      std::to_string(round + 1) + " of " + std::to_string(p.rounds) + ", " +
                      e.name);
        const scratch place(p.directory + "/commands");
        e.run(e, place.path(), work);
      }
      run_in_same_batches(p, work, engines);
    }
    add_rows(t, in_flight, engines);
    note_syncs(t, in_flight, engines, syncs_per_second);
  }
  return t;
}

}  // namespace fasti::bench
