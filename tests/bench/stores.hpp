#pragma once
/// The contestants of the journal's benchmark: each makes the same batches of events durable.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fasti/journal.hpp"
#include "fasti/options.hpp"
#include "persistence/expected_logs.hpp"
#include "workload.hpp"

namespace leveldb {
class Cache;
class DB;
class Env;
}  // namespace leveldb

namespace fasti::bench {

/// Opened in a directory of its own. The destructor closes it and lets the files go.
class store {
 public:
  virtual ~store() = default;
  /// Makes a batch durable. A pipelined store may still have it on its way when this returns.
  virtual void append(std::span<const new_event> batch) = 0;
  /// Everything appended is durable.
  virtual void drain() {}
  /// Since open, if it counts them.
  [[nodiscard]] virtual std::optional<std::uint64_t> syncs() const { return std::nullopt; }
};

struct engine_kind {
  std::string name;
  std::function<std::unique_ptr<store>(const std::string& directory)> open;
};

[[nodiscard]] engine_kind plain_file();
/// Two keys an event: the body under its position, its position under stream and version.
[[nodiscard]] engine_kind raw_leveldb();
/// One key an event: the body under its position.
[[nodiscard]] engine_kind raw_leveldb_log();
/// Hands a batch over, commit by commit, and waits for it.
[[nodiscard]] engine_kind journal_waiting();
/// Hands a batch over and waits for the one before: one further batch is always queued.
[[nodiscard]] engine_kind journal_pipelined();
/// Nothing where the library was not found at configuring.
[[nodiscard]] std::optional<engine_kind> sqlite_wal();
[[nodiscard]] std::optional<engine_kind> rocksdb_wal();

/// In the order of the tables: plain file first, raw LevelDB second.
[[nodiscard]] std::vector<engine_kind> all_engine_kinds();
/// A line for each engine that this build lacks.
[[nodiscard]] std::vector<std::string> engines_left_out();

/// The journal in `directory`, made if it is not there. Complaints go to stderr.
[[nodiscard]] std::unique_ptr<journal> open_journal(const std::string& directory,
                                                    std::size_t command_ids_max = 1'000'000);

/// LevelDB reads through memory maps unless it is told otherwise.
enum class reads_by : std::uint8_t { memory_map, pread };

/// The raw LevelDB in `directory`, with the buffer, table and cache sizes of the journal's own.
struct leveldb_files {
  std::unique_ptr<persistence::expected_logs> logs;
  std::unique_ptr<leveldb::Env> env;
  std::unique_ptr<leveldb::Cache> cache;
  std::unique_ptr<leveldb::DB> db;
  leveldb_files();
  leveldb_files(leveldb_files&&) noexcept;
  ~leveldb_files();
};
[[nodiscard]] leveldb_files open_leveldb(const std::string& directory,
                                         reads_by how = reads_by::memory_map);
[[nodiscard]] std::string position_key(std::uint64_t position);
[[nodiscard]] std::string stream_key(std::string_view stream, std::uint64_t version);

/// Appends until `events` have been taken, in batches of at most `batch`, and drains.
void load(store& into, workload& from, std::uint64_t events, std::size_t batch,
          const std::string& what);

}  // namespace fasti::bench
