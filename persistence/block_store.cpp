#include "persistence/block_store.hpp"

#include <algorithm>

#include "persistence/packed_block.hpp"

namespace fasti::persistence {
namespace {

/// To open a table costs more than to read some blocks of it, so the tables of the newest gibibyte
/// are opened with the store. LevelDB does not say where they begin: positions are tried that lie
/// so many bytes apart, a fraction of a table.
constexpr std::uint64_t probe_bytes = 4U << 20;
constexpr std::uint64_t probes_max = 256;

/// Blocks as they lie in tables, and those of them that were unpacked.
constexpr std::size_t packed_cache_bytes = 16U << 20;
constexpr std::size_t unpacked_cache_bytes = 16U << 20;
/// One reader leaves no more than that in the cache: a long stream would push all others out.
constexpr int blocks_cached_max = 512;

std::string_view view(const leveldb::Slice& s) { return {s.data(), s.size()}; }
leveldb::Slice slice(std::string_view s) { return {s.data(), s.size()}; }

error missing(position p) {
  return {errc::corrupt, "record-missing",
          "journal, position " + std::to_string(count_of(p)) + ": its block is not there"};
}

error foreign_key() {
  return {errc::corrupt, "record-damaged", "journal: a key that is not a position"};
}

bool ends_before(const block_store::block_ptr& b, position p) { return b->last() < p; }

result<block_store::block_ptr> block_at(const leveldb::Iterator& it) {
  if (it.key().size() != 8) return foreign_key();
  return unpacked(view(it.value()), position{from_big_endian(view(it.key()))});
}

}  // namespace

result<std::unique_ptr<block_store>> block_store::open(disk& on, const std::string& path,
                                                       create_mode mode, const settings& given) {
  auto db = database::open(on, path, mode,
                           {.write_buffer_bytes = given.log_bytes,
                            .cache_bytes = packed_cache_bytes,
                            .file_bytes_max = 32U << 20,
                            .values = values::packed,
                            .tail = given.tail});
  if (!db) return std::move(db).error();
  std::unique_ptr<block_store> opened(new block_store(*std::move(db), given.recent_bytes_max));
  opened->open_tables();
  return opened;
}

block_store::block_store(std::shared_ptr<database> db, std::size_t recent_bytes_max)
    : recent_bytes_max_(recent_bytes_max), unpacked_(unpacked_cache_bytes), db_(std::move(db)) {}

/// What is wrong with a table is told to whoever reads it.
void block_store::open_tables() const {
  const auto newest = end();
  if (!newest || *newest == no_position) return;
  const auto db = database_now();
  const auto probes = db->bytes_on_disk() / probe_bytes + 1;
  const auto step = count_of(*newest) / probes;
  for (std::uint64_t i = 0; i < std::min(probes, probes_max); ++i) {
    db->expect(big_endian(count_of(*newest) - i * step));
  }
  // A seek looks at the first block of each level that is newer than what it seeks.
  db->iterate()->Seek(big_endian(1));
}

void block_batch::add(std::shared_ptr<const block> b) {
  packed_.Put(big_endian(count_of(b->last())), slice(packed(*b, room_)));
  blocks_.push_back(std::move(b));
}

void block_batch::clear() {
  packed_.Clear();
  blocks_.clear();
}

result<void> block_store::append(block_batch& batch, durability how) {
  const auto db = database_now();
  auto wrote = how == durability::synced ? db->write_synced(batch.packed_)
                                         : db->write_unsynced(batch.packed_);
  if (!wrote) return wrote;
  const std::lock_guard lock(mutex_);
  for (const auto& b : batch.blocks()) {
    recent_.push_back(b);
    recent_bytes_ += b->bytes().size();
  }
  while (recent_.size() > 1 && recent_bytes_ > recent_bytes_max_) {
    recent_bytes_ -= recent_.front()->bytes().size();
    recent_.pop_front();
  }
  return {};
}

result<void> block_store::replace(const std::vector<block_ptr>& blocks) {
  leveldb::WriteBatch batch;
  std::string room;
  for (const auto& b : blocks) {
    batch.Put(big_endian(count_of(b->last())), slice(packed(*b, room)));
  }
  if (auto wrote = database_now()->write_synced(batch); !wrote) return wrote;
  const std::lock_guard lock(mutex_);
  for (const auto& b : blocks) {
    const auto at = std::lower_bound(recent_.begin(), recent_.end(), b->last(), ends_before);
    if (at == recent_.end() || (*at)->last() != b->last()) continue;
    recent_bytes_ -= (*at)->bytes().size() - b->bytes().size();
    *at = b;
  }
  return {};
}

result<void> block_store::sync() {
  leveldb::WriteBatch nothing;
  return database_now()->write_synced(nothing);
}

result<position> block_store::reopen() {
  auto opened = database_now()->reopen();
  if (!opened) return std::move(opened).error();
  {
    const std::lock_guard lock(mutex_);
    db_ = *std::move(opened);
    recent_.clear();
    recent_bytes_ = 0;
  }
  return end();
}

result<position> block_store::end() const {
  auto last = newest();
  if (!last) return std::move(last).error();
  return *last ? (*last)->last() : no_position;
}

result<block_store::block_ptr> block_store::newest() const {
  const auto db = database_now();
  const auto it = db->iterate();
  it->SeekToLast();
  if (auto good = db->check(*it); !good) return std::move(good).error();
  if (!it->Valid()) return block_ptr();
  return block_at(*it);
}

block_store::block_ptr block_store::recent(position p) const {
  const std::lock_guard lock(mutex_);
  if (recent_.empty() || p < recent_.front()->first() || p > recent_.back()->last()) return nullptr;
  return *std::lower_bound(recent_.begin(), recent_.end(), p, ends_before);
}

result<block_store::block_ptr> block_store::reader::at(position p) {
  fetched_ = false;
  if (current_ && p >= current_->first() && p <= current_->last()) return current_;
  if (auto recent = store_.recent(p)) {
    current_ = std::move(recent);
    return current_;
  }
  const auto reads_before = file_reads_of_this_thread();
  auto read = from_disk(p);
  fetched_ = file_reads_of_this_thread() != reads_before;
  if (!read) return read;
  current_ = *read;
  return read;
}

void block_store::reader::expect(position p) {
  if (current_ && p >= current_->first() && p <= current_->last()) return;
  if (!db_) db_ = store_.database_now();
  db_->expect(big_endian(count_of(p)));
}

result<block_store::block_ptr> block_store::reader::from_disk(position p) {
  const bool follows = iterator_ && iterator_->Valid() && current_ && p == next(current_->last()) &&
                       from_big_endian(view(iterator_->key())) == count_of(current_->last());
  const auto seek = [&](bool anew) {
    if (anew) {
      iterator_.reset();
      db_ = store_.database_now();
      iterator_ = db_->iterate();
    }
    iterator_->Seek(big_endian(count_of(p)));
  };
  if (follows) {
    iterator_->Next();
  } else {
    seek(!iterator_);
  }
  if (!iterator_->Valid()) {
    // It may be newer than the iterator's view of the database.
    if (auto good = db_->check(*iterator_); !good) return std::move(good).error();
    seek(true);
  }
  // After a damaged table LevelDB's iterator goes on behind it: only the status tells.
  if (auto good = db_->check(*iterator_); !good) return std::move(good).error();
  if (!iterator_->Valid()) return missing(p);
  // What is read in a row will not be read again soon.
  const bool caches = !follows && cached_++ < blocks_cached_max;
  auto found = caches ? store_.cached_block_at(*iterator_) : block_at(*iterator_);
  if (!found) return found;
  if (p < (*found)->first() || p > (*found)->last()) return missing(p);
  return found;
}

result<block_store::block_ptr> block_store::cached_block_at(const leveldb::Iterator& it) const {
  if (it.key().size() != 8) return foreign_key();
  return unpacked_.unpacked(view(it.value()), position{from_big_endian(view(it.key()))});
}

result<position> block_store::first_of_newest(std::uint64_t commits, timestamp time) const {
  const auto db = database_now();
  const auto it = db->iterate();
  position first{1};
  std::uint64_t seen = 0;
  for (it->SeekToLast(); it->Valid() && seen < commits; it->Prev()) {
    const auto b = block_at(*it);
    if (!b) return b.error();
    if ((*b)->time() < time) break;
    seen += (*b)->header().commits;
    first = (*b)->first();
  }
  if (auto good = db->check(*it); !good) return std::move(good).error();
  return first;
}

result<position> block_store::last_block_before(timestamp time, position head) const {
  // Times never go back along positions: a binary search over positions, a seek each.
  reader blocks(*this);
  std::uint64_t low = 0;  // a block ends here, and before `time`; 0: none is known
  std::uint64_t high = count_of(head);
  while (low < high) {
    const std::uint64_t middle = low + (high - low + 1) / 2;
    const auto b = blocks.at(position{middle});
    if (!b) return b.error();
    if ((*b)->time() < time) {
      low = count_of((*b)->last());
    } else {
      high = count_of((*b)->first()) - 1;
    }
  }
  return position{low};
}

}  // namespace fasti::persistence
