// SQLite as a journal: a table with two indexes, write-ahead log, every commit synced.
#include <sqlite3.h>

#include "bench_kit.hpp"
#include "stores.hpp"

namespace fasti::bench {
namespace {

// The rowid is the index over positions; the cache is as large as the other engines'.
constexpr auto preparation = R"(
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA cache_size = -32768;
  CREATE TABLE IF NOT EXISTS events(
    position INTEGER PRIMARY KEY, stream TEXT NOT NULL, version INTEGER NOT NULL,
    body BLOB NOT NULL);
  CREATE UNIQUE INDEX IF NOT EXISTS streams ON events(stream, version);)";

class sqlite_store final : public store {
 public:
  explicit sqlite_store(const std::string& directory) {
    check(::sqlite3_open((directory + "/events.sqlite").c_str(), &db_));
    execute(preparation);
    check(
        ::sqlite3_prepare_v2(db_, "INSERT INTO events VALUES(?, ?, ?, ?)", -1, &insert_, nullptr));
  }
  ~sqlite_store() override {
    ::sqlite3_finalize(insert_);
    ::sqlite3_close(db_);
  }
  sqlite_store(const sqlite_store&) = delete;
  sqlite_store& operator=(const sqlite_store&) = delete;

  void append(std::span<const new_event> batch) override {
    execute("BEGIN");
    for (const auto& e : batch) {
      const auto stream = e.stream->text();
      const auto& body = e.bytes->record;
      ::sqlite3_bind_int64(insert_, 1, static_cast<sqlite3_int64>(e.position));
      ::sqlite3_bind_text(insert_, 2, stream.data(), static_cast<int>(stream.size()), nullptr);
      ::sqlite3_bind_int64(insert_, 3, static_cast<sqlite3_int64>(e.version));
      ::sqlite3_bind_blob(insert_, 4, body.data(), static_cast<int>(body.size()), nullptr);
      if (::sqlite3_step(insert_) != SQLITE_DONE) fail(::sqlite3_errmsg(db_));
      ::sqlite3_reset(insert_);
    }
    execute("COMMIT");
  }

 private:
  void check(int code) {
    if (code != SQLITE_OK) fail(std::string("SQLite: ") + ::sqlite3_errmsg(db_));
  }
  void execute(const char* sql) { check(::sqlite3_exec(db_, sql, nullptr, nullptr, nullptr)); }

  sqlite3* db_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
};

}  // namespace

std::optional<engine_kind> sqlite_wal() {
  return engine_kind{"SQLite, WAL, synchronous=FULL",
                     [](const std::string& d) { return std::make_unique<sqlite_store>(d); }};
}

}  // namespace fasti::bench
