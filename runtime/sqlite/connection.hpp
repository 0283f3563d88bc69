#pragma once
/// One connection to a SQLite file: prepared statements, transactions, errors. The one place that
/// knows SQLite's interface, with its source. Not thread-safe: one owner at a time.

#include <map>

#include "fasti/sqlite.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace fasti::sqlite::detail {

class connection {
 public:
  /// In WAL mode, synced at every commit. Errors: those of `failure`; `invalid` ("no-wal").
  [[nodiscard]] static result<std::unique_ptr<connection>> open(const database_options& options);
  explicit connection(const database_options& options);
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection();

  // All of these throw `failure`.
  std::uint64_t run(std::string_view sql, std::span<const value> values = {});
  /// `visitor` gets each row; it must not use the connection.
  void query(std::string_view sql, std::span<const value> values, std::size_t columns,
             const row_visitor& visitor);
  void begin();
  void commit();
  void roll_back() noexcept;

  /// SQLite ends one by itself where it cannot go on: when the disk is full, say.
  [[nodiscard]] bool is_in_transaction() const noexcept;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  struct closer {
    void operator()(sqlite3* db) const noexcept;
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  using statement = std::unique_ptr<sqlite3_stmt, closer>;
  class execution;

  static int authorise(void* self, int action, const char*, const char*, const char*, const char*);
  void use_wal();
  void control(const char* sql);
  [[nodiscard]] sqlite3_stmt* prepared(std::string_view sql);
  [[noreturn]] void fail(int code, std::string_view sql) const;
  void check(int code, std::string_view sql) const;

  const std::string path_;
  const std::size_t statements_max_;
  std::unique_ptr<sqlite3, closer> db_;
  std::map<std::string, statement, std::less<>> statements_;
  bool controls_ = false;  // it is fasti that begins or ends a transaction
};

/// Rolls back unless it was committed.
class transaction {
 public:
  explicit transaction(connection& on) : on_(on) { on_.begin(); }
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;
  ~transaction() {
    if (on_.is_in_transaction()) on_.roll_back();
  }
  void commit() { on_.commit(); }

 private:
  connection& on_;
};

}  // namespace fasti::sqlite::detail
