#pragma once
/// One LevelDB, opened the way fasti opens all of them.

#include <leveldb/db.h>
#include <leveldb/write_batch.h>

#include <memory>
#include <string>

#include "fasti/result.hpp"

namespace leveldb {
class Cache;
class Env;
class FilterPolicy;
}  // namespace leveldb

namespace fasti::persistence {

struct database_options {
  std::size_t write_buffer_bytes = 4U << 20;
  std::size_t cache_bytes = 8U << 20;
  std::size_t file_bytes_max = 8U << 20;
  int bloom_bits_per_key = 0;  ///< 0: no filter.
};

/// What `open` does when there is no database in the directory. `CURRENT` missing beside old files
/// makes LevelDB delete them all and say OK, so `create` refuses a directory that has files.
enum class create_mode : std::uint8_t { must_exist, create };

/// Safe to use from any thread. Checksums are verified on every read.
class database {
 public:
  [[nodiscard]] static result<std::unique_ptr<database>> open(const std::string& path,
                                                              create_mode mode,
                                                              const database_options& options);
  ~database();
  database(const database&) = delete;
  database& operator=(const database&) = delete;

  /// Synced: on the disk when it returns. Unsynced: what a crash may take, it takes from the end.
  [[nodiscard]] result<void> write_synced(leveldb::WriteBatch& batch);
  [[nodiscard]] result<void> write_unsynced(leveldb::WriteBatch& batch);
  /// False: not there.
  [[nodiscard]] result<bool> get(std::string_view key, std::string& value) const;
  /// Checks checksums; must go before the database.
  [[nodiscard]] std::unique_ptr<leveldb::Iterator> iterate() const;
  [[nodiscard]] result<void> check(const leveldb::Iterator& at) const;
  [[nodiscard]] std::uint64_t bytes_on_disk() const;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  explicit database(std::string path);
  result<void> write(leveldb::WriteBatch& batch, bool sync);

  const std::string path_;
  // In this order: what is below uses what is above.
  std::unique_ptr<leveldb::Env> env_;
  std::unique_ptr<const leveldb::FilterPolicy> filter_;
  std::unique_ptr<leveldb::Cache> cache_;
  std::unique_ptr<leveldb::DB> db_;
};

/// A number as a key that sorts as the number does.
[[nodiscard]] std::string big_endian(std::uint64_t number);
[[nodiscard]] std::uint64_t from_big_endian(std::string_view key);

}  // namespace fasti::persistence
