#include "runtime/sqlite/connection.hpp"

#include <sqlite3.h>

#include <limits>

namespace fasti::sqlite::detail {
namespace {

/// What SQLite's code means for who has to act on it.
std::pair<errc, const char*> meaning_of(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {errc::unavailable, "database-locked"};
    case SQLITE_FULL:
      return {errc::unavailable, "disk-full"};
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_PROTOCOL:
      return {errc::unavailable, "database-io"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {errc::corrupt, "database-damaged"};
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return {errc::invalid, "cannot-open"};
    case SQLITE_CONSTRAINT:
      return {errc::invalid, "constraint-violated"};
    case SQLITE_AUTH:
      return {errc::invalid, "transaction-is-fastis"};
    default:
      return {errc::invalid, "statement-failed"};
  }
}

int length_of(std::size_t bytes) {
  if (bytes > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw failure({errc::invalid, "value-too-large", std::to_string(bytes) + " bytes"});
  }
  return static_cast<int>(bytes);
}

/// Not copied: values outlive the execution.
struct binder {
  sqlite3_stmt* to;
  int at;

  int operator()(std::nullptr_t) const { return ::sqlite3_bind_null(to, at); }
  int operator()(std::int64_t n) const { return ::sqlite3_bind_int64(to, at, n); }
  int operator()(double x) const { return ::sqlite3_bind_double(to, at, x); }
  int operator()(std::string_view text) const {
    // A null pointer would bind null, not an empty text.
    const char* begin = text.data() == nullptr ? "" : text.data();
    return ::sqlite3_bind_text(to, at, begin, length_of(text.size()), SQLITE_STATIC);
  }
  int operator()(std::span<const std::byte> bytes) const {
    if (bytes.empty()) return ::sqlite3_bind_zeroblob(to, at, 0);
    return ::sqlite3_bind_blob(to, at, bytes.data(), length_of(bytes.size()), SQLITE_STATIC);
  }
};

value column_of(sqlite3_stmt* row, int at) {
  const auto bytes = [&] { return static_cast<std::size_t>(::sqlite3_column_bytes(row, at)); };
  switch (::sqlite3_column_type(row, at)) {
    case SQLITE_INTEGER:
      return std::int64_t{::sqlite3_column_int64(row, at)};
    case SQLITE_FLOAT:
      return ::sqlite3_column_double(row, at);
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(::sqlite3_column_text(row, at));
      return std::string_view(text, bytes());
    }
    case SQLITE_BLOB: {
      const auto* blob = static_cast<const std::byte*>(::sqlite3_column_blob(row, at));
      return std::span<const std::byte>(blob, bytes());
    }
    default:
      return nullptr;
  }
}

}  // namespace

void wrong_column(std::size_t column, const char* wanted) {
  throw failure({errc::invalid, "wrong-column",
                 "column " + std::to_string(column + 1) + " is not " + wanted});
}

void too_large(std::uint64_t n) {
  throw failure({errc::invalid, "value-too-large",
                 std::to_string(n) + " is no number that SQLite can store"});
}

// -- statements -----------------------------------------------------------------------------------

/// A prepared statement with its values, until it is done.
class connection::execution {
 public:
  execution(connection& on, std::string_view sql, std::span<const value> values)
      : on_(on), sql_(sql), statement_(on.prepared(sql)) {
    const auto wanted = static_cast<std::size_t>(::sqlite3_bind_parameter_count(statement_));
    if (wanted != values.size()) {
      throw failure({errc::invalid, "wrong-number-of-values",
                     std::to_string(values.size()) + " values for " + std::to_string(wanted) +
                         ": " + std::string(sql)});
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      on_.check(std::visit(binder{statement_, static_cast<int>(i + 1)}, values[i]), sql_);
    }
  }
  execution(const execution&) = delete;
  execution& operator=(const execution&) = delete;
  ~execution() {
    ::sqlite3_reset(statement_);
    ::sqlite3_clear_bindings(statement_);
  }

  [[nodiscard]] bool has_row() {
    const int code = ::sqlite3_step(statement_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) on_.fail(code, sql_);
    return code == SQLITE_ROW;
  }
  [[nodiscard]] std::size_t columns() const {
    return static_cast<std::size_t>(::sqlite3_column_count(statement_));
  }
  void read(std::span<value> row) const {
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = column_of(statement_, static_cast<int>(i));
    }
  }

 private:
  connection& on_;
  const std::string_view sql_;
  sqlite3_stmt* const statement_;
};

