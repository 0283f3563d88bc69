// Keys:    's' length(u16) stream, version (big endian)
// Values:  checksum u64 (XXH3-64 of the rest, seed: the journal's id, low half), position u64,
//          type u64, schema u64, body
// Numbers in values are little endian.

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

#include "persistence/database.hpp"
#include "persistence/leveldb_stores.hpp"

namespace fasti::persistence {
namespace {

constexpr std::size_t fixed_words = 4;

std::string_view view(const leveldb::Slice& s) { return {s.data(), s.size()}; }

std::string prefix_of(const stream_id& stream) {
  const auto text = stream.text();
  std::string key = "s";
  key += static_cast<char>(text.size() >> 8U);
  key += static_cast<char>(text.size());
  key += text;
  return key;
}

std::uint64_t checksum_of(const word* after_checksum, std::size_t words, unique_id journal) {
  return XXH3_64bits_withSeed(after_checksum, words * word_bytes, journal.low);
}

class leveldb_snapshots final : public snapshot_store {
 public:
  leveldb_snapshots(std::unique_ptr<database> db, unique_id journal, log_sink log, std::size_t kept)
      : db_(std::move(db)), journal_(journal), log_(std::move(log)), kept_(kept) {}

  result<void> save(const snapshot& s) override {
    const auto words = encode_snapshot(s, journal_);
    const auto prefix = prefix_of(s.stream);
    leveldb::WriteBatch batch;
    batch.Put(
        prefix + big_endian(count_of(s.version)),
        leveldb::Slice(reinterpret_cast<const char*>(words.data()), words.size() * word_bytes));
    const auto what = was_looked_through(s.stream) ? drop::oldest : drop::all_too_old;
    if (auto dropped = drop_old(prefix, s.version, what, batch); !dropped) return dropped;
    return db_->write_unsynced(batch);
  }

  result<std::optional<snapshot>> load(const stream_id& stream, version at_most) const override {
    const auto prefix = prefix_of(stream);
    const auto it = db_->iterate();
    seek_at_or_before(*it, prefix + big_endian(count_of(at_most)));
    for (; it->Valid() && is_of(it->key(), prefix); it->Prev()) {
      auto s = decode_snapshot(view(it->value()), journal_);
      const auto at = from_big_endian(view(it->key()).substr(prefix.size()));
      if (!s) {
        log_(log_level::warning, "snapshot of " + std::string(stream.text()) + " at version " +
                                     std::to_string(at) + " passed over: its bytes are damaged");
        continue;
      }
      s->stream = stream;
      s->version = version{at};
      return s;
    }
    if (auto good = db_->check(*it); !good) return std::move(good).error();
    return std::optional<snapshot>();
  }

  result<void> remove(const stream_id& stream) override {
    const auto prefix = prefix_of(stream);
    leveldb::WriteBatch batch;
    const auto it = db_->iterate();
    for (it->Seek(prefix); it->Valid() && is_of(it->key(), prefix); it->Next()) {
      batch.Delete(it->key());
    }
    if (auto good = db_->check(*it); !good) return good;
    return db_->write_unsynced(batch);
  }

 private:
  static bool is_of(const leveldb::Slice& key, const std::string& prefix) {
    return view(key).starts_with(prefix) && key.size() == prefix.size() + 8;
  }
  static void seek_at_or_before(leveldb::Iterator& it, const std::string& key) {
    it.Seek(key);
    if (!it.Valid()) return it.SeekToLast();
    if (view(it.key()) != key) it.Prev();
  }

  enum class drop : std::uint8_t { oldest, all_too_old };

  /// One that is saved pushes out one, and behind that only deleted ones lie: LevelDB keeps them
  /// for long, and to walk over all of them at each save took most of the processor where one
  /// aggregate is busy. There may be more to drop only when fewer are kept than before.
  result<void> drop_old(const std::string& prefix, version newest, drop what,
                        leveldb::WriteBatch& batch) {
    const auto it = db_->iterate();
    seek_at_or_before(*it, prefix + big_endian(count_of(newest)));
    std::size_t kept = 1;
    for (; it->Valid() && is_of(it->key(), prefix); it->Prev()) {
      if (from_big_endian(view(it->key()).substr(prefix.size())) == count_of(newest)) continue;
      if (++kept <= kept_) continue;
      batch.Delete(it->key());
      if (what == drop::oldest) break;
    }
    return db_->check(*it);
  }

  /// Whether `stream`, or one of the same hash, was asked for before.
  bool was_looked_through(const stream_id& stream) {
    const auto bit = std::hash<stream_id>{}(stream) % (64 * looked_through_.size());
    const auto mask = std::uint64_t{1} << bit % 64;
    return (looked_through_[bit / 64].fetch_or(mask, std::memory_order_relaxed) & mask) != 0;
  }

  const std::unique_ptr<database> db_;
  const unique_id journal_;
  const log_sink log_;
  const std::size_t kept_;                                         // of a stream
  std::array<std::atomic<std::uint64_t>, 1024> looked_through_{};  // a bit for a stream's hash
};

}  // namespace

std::vector<word> encode_snapshot(const snapshot& s, unique_id journal) {
  std::vector<word> words{0, count_of(s.position), count_of(s.type), count_of(s.schema)};
  words.insert(words.end(), s.body.begin(), s.body.end());
  words[0] = checksum_of(words.data() + 1, words.size() - 1, journal);
  return words;
}

std::optional<snapshot> decode_snapshot(std::string_view bytes, unique_id journal) {
  if (bytes.size() % word_bytes != 0 || bytes.size() <= fixed_words * word_bytes) {
    return std::nullopt;
  }
  std::vector<word> words(bytes.size() / word_bytes);
  std::memcpy(words.data(), bytes.data(), bytes.size());
  if (words[0] != checksum_of(words.data() + 1, words.size() - 1, journal)) return std::nullopt;
  snapshot s;
  s.position = position{words[1]};
  s.type = type_id{words[2]};
  s.schema = schema_fingerprint{words[3]};
  s.body.assign(words.begin() + fixed_words, words.end());
  return s;
}

result<std::unique_ptr<snapshot_store>> open_leveldb_snapshots(disk& on, const std::string& path,
                                                               unique_id journal,
                                                               const log_sink& log,
                                                               std::size_t kept) {
  auto db = database::open_derived(on, path, {}, log, "snapshots");
  if (!db) return std::move(db).error();
  return std::unique_ptr<snapshot_store>(std::make_unique<leveldb_snapshots>(
      *std::move(db), journal, log, std::max<std::size_t>(kept, 1)));
}

}  // namespace fasti::persistence
