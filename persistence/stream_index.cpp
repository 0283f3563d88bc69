#include "persistence/stream_index.hpp"

#include <algorithm>
#include <span>

#include "persistence/commit_rules.hpp"
#include "persistence/varint.hpp"

namespace fasti::persistence {
namespace {

/// Changes written in one step, so that a flush does not make the journal's own writes wait.
constexpr std::size_t changes_per_write = 8192;

const database_options index_options{.write_buffer_bytes = 16U << 20,
                                     .cache_bytes = 16U << 20,
                                     .file_bytes_max = 8U << 20,
                                     .bloom_bits_per_key = 10};

std::string run_prefix(std::string_view stream) {
  std::string key = "r";
  key += static_cast<char>(stream.size() >> 8U);
  key += static_cast<char>(stream.size());
  key += stream;
  return key;
}

std::string run_key(std::string_view stream, version first) {
  return run_prefix(stream) + big_endian(count_of(first));
}

std::string head_key(std::string_view stream) { return "h" + std::string(stream); }

leveldb::Slice slice(std::string_view s) { return {s.data(), s.size()}; }
std::string_view view(const leveldb::Slice& s) { return {s.data(), s.size()}; }

constexpr char grammar = 2;

std::string mark_of(unique_id journal) {
  return big_endian(journal.high) + big_endian(journal.low) + grammar;
}

/// As the value of a run.
void pack(std::span<const position> positions, std::string& into) {
  into.resize(positions.size() * varint_bytes_max);
  char* end = into.data();
  std::uint64_t before = 0;
  for (const auto p : positions) {
    end = put_varint(end, count_of(p) - before);
    before = count_of(p);
  }
  into.resize(static_cast<std::size_t>(end - into.data()));
}

error index_damaged(std::string_view stream) {
  return {errc::corrupt, "index-damaged",
          "the index of " + std::string(stream) + " has a gap; close, remove index/, open again"};
}

/// The watermark of an index that fits; an error when it cannot be used.
result<position> watermark_in(const database& db, unique_id journal) {
  std::string value;
  auto found = db.get("m", value);
  if (!found) return std::move(found).error();
  if (!*found || value != mark_of(journal)) {
    return error{errc::invalid, "foreign-index", "it belongs to another journal or program"};
  }
  found = db.get("w", value);
  if (!found) return std::move(found).error();
  if (!*found) return no_position;
  return position{from_big_endian(value)};
}

}  // namespace

result<std::unique_ptr<stream_index>> stream_index::open(disk& on, const std::string& path,
                                                         unique_id journal, const log_sink& log,
                                                         const journal_limits& limits,
                                                         std::size_t events_in_memory) {
  if (on.exists(path)) {
    auto db = database::open(on, path, create_mode::must_exist, index_options);
    auto watermark = db ? watermark_in(**db, journal) : result<position>(db.error());
    if (watermark)
      return std::unique_ptr<stream_index>(
          new stream_index(on, *std::move(db), *watermark, limits, events_in_memory));
    if (watermark.error().reason == "storage-failed") return watermark.error();
    log(log_level::warning,
        "index is made anew from the journal: " + watermark.error().to_string());
    db = watermark.error();  // closed before its files go
    if (auto removed = remove_tree(on, path); !removed) return std::move(removed).error();
  }
  auto db = database::open(on, path, create_mode::create, index_options);
  if (!db) return std::move(db).error();
  leveldb::WriteBatch batch;
  batch.Put("m", mark_of(journal));
  if (auto wrote = (*db)->write_synced(batch); !wrote) return std::move(wrote).error();
  return std::unique_ptr<stream_index>(
      new stream_index(on, *std::move(db), no_position, limits, events_in_memory));
}

stream_index::stream_index(disk& on, std::unique_ptr<database> db, position watermark,
                           const journal_limits& limits, std::size_t events_in_memory)
    : db_(std::move(db)),
      watermark_at_open_(watermark),
      limits_(limits),
      events_in_memory_(events_in_memory),
      saved_(on, db_->path(), limits) {}

result<std::optional<command_window>> stream_index::saved_window(timestamp time) {
  return saved_.load(limits_, watermark_at_open_, time);
}

result<version> stream_index::version_in_database(std::string_view stream) const {
  std::string value;
  auto found = db_->get(head_key(stream), value);
  if (!found) return std::move(found).error();
  return *found ? version{from_big_endian(value)} : no_version;
}

std::optional<version> stream_index::version_in_memory(const stream_name& stream) const noexcept {
  const stream_runs* const newest_first[] = {&active_, flushing_.get(), flushed_.get()};
  for (const auto* runs : newest_first) {
    if (runs == nullptr) continue;
    if (const auto* r = runs->find(stream)) return r->last();
  }
  return std::nullopt;
}

result<version> stream_index::version_of(std::string_view stream) const {
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = version_in_memory(stream_name::of(stream))) return *known;
  }
  return version_in_database(stream);
}

result<void> stream_index::add(const stream_name& stream, version before, position first,
                               std::uint32_t events) {
  auto locked = lock();
  auto known = version_in_memory(stream);
  if (!known) {
    // Only one thread adds, so the lock may go for the read.
    locked.unlock();
    auto stored = version_in_database(stream.text);
    if (!stored) return std::move(stored).error();
    known = *stored;
    locked.lock();
  }
  if (*known != before) {
    return version_conflict(stream.text, expected_version::exactly(before), *known);
  }
  add_behind(stream, before, first, events);
  return {};
}

void stream_index::forget_after(position last) {
  const std::lock_guard lock(mutex_);
  active_.forget_after(last);
}