std::uint64_t connection::run(std::string_view sql, std::span<const value> values) {
  const auto before = ::sqlite3_total_changes(db_.get());
  execution now(*this, sql, values);
  while (now.has_row()) {
  }
  const bool changes_rows = ::sqlite3_total_changes(db_.get()) != before;
  return changes_rows ? static_cast<std::uint64_t>(::sqlite3_changes(db_.get())) : 0;
}

void connection::query(std::string_view sql, std::span<const value> values, std::size_t columns,
                       const row_visitor& visitor) {
  execution now(*this, sql, values);
  if (now.columns() != columns) {
    throw failure({errc::invalid, "wrong-column",
                   std::to_string(columns) + " columns are asked for, it has " +
                       std::to_string(now.columns()) + ": " + std::string(sql)});
  }
  std::vector<value> row(columns);
  while (now.has_row()) {
    now.read(row);
    visitor(row);
  }
}

sqlite3_stmt* connection::prepared(std::string_view sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) {
    return found->second.get();
  }
  if (statements_.size() >= statements_max_) statements_.clear();
  sqlite3_stmt* made = nullptr;
  const char* rest = nullptr;
  const int code = ::sqlite3_prepare_v3(db_.get(), sql.data(), length_of(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &made, &rest);
  statement owned(made);
  check(code, sql);
  const std::string_view behind = sql.substr(static_cast<std::size_t>(rest - sql.data()));
  if (made == nullptr || behind.find_first_not_of(" \t\r\n;") != behind.npos) {
    throw failure({errc::invalid, "not-one-statement", std::string(sql)});
  }
  return statements_.emplace(sql, std::move(owned)).first->second.get();
}

// -- transactions ---------------------------------------------------------------------------------

int connection::authorise(void* self, int action, const char*, const char*, const char*,
                          const char*) {
  const bool may = action != SQLITE_TRANSACTION || static_cast<connection*>(self)->controls_;
  return may ? SQLITE_OK : SQLITE_DENY;
}

void connection::control(const char* sql) {
  controls_ = true;
  const int code = ::sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr);
  controls_ = false;
  check(code, sql);
}

void connection::begin() { control("begin immediate"); }
void connection::commit() { control("commit"); }

void connection::roll_back() noexcept {
  controls_ = true;
  ::sqlite3_exec(db_.get(), "rollback", nullptr, nullptr, nullptr);
  controls_ = false;
}

bool connection::is_in_transaction() const noexcept {
  return ::sqlite3_get_autocommit(db_.get()) == 0;
}

// -- life -----------------------------------------------------------------------------------------

void connection::closer::operator()(sqlite3* db) const noexcept { ::sqlite3_close_v2(db); }
void connection::closer::operator()(sqlite3_stmt* s) const noexcept { ::sqlite3_finalize(s); }

connection::connection(const database_options& options)
    : path_(options.path), statements_max_(std::max<std::size_t>(options.statements_max, 1)) {
  sqlite3* db = nullptr;
  const int code =
      ::sqlite3_open_v2(path_.c_str(), &db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  db_.reset(db);
  check(code, "open");
  ::sqlite3_extended_result_codes(db, 1);
  const auto timeout =
      std::min<std::int64_t>(options.busy_timeout.count(), std::numeric_limits<int>::max());
  ::sqlite3_busy_timeout(db, static_cast<int>(timeout));
  use_wal();
  run("pragma synchronous = full");
  run("pragma foreign_keys = on");
  ::sqlite3_set_authorizer(db, &connection::authorise, this);
}

connection::~connection() = default;

void connection::use_wal() {
  std::string mode;
  query("pragma journal_mode = wal", {}, 1,
        [&mode](std::span<const value> row) { mode = column<std::string>::of(row[0], 0); });
  if (mode == "wal") return;
  throw failure(
      {errc::invalid, "no-wal",
       "\"" + path_ + "\" is in journal mode " + mode + ": take a file on a disk of this machine"});
}

result<std::unique_ptr<connection>> connection::open(const database_options& options) {
  try {
    return std::make_unique<connection>(options);
  } catch (const failure& why) {
    return why.why();
  }
}

void connection::check(int code, std::string_view sql) const {
  if (code != SQLITE_OK) fail(code, sql);
}

void connection::fail(int code, std::string_view sql) const {
  const auto [what_now, reason] = meaning_of(code);
  const char* text = db_ ? ::sqlite3_errmsg(db_.get()) : ::sqlite3_errstr(code);
  throw failure({what_now, reason, path_ + ": " + text + " (" + std::string(sql) + ")"});
}

}  // namespace fasti::sqlite::detail
