#include "persistence/database.hpp"

#include <leveldb/cache.h>
#include <leveldb/env.h>
#include <leveldb/filter_policy.h>

#include "persistence/leveldb_status.hpp"

namespace fasti::persistence {
namespace {

leveldb::Slice slice(std::string_view s) { return {s.data(), s.size()}; }

leveldb::ReadOptions checked_reads(const leveldb::Snapshot* as_of = nullptr) {
  leveldb::ReadOptions options;
  options.snapshot = as_of;
  options.verify_checksums = true;
  return options;
}

/// LevelDB says its informational things to nobody.
class silent_logger final : public leveldb::Logger {
 public:
  void Logv(const char*, std::va_list) override {}
};

result<void> check_directory(const disk& on, const std::string& path, create_mode mode) {
  if (on.exists(path + "/CURRENT")) return {};
  if (mode == create_mode::must_exist) {
    return error{errc::corrupt, "database-incomplete",
                 path + "/CURRENT is missing: opening it anew would delete what is there"};
  }
  if (has_files(on, path)) {
    return error{errc::invalid, "not-empty",
                 path + " has files in it but is not a database; use an empty directory"};
  }
  return {};
}

}  // namespace

result<std::unique_ptr<database>> database::open(disk& on, const std::string& path,
                                                 create_mode mode,
                                                 const database_options& options) {
  if (auto good = check_directory(on, path, mode); !good) return std::move(good).error();
  if (mode == create_mode::create) {
    if (auto made = make_directories(on, path); !made) return std::move(made).error();
  }
  std::unique_ptr<database> opened(new database(on, path, options));
  auto held = on.lock(path + "/LOCK");  // before anything is read
  if (!held) return std::move(held).error();
  opened->lock_ = *std::move(held);
  if (auto started = opened->start(mode); !started) return std::move(started).error();
  return opened;
}

result<std::unique_ptr<database>> database::reopen() {
  env_->retire();
  auto options = options_;
  options.tail = log_tail::may_be_torn;  // it was whole once; now a write has failed
  std::unique_ptr<database> opened(new database(disk_, path_, options));
  opened->lock_ = lock_;
  if (auto good = check_directory(disk_, path_, create_mode::must_exist); !good) {
    return std::move(good).error();
  }
  if (auto started = opened->start(create_mode::must_exist); !started) {
    return std::move(started).error();
  }
  return opened;
}

/// With the lock held.
result<void> database::start(create_mode mode) {
  auto logs = expected_logs::read(disk_, path_);
  if (!logs) return std::move(logs).error();
  logs_ = *std::move(logs);
  auto torn = lint_database(disk_, path_, *logs_, options_.tail);
  if (!torn) return std::move(torn).error();
  for (const auto& log : *torn) {
    // LevelDB refuses some torn records (those over several 32 KiB blocks of which a later one
    // reached the disk), and a torn log that is not the newest any more would look damaged.
    if (const auto why = disk_.cut(log.file, log.good_bytes); why != 0) {
      return storage_failed(log.file, why);
    }
  }
  if (const auto why = logs_->begin(); why != 0) return storage_failed(path_, why);
  env_ = make_durable_env(disk_, *logs_);
  if (options_.bloom_bits_per_key > 0) {
    filter_.reset(leveldb::NewBloomFilterPolicy(options_.bloom_bits_per_key));
  }
  cache_.reset(leveldb::NewLRUCache(options_.cache_bytes));
  static silent_logger quiet;
  leveldb::Options options;
  options.create_if_missing = mode == create_mode::create;
  options.paranoid_checks = true;
  options.reuse_logs = false;
  options.env = env_.get();
  options.info_log = &quiet;
  options.filter_policy = filter_.get();
  options.block_cache = cache_.get();
  options.write_buffer_size = options_.write_buffer_bytes;
  options.max_file_size = options_.file_bytes_max;
  if (options_.values == values::packed) options.compression = leveldb::kNoCompression;
  leveldb::DB* db = nullptr;
  if (auto s = leveldb::DB::Open(options, path_, &db); !s.ok()) return to_error(s, path_);
  db_.reset(db);
  return {};
}

result<std::unique_ptr<database>> database::open_derived(disk& on, const std::string& path,
                                                         const database_options& options,
                                                         const log_sink& log,
                                                         std::string_view what) {
  if (on.exists(path)) {
    auto db = open(on, path, create_mode::must_exist, options);
    if (db || db.error().code != errc::corrupt) return db;
    log(log_level::warning, std::string(what) + " made anew: " + db.error().to_string());
    if (auto removed = remove_tree(on, path); !removed) return std::move(removed).error();
  }
  return open(on, path, create_mode::create, options);
}

database::database(disk& on, std::string path, const database_options& options)
    : disk_(on), path_(std::move(path)), options_(options) {}
database::~database() = default;

result<void> database::write(leveldb::WriteBatch& batch, bool sync) {
  leveldb::WriteOptions options;
  options.sync = sync;
  if (auto s = db_->Write(options, &batch); !s.ok()) return to_error(s, path_);
  return {};
}

result<void> database::write_synced(leveldb::WriteBatch& batch) { return write(batch, true); }
result<void> database::write_unsynced(leveldb::WriteBatch& batch) { return write(batch, false); }

database::snapshot database::take_snapshot() const {
  return {db_->GetSnapshot(),
          [db = db_.get()](const leveldb::Snapshot* s) { db->ReleaseSnapshot(s); }};
}

result<bool> database::get(std::string_view key, std::string& value,
                           const leveldb::Snapshot* as_of) const {
  const auto s = db_->Get(checked_reads(as_of), slice(key), &value);
  if (s.IsNotFound()) return false;
  if (!s.ok()) return to_error(s, path_);
  return true;
}

void database::expect(std::string_view key) const {
  const expecting_reads only;
  std::string value;
  static_cast<void>(db_->Get(checked_reads(), slice(key), &value));
}

std::unique_ptr<leveldb::Iterator> database::iterate(const leveldb::Snapshot* as_of) const {
  return std::unique_ptr<leveldb::Iterator>(db_->NewIterator(checked_reads(as_of)));
}

result<void> database::check(const leveldb::Iterator& at) const {
  if (auto s = at.status(); !s.ok()) return to_error(s, path_);
  return {};
}

std::uint64_t database::bytes_on_disk() const {
  std::uint64_t bytes = 0;
  std::vector<std::string> names;
  if (disk_.list(path_, names) != 0) return 0;
  for (const auto& name : names) {
    std::uint64_t size = 0;
    if (disk_.size(path_ + "/" + name, size) == 0) bytes += size;
  }
  return bytes;
}

std::string big_endian(std::uint64_t number) {
  std::string key(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) key[i] = static_cast<char>(number >> (56 - 8 * i));
  return key;
}

std::uint64_t from_big_endian(std::string_view key) {
  std::uint64_t number = 0;
  for (const char c : key.substr(0, 8)) number = (number << 8U) | static_cast<unsigned char>(c);
  return number;
}

}  // namespace fasti::persistence
