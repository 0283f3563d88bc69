#include "persistence/database.hpp"
#include "persistence/leveldb_stores.hpp"
#include "persistence/packed_block.hpp"
#include "tests/prove/load.hpp"
#include "tests/prove/parts.hpp"

namespace fasti::prove {
namespace {

using test::disk_op;
using test::disk_tree;
using test::fault_disk;

/// How a store was left. After a kill rot in the very last record looks like a torn write: that
/// much cannot be told.
enum class ended : std::uint8_t { closed, killed };

/// A small journal with tables, logs, an index, snapshots and views.
struct small_store {
  recorded_run run;
  disk_tree tree;
  unique_id id;
  std::size_t events_certain = 0;  ///< So many must be there, or missed aloud.
  ended how = ended::closed;
};

constexpr auto snapshots_path = "/journal/snapshots";
constexpr auto views_path = "/journal/views";
const stream_id subject = stream_id::of("s", "0");

std::string row_of(int i) { return "row " + std::to_string(i * 7919); }

small_store make_store(const load& l, ended how) {
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
  // What is in the log when it ends; more than one of its 32 KiB blocks.
  for (const std::uint32_t words : {4U, 5000U, 4U, 4U, 4U, 4U, 4U, 4U}) {
    made.events_certain = count_of((*opened)->head());
    const auto c = test::commit_to("s-0", 2, expected_version::any(), words);
    if (!append_and_wait(**opened, c)) made.run.went_wrong = "an append without faults failed";
  }
  made.run.events = test::read_all(**opened).events;
  made.how = how;
  if (how == ended::killed) made.tree = on.tree();
  snapshots->reset();
  views->reset();
  opened->reset();
  if (how == ended::closed) {
    made.tree = on.tree();
    made.events_certain = made.run.events.size();
  }
  return made;
}

/// A flip may make a journal refuse, or a read fail, with a word; never read otherwise.
std::string check_journal(const small_store& store, std::size_t certain, fault_disk& on) {
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
  if (!read.failed && read.events.size() < certain) {
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
    const bool is_short = one.events.size() + (good.size() - certain) < at;
    if (!one.failed && is_short) return "P10: events of " + name + " are gone";
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

/// Files that are gone or cut short.
void lose_files(const small_store& store, std::mt19937_64& random, tally& t) {
  for (const auto& [path, file] : store.tree.files()) {
    const std::string& bytes = *store.tree.at(file).now;
    const bool derived = path.starts_with(snapshots_path) || path.starts_with(views_path);
    for (int i = 0; i < 6 && t.goes_on(); ++i) {
      disk_tree damaged = store.tree;
      const auto left = bytes.empty() ? 0 : random() % bytes.size();
      if (i == 0) {
        static_cast<void>(damaged.apply({disk_op::kind::remove, 0, path, "", "", 0}));
      } else {
        damaged.replace(file, bytes.substr(0, left));
      }
      fault_disk on(std::move(damaged));
      t.count();
      // After a kill a log that was cut looks like one that was not written further: a beginning of
      // what was written is left, and that is all that can be asked.
      const bool looks_torn = store.how == ended::killed && i > 0 && path.ends_with(".log");
      const auto certain = looks_torn ? 0 : store.events_certain;
      const auto wrong = derived ? check_derived(store, on) : check_journal(store, certain, on);
      if (wrong.empty()) continue;
      t.find(path + (i == 0 ? " gone" : " cut to " + std::to_string(left) + " bytes") + ": " +
             wrong + "\n    load: " + store.run.made_by.to_string());
    }
  }
}

/// The blocks by themselves: below them LevelDB's own checksums would hide a missing one of ours.
void flip_blocks(const small_store& store, tally& t) {
  fault_disk on(store.tree);
  auto db =
      persistence::database::open(on, "/journal/events", persistence::create_mode::must_exist, {});
  if (!db) return t.find("the blocks do not open: " + db.error().to_string());
  const auto it = (*db)->iterate();
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    const position last{persistence::from_big_endian(it->key().ToString())};
    const std::string good = it->value().ToString();
    const auto right = persistence::unpacked(good, last);
    if (!right) return t.find("a block does not open: " + right.error().to_string());
    const std::size_t step = good.size() > 4096 ? 31 : 1;
    for (std::size_t bit = 0; bit < good.size() * 8 && t.goes_on(); bit += step) {
      std::string flipped = good;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
      t.count();
      auto opened = persistence::unpacked(flipped, last);
      if (!opened || (*opened)->bytes() == (*right)->bytes()) continue;
      auto walked = (*opened)->each_commit(no_position, [](const auto&) { return true; });
      if (!walked) continue;
      t.find("block " + std::to_string(count_of(last)) + ", bit " + std::to_string(bit) +
             ": P10: not seen");
      return;
    }
  }
}

/// One bit of one file; false: it made a difference that nothing tells.
bool flip(const small_store& store, const std::string& path, std::uint64_t file, std::size_t bit,
          tally& t) {
  std::string bytes = *store.tree.at(file).now;
  bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
  const auto size = bytes.size();
  disk_tree damaged = store.tree;
  damaged.replace(file, std::move(bytes));
  fault_disk on(std::move(damaged));
  t.count();
  const bool derived = path.starts_with(snapshots_path) || path.starts_with(views_path);
  const auto wrong =
      derived ? check_derived(store, on) : check_journal(store, store.events_certain, on);
  if (wrong.empty()) return true;
  t.find(path + ", byte " + std::to_string(bit / 8) + " of " + std::to_string(size) + ", bit " +
         std::to_string(bit % 8) + ": " + wrong + "\n    load: " + store.run.made_by.to_string());
  return false;
}

/// Some bits of every file, half of them near its end, where LevelDB looks least closely.
void flip_some(const small_store& store, std::mt19937_64& random, int count, tally& t) {
  if (!store.run.went_wrong.empty()) return t.find("without faults: " + store.run.went_wrong);
  for (const auto& [path, file] : store.tree.files()) {
    const std::size_t bits = store.tree.at(file).now->size() * 8;
    const std::size_t tail = std::min<std::size_t>(bits, 16'384);
    for (int i = 0; bits > 0 && i < count && t.goes_on(); ++i) {
      const auto bit = i % 2 == 0 ? random() % bits : bits - 1 - random() % tail;
      if (!flip(store, path, file, bit, t)) break;
    }
  }
}

void flip_every(const small_store& store, tally& t) {
  for (const auto& [path, file] : store.tree.files()) {
    const std::size_t bits = store.tree.at(file).now->size() * 8;
    for (std::size_t bit = 0; bit < bits && t.goes_on(); ++bit) {
      if (!flip(store, path, file, bit, t)) break;
    }
  }
}

}  // namespace

void bit_flips(tally& t, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  // Small stores: what is gone, then some bits of everything, then every bit, then others.
  std::vector<small_store> stores;
  for (const auto how : {ended::closed, ended::killed}) {
    stores.push_back(make_store({.seed = seed, .commits = 6, .words_max = 6}, how));
    stores.push_back(
        make_store({.seed = seed, .commits = 8, .words_max = 6, .reopen_every = 3}, how));
    stores.push_back(make_store({.seed = seed,
                                 .commits = 12,
                                 .streams = 5,
                                 .words_max = 12,
                                 .in_flight = 4,
                                 .reopen_every = 6},
                                how));
  }
  for (const auto& store : stores) lose_files(store, random, t);
  for (const auto& store : stores) flip_blocks(store, t);
  for (const auto& store : stores) flip_some(store, random, 150, t);
  for (const auto& store : stores) flip_every(store, t);
  while (t.goes_on()) {
    load l = random_load(random);
    l.words_max = std::min(l.words_max, 60U);
    flip_some(make_store(l, random() % 2 == 0 ? ended::closed : ended::killed), random, 2000, t);
  }
}

}  // namespace fasti::prove