bool stream_index::wants_flush() const {
  const std::lock_guard lock(mutex_);
  return is_flush_due();
}

void stream_index::on_durable(position durable) {
  const std::lock_guard lock(mutex_);
  if (is_flush_due()) start_flush(durable);
}

/// With the mutex.
bool stream_index::is_flush_due() const {
  return active_.events() >= events_in_memory_ && !flushing_ && !failed_;
}

/// With the mutex.
void stream_index::start_flush(position durable) {
  flushing_ = std::make_unique<stream_runs>(std::exchange(active_, std::move(spare_runs_)));
  packed_commands next;
  next.bytes = std::move(spare_packed_);
  background_.run([this, commands = std::exchange(commands_, std::move(next)), durable]() mutable {
    flush(std::move(commands), durable);
  });
}

result<std::vector<position>> stream_index::positions(std::string_view stream, version from,
                                                      version to) const {
  std::vector<position> older;
  std::vector<position> newer;
  version database_to = to;
  {
    const std::lock_guard lock(mutex_);
    const auto name = stream_name::of(stream);
    for (const auto* runs : std::initializer_list<const stream_runs*>{flushing_.get(), &active_}) {
      const auto* r = runs == nullptr ? nullptr : runs->find(name);
      if (r == nullptr) continue;
      database_to = std::min(database_to, version{count_of(r->first) - 1});
      runs->positions(*r, from, to, newer);
    }
  }
  if (from <= database_to) {
    if (auto read = positions_in_database(stream, from, database_to, older); !read) {
      return std::move(read).error();
    }
  }
  older.insert(older.end(), newer.begin(), newer.end());
  return older;
}

result<void> stream_index::positions_in_database(std::string_view stream, version from, version to,
                                                 std::vector<position>& out) const {
  const auto prefix = run_prefix(stream);
  const auto it = db_->iterate();
  // The run that holds `from` begins at or before it.
  it->Seek(slice(run_key(stream, from)));
  if (!it->Valid()) {
    if (auto good = db_->check(*it); !good) return good;
    it->SeekToLast();
  } else if (view(it->key()) != run_key(stream, from)) {
    it->Prev();
  }
  version expected{};
  for (;
       it->Valid() && view(it->key()).starts_with(prefix) && it->key().size() == prefix.size() + 8;
       it->Next()) {
    version v{from_big_endian(view(it->key()).substr(prefix.size()))};
    if (v > to) break;
    if (expected != no_version && v != expected) return index_damaged(stream);
    auto packed = view(it->value());
    std::uint64_t at = 0;
    for (; !packed.empty() && v <= to; v = next(v)) {
      std::uint64_t further = 0;
      if (!take_varint(packed, further)) return index_damaged(stream);
      at += further;
      if (v >= from) out.push_back(position{at});
    }
    expected = v;
  }
  return db_->check(*it);
}

result<void> stream_index::write(const stream_runs& g, const packed_commands& commands,
                                 position watermark) {
  struct named_run {
    std::string_view name;
    const stream_runs::run* run;
    std::span<const position> positions;
  };
  const auto positions = g.all_positions();
  std::vector<named_run> sorted;
  sorted.reserve(g.all().size());
  std::span<const position> behind = positions;
  for (const auto& r : g.all()) {
    if (r.events > 0) sorted.push_back({g.name_of(r), &r, behind.first(r.events)});
    behind = behind.subspan(r.events);
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  leveldb::WriteBatch batch;
  leveldb::WriteBatch last;  // what says that the runs count: all of it in one step
  std::size_t changes = 0;
  const auto write_batch = [&]() -> result<void> {
    auto wrote = db_->write_unsynced(batch);
    batch.Clear();
    changes = 0;
    return wrote;
  };
  std::string packed;
  for (const auto& [name, run, at] : sorted) {
    pack(at, packed);
    batch.Put(run_key(name, run->first), packed);
    last.Put(head_key(name), big_endian(count_of(run->last())));
    if (++changes < changes_per_write) continue;
    if (auto wrote = write_batch(); !wrote) return wrote;
  }
  if (auto wrote = write_batch(); !wrote) return wrote;
  if (auto saved = saved_.save(commands); !saved) return saved;
  last.Put("w", big_endian(count_of(watermark)));
  if (auto wrote = db_->write_unsynced(last); !wrote) return wrote;
  saved_.sweep();
  return {};
}

/// Megabytes come free at its end. They are emptied without the lock, for which commits would wait,
/// and filled again: to give them back, and get others page by page, costs more than to fill them.
void stream_index::flush(packed_commands commands, position up_to) {
  auto wrote = write(*flushing_, commands, up_to);
  std::unique_ptr<stream_runs> free;
  {
    const std::lock_guard lock(mutex_);
    if (wrote) {
      free = std::exchange(flushed_, std::exchange(flushing_, nullptr));
    } else {
      failed_ = std::move(wrote).error();  // what is in memory stays; a new open starts over
    }
    changed_.notify_all();
  }
  if (free) free->clear();
  commands.bytes.clear();
  const std::lock_guard lock(mutex_);
  if (free) spare_runs_ = std::move(*free);
  spare_packed_ = std::move(commands.bytes);
}

result<void> stream_index::flush_all(position durable) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !flushing_ || failed_; });
  if (failed_) return *failed_;
  if (active_.events() == 0 && commands_.commits == 0) return {};
  start_flush(durable);
  changed_.wait(lock, [this] { return !flushing_ || failed_; });
  if (failed_) return *failed_;
  return {};
}

}  // namespace fasti::persistence
