#include "persistence/database.hpp"

#include <leveldb/cache.h>
#include <leveldb/env.h>
#include <leveldb/filter_policy.h>

#include <filesystem>

#include "persistence/durable_env.hpp"
#include "persistence/leveldb_status.hpp"

namespace fasti::persistence {
namespace {

leveldb::Slice slice(std::string_view s) { return {s.data(), s.size()}; }

leveldb::ReadOptions checked_reads() {
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  return options;
}

/// LevelDB says its informational things to nobody.
class silent_logger final : public leveldb::Logger {
 public:
  void Logv(const char*, std::va_list) override {}
};

result<void> check_directory(const std::string& path, create_mode mode) {
  std::error_code ec;
  const bool has_current = std::filesystem::exists(path + "/CURRENT", ec);
  if (has_current) return {};
  if (mode == create_mode::must_exist) {
    return error{errc::corrupt, "database-incomplete",
                 path + "/CURRENT is missing: opening it anew would delete what is there"};
  }
  if (std::filesystem::exists(path, ec) && !std::filesystem::is_empty(path, ec)) {
    return error{errc::invalid, "not-empty",
                 path + " has files in it but is not a database; use an empty directory"};
  }
  return {};
}

}  // namespace

result<std::unique_ptr<database>> database::open(const std::string& path, create_mode mode,
                                                 const database_options& given) {
  if (auto good = check_directory(path, mode); !good) return std::move(good).error();
  std::unique_ptr<database> opened(new database(path));
  opened->env_ = make_durable_env(leveldb::Env::Default());
  if (given.bloom_bits_per_key > 0) {
    opened->filter_.reset(leveldb::NewBloomFilterPolicy(given.bloom_bits_per_key));
  }
  opened->cache_.reset(leveldb::NewLRUCache(given.cache_bytes));
  static silent_logger quiet;
  leveldb::Options options;
  options.create_if_missing = mode == create_mode::create;
  options.paranoid_checks = true;
  options.reuse_logs = false;
  options.env = opened->env_.get();
  options.info_log = &quiet;
  options.filter_policy = opened->filter_.get();
  options.block_cache = opened->cache_.get();
  options.write_buffer_size = given.write_buffer_bytes;
  options.max_file_size = given.file_bytes_max;
  leveldb::DB* db = nullptr;
  if (auto s = leveldb::DB::Open(options, path, &db); !s.ok()) return to_error(s, path);
  opened->db_.reset(db);
  return opened;
}

database::database(std::string path) : path_(std::move(path)) {}
database::~database() = default;

result<void> database::write(leveldb::WriteBatch& batch, bool sync) {
  leveldb::WriteOptions options;
  options.sync = sync;
  if (auto s = db_->Write(options, &batch); !s.ok()) return to_error(s, path_);
  return {};
}

result<void> database::write_synced(leveldb::WriteBatch& batch) { return write(batch, true); }
result<void> database::write_unsynced(leveldb::WriteBatch& batch) { return write(batch, false); }

result<bool> database::get(std::string_view key, std::string& value) const {
  const auto s = db_->Get(checked_reads(), slice(key), &value);
  if (s.IsNotFound()) return false;
  if (!s.ok()) return to_error(s, path_);
  return true;
}

std::unique_ptr<leveldb::Iterator> database::iterate() const {
  return std::unique_ptr<leveldb::Iterator>(db_->NewIterator(checked_reads()));
}

result<void> database::check(const leveldb::Iterator& at) const {
  if (auto s = at.status(); !s.ok()) return to_error(s, path_);
  return {};
}

std::uint64_t database::bytes_on_disk() const {
  std::uint64_t bytes = 0;
  std::error_code ec;
  for (const auto& file : std::filesystem::directory_iterator(path_, ec)) {
    const auto size = file.file_size(ec);
    if (!ec) bytes += size;
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
