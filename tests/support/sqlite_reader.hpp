#pragma once
/// Looks into a SQLite file with SQLite alone, as any other program would.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>
#include <vector>

namespace fasti::test {

using sqlite_rows = std::vector<std::string>;  // columns with | between them

class sqlite_reader {
 public:
  explicit sqlite_reader(const std::string& path) {
    EXPECT_EQ(::sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READWRITE, nullptr), SQLITE_OK);
  }
  ~sqlite_reader() { ::sqlite3_close(db_); }
  sqlite_reader(const sqlite_reader&) = delete;
  sqlite_reader& operator=(const sqlite_reader&) = delete;

  [[nodiscard]] sqlite_rows rows(const std::string& sql) const {
    sqlite_rows all;
    char* why = nullptr;
    const int code = ::sqlite3_exec(
        db_, sql.c_str(),
        [](void* to, int columns, char** values, char**) {
          std::string row;
          for (int i = 0; i < columns; ++i) {
            if (i > 0) row += '|';
            row += values[i] == nullptr ? "null" : values[i];
          }
          static_cast<sqlite_rows*>(to)->push_back(row);
          return 0;
        },
        &all, &why);
    EXPECT_EQ(code, SQLITE_OK) << sql << ": " << (why == nullptr ? "" : why);
    ::sqlite3_free(why);
    return all;
  }
  void run(const std::string& sql) const { EXPECT_TRUE(rows(sql).empty()); }

 private:
  sqlite3* db_ = nullptr;
};

}  // namespace fasti::test
