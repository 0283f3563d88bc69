#pragma once
/// One LevelDB, opened the way fasti opens all of them.

#include <leveldb/db.h>
#include <leveldb/write_batch.h>

#include <functional>
#include <memory>
#include <string>

#include "fasti/options.hpp"
#include "persistence/disk.hpp"
#include "persistence/durable_env.hpp"
#include "persistence/expected_logs.hpp"
#include "persistence/log_lint.hpp"

namespace leveldb {
class Cache;
class FilterPolicy;
class Snapshot;
}  // namespace leveldb

namespace fasti::persistence {

/// What LevelDB is to think of the values: whether it is worth its while to compress them.
enum class values : std::uint8_t { plain, packed };

struct database_options {
  std::size_t write_buffer_bytes = 4U << 20;
  std::size_t cache_bytes = 8U << 20;
  std::size_t file_bytes_max = 8U << 20;
  int bloom_bits_per_key = 0;  ///< 0: no filter.
  fasti::persistence::values values = fasti::persistence::values::plain;
  log_tail tail = log_tail::may_be_torn;
};

/// What `open` does when there is no database in the directory. `CURRENT` missing beside old files
/// makes LevelDB delete them all and say OK, so `create` refuses a directory that has files.
enum class create_mode : std::uint8_t { must_exist, create };

/// Safe to use from any thread. Checksums are verified on every read.
class database {
 public:
  /// Logs and MANIFEST are read before LevelDB sees them (`log_lint.hpp`). Errors: `corrupt` for
  /// what is damaged, `unavailable` when it is held by another opener or the disk says no.
  [[nodiscard]] static result<std::unique_ptr<database>> open(disk& on, const std::string& path,
                                                              create_mode mode,
                                                              const database_options& options);
  /// For what can be made again: opens it, makes it when it is not there, and when it is damaged
  /// removes it and makes it anew, with a warning. `what` is its name in the log.
  [[nodiscard]] static result<std::unique_ptr<database>> open_derived(
      disk& on, const std::string& path, const database_options& options, const log_sink& log,
      std::string_view what);
  /// Opens the same directory anew, with everything that `open` checks, while this one lives on for
  /// those who still read from it. From here on nothing can be written to this one.
  [[nodiscard]] result<std::unique_ptr<database>> reopen();
  ~database();
  database(const database&) = delete;
  database& operator=(const database&) = delete;

  /// Synced: on the disk when it returns. Unsynced: what a crash may take, it takes from the end.
  [[nodiscard]] result<void> write_synced(leveldb::WriteBatch& batch);
  [[nodiscard]] result<void> write_unsynced(leveldb::WriteBatch& batch);
  /// Everything as it is now, for `get` and `iterate`; must go before the database.
  using snapshot =
      std::unique_ptr<const leveldb::Snapshot, std::function<void(const leveldb::Snapshot*)>>;
  [[nodiscard]] snapshot take_snapshot() const;
  /// False: not there. As of the snapshot, if there is one.
  [[nodiscard]] result<bool> get(std::string_view key, std::string& value,
                                 const leveldb::Snapshot* as_of = nullptr) const;
  /// Keys around `key` will be read soon: the disk may begin to fetch the table's block that holds
  /// them. Nothing is checked or told.
  void expect(std::string_view key) const;
  /// Checks checksums; must go before the database.
  [[nodiscard]] std::unique_ptr<leveldb::Iterator> iterate(
      const leveldb::Snapshot* as_of = nullptr) const;
  [[nodiscard]] result<void> check(const leveldb::Iterator& at) const;
  [[nodiscard]] std::uint64_t bytes_on_disk() const;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  database(disk& on, std::string path, const database_options& options);
  result<void> start(create_mode mode);
  result<void> write(leveldb::WriteBatch& batch, bool sync);

  disk& disk_;
  const std::string path_;
  const database_options options_;
  // In this order: what is below uses what is above.
  std::shared_ptr<disk_lock> lock_;
  std::unique_ptr<expected_logs> logs_;
  std::unique_ptr<durable_env> env_;
  std::unique_ptr<const leveldb::FilterPolicy> filter_;
  std::unique_ptr<leveldb::Cache> cache_;
  std::unique_ptr<leveldb::DB> db_;
};

/// A number as a key that sorts as the number does.
[[nodiscard]] std::string big_endian(std::uint64_t number);
[[nodiscard]] std::uint64_t from_big_endian(std::string_view key);

}  // namespace fasti::persistence
