#include "persistence/leveldb_stores.hpp"
#include "tests/prove/load.hpp"
#include "tests/prove/parts.hpp"

namespace fasti::prove {
namespace {

using test::disk_tree;
using test::fault_disk;

/// A small journal with tables, logs, an index, snapshots and views; closed.
struct small_store {
  recorded_run run;
  disk_tree tree;
  unique_id id;
};

constexpr auto snapshots_path = "/journal/snapshots";
constexpr auto views_path = "/journal/views";
const stream_id subject = stream_id::of("s", "0");

std::string row_of(int i) { return "row " + std::to_string(i * 7919); }

small_store make_store(const load& l) {
  fault_disk on;
  small_store made;
  made.run = play(l, on);
  auto opened = open_on(on, l);
  if (!opened) return made;
  made.id = (*opened)->id();
  const log_sink quiet = [](log_level, std::string_view) {};
  auto snapshots = persistence::open_leveldb_snapshots(on, snapshots_path, made.id, quiet);
  auto views = persistence::open_leveldb_views(on, views_path, made.id, quiet);
  for (std::uint64_t v = 1; v <= 4; ++v) {
    static_cast<void>(
        (*snapshots)->save({subject, version{v}, position{v}, type_id{7}, {v, v * v}}));
  }
  for (int i = 1; i <= 4; ++i) {
    static_cast<void>(
        (*views)->write("v", {{{"key", row_of(i)}}, position{static_cast<std::uint64_t>(i)}}));
  }
  snapshots->reset();
  views->reset();
  opened->reset();
  made.tree = on.tree();
  return made;
}

/// A flip may make a journal refuse, or a read fail, with a word; never read otherwise.
std::string check_journal(const small_store& store, fault_disk& on) {
  auto opened = open_on(on, store.run.made_by);
  if (!opened) {
    const auto code = opened.error().code;
    const bool typed = code == errc::corrupt || code == errc::invalid || code == errc::unavailable;
    return typed && !opened.error().detail.empty() ? "" : "refused without a word";
  }
  auto read = test::read_all(**opened);
  const auto& good = store.run.events;
  if (read.events.size() > good.size() ||
      !std::equal(read.events.begin(), read.events.end(), good.begin())) {
    return "P10: a damaged byte was returned as good";
  }
  if (!read.failed && read.events.size() != good.size()) {
    return "P10: events are gone, and nothing says so";
  }
  for (int s = 0; s < store.run.made_by.streams; ++s) {
    const std::string name = "s-" + std::to_string(s);
    auto one = test::read_stream(**opened, name);
    std::size_t at = 0;
    for (const auto& e : good) {
      if (e.stream != name) continue;
      if (at < one.events.size() && !(one.events[at] == e))
        return "P10: " + name + " reads otherwise";
      ++at;
    }
    if (!one.failed && one.events.size() != at) return "P10: events of " + name + " are gone";
  }
  return {};
}

/// What is derived may have become older, as after a crash, but not wrong.
std::string check_derived(const small_store& store, fault_disk& on) {
  const log_sink quiet = [](log_level, std::string_view) {};
  auto snapshots = persistence::open_leveldb_snapshots(on, snapshots_path, store.id, quiet);
  if (snapshots) {
    auto s = (*snapshots)->load(subject, latest_version);
    if (s && *s) {
      const auto v = count_of((*s)->version);
      const std::vector<word> body{v, v * v};
      if (v > 4 || (*s)->body != body || count_of((*s)->position) != v)
        return "P10: a snapshot is wrong";
    }
  }
  auto views = persistence::open_leveldb_views(on, views_path, store.id, quiet);
  if (!views) return {};
  auto checkpoint = (*views)->checkpoint("v");
  auto row = (*views)->row("v", "key");
  if (!checkpoint || !row) return {};
  const auto at = static_cast<int>(count_of(*checkpoint));
  const bool fits = at == 0 ? !row->has_value() : *row == row_of(at);
  return fits ? "" : "P9: a view's row and its checkpoint are not of one batch";
}

void flip_all(const load& l, std::mt19937_64& random, std::size_t step, tally& t) {
  const auto store = make_store(l);
  if (!store.run.went_wrong.empty())
    return t.find("a load without faults: " + store.run.went_wrong);
  for (const auto& [path, file] : store.tree.files()) {
    const std::string& bytes = *store.tree.at(file).now;
    const bool derived = path.starts_with(snapshots_path) || path.starts_with(views_path);
    for (std::size_t bit = random() % step; bit < bytes.size() * 8 && t.goes_on();
         bit += step == 1 ? 1 : 1 + random() % (2 * step)) {
      std::string flipped = bytes;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
      disk_tree damaged = store.tree;
      damaged.replace(file, std::move(flipped));
      fault_disk on(std::move(damaged));
      t.count();
      const auto wrong = derived ? check_derived(store, on) : check_journal(store, on);
      if (wrong.empty()) continue;
      t.find(path + ", byte " + std::to_string(bit / 8) + " of " + std::to_string(bytes.size()) +
             ", bit " + std::to_string(bit % 8) + ": " + wrong + "\n    load: " + l.to_string());
      break;
    }
  }
}

}  // namespace

void bit_flips(tally& t, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  // Three small stores, coarse first, then every bit, then others.
  const std::vector<load> stores{
      {.seed = seed, .commits = 6, .words_max = 6},
      {.seed = seed + 1, .commits = 8, .words_max = 6, .reopen_every = 3},
      {.seed = seed + 2,
       .commits = 12,
       .streams = 5,
       .words_max = 12,
       .in_flight = 4,
       .reopen_every = 6}};
  for (const auto& l : stores) flip_all(l, random, 37, t);
  for (const auto& l : stores) flip_all(l, random, 1, t);
  while (t.goes_on()) {
    load l = random_load(random);
    l.words_max = std::min(l.words_max, 60U);
    flip_all(l, random, 11, t);
  }
}

}  // namespace fasti::prove
