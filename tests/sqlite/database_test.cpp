// What `create` and `apply` can do with a database: values in and out, what is refused, and how.

#include "ledger.capnp.h"
#include "runtime/sqlite/connection.hpp"
#include "sqlite_reader.hpp"
#include "temp_dir.hpp"

namespace fasti::test {
namespace {

using bytes = std::vector<std::byte>;
using sqlite::database;
using sqlite::failure;

class SqliteDatabase : public ::testing::Test {
 protected:
  [[nodiscard]] static error error_of(const std::function<void()>& f) {
    try {
      f();
    } catch (const failure& why) {
      return why.why();
    }
    return {errc::invalid, "nothing was thrown", ""};
  }

  temp_dir dir_;
  sqlite::detail::connection connection_{{.path = dir_ / "some.db", .statements_max = 4}};
  sqlite::detail::transaction transaction_{connection_};
  database db_{connection_};
};

TEST_F(SqliteDatabase, ValuesComeBackAsTheyWere) {
  db_.run("create table t(a, b, c, d, e, f)");
  const bytes blob{std::byte{0}, std::byte{255}};
  const std::string text("a\0b", 3);
  EXPECT_EQ(db_.run("insert into t values(?1, ?2, ?3, ?4, ?5, ?6)", -7, 2.5, text, blob, true,
                    std::optional<int>()),
            1U);
  const auto rows = db_.query<std::int64_t, double, std::string, bytes, bool, std::optional<int>>(
      "select * from t");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0], std::tuple(-7, 2.5, text, blob, true, std::optional<int>()));
}

TEST_F(SqliteDatabase, TextsAreBoundWhateverTheyAreKeptIn) {
  const auto words = build<Withdrawn>([](auto e) { e.setNote("abc"); });
  body_reader body(words);
  const char* c_text = "abc";
  const auto is_abc = [this](const auto& text) {
    return db_.query<bool>("select ?1 = 'abc' and typeof(?1) = 'text'", text) ==
           std::vector{std::tuple(true)};
  };
  EXPECT_TRUE(is_abc(body.root<Withdrawn>().getNote()));
  EXPECT_TRUE(is_abc(c_text));
  EXPECT_TRUE(is_abc("abc"));
  EXPECT_TRUE(is_abc(std::string("abc")));
  EXPECT_TRUE(is_abc(std::optional(std::string_view("abc"))));
  EXPECT_EQ(std::get<0>(db_.query<std::string>("select typeof(?1)", std::string_view())[0]),
            "text");
  EXPECT_EQ(std::get<0>(db_.query<std::string>("select typeof(?1)", nullptr)[0]), "null");
}

TEST_F(SqliteDatabase, SaysHowManyRowsItHasChanged) {
  EXPECT_EQ(db_.run("create table t(a integer primary key)"), 0U);
  EXPECT_EQ(db_.run("insert into t values(1), (2), (3)"), 3U);
  EXPECT_EQ(db_.run("delete from t where a > ?1", 1), 2U);
  EXPECT_EQ(db_.run("delete from t where a > ?1", 1), 0U);
}

TEST_F(SqliteDatabase, StatementsOverTheLimitArePreparedAgain) {
  for (int turn = 0; turn < 3; ++turn) {
    for (int n = 0; n < 10; ++n) {
      const auto rows = db_.query<int>("select ?1 + " + std::to_string(n), 100);
      EXPECT_EQ(std::get<0>(rows.at(0)), 100 + n);
    }
  }
}

TEST_F(SqliteDatabase, WhatIsWrongIsNamed) {
  db_.run("create table t(a integer primary key)");
  db_.run("insert into t values(1)");
  const auto twice = error_of([&] { db_.run("insert into t values(?1)", 1); });
  EXPECT_EQ(twice.code, errc::invalid);
  EXPECT_EQ(twice.reason, "constraint-violated");
  EXPECT_NE(twice.detail.find("UNIQUE constraint failed: t.a (insert into t values(?1))"),
            std::string::npos)
      << twice.detail;
  const auto reason_of = [&](const char* sql) { return error_of([&] { db_.run(sql); }).reason; };
  EXPECT_EQ(reason_of("insert into nowhere values(1)"), "statement-failed");
  EXPECT_EQ(reason_of("select 1; select 2"), "not-one-statement");
  EXPECT_EQ(reason_of(""), "not-one-statement");
  EXPECT_EQ(reason_of("select ?1"), "wrong-number-of-values");
  EXPECT_EQ(error_of([&] { db_.run("select ?1", ~0ULL); }).reason, "value-too-large");
  const auto text_as_number = error_of([&] { (void)db_.query<int>("select 'a'"); });
  EXPECT_EQ(text_as_number.reason, "wrong-column");
  EXPECT_EQ(text_as_number.detail, "column 1 is not an integer that fits");
  EXPECT_EQ(error_of([&] { (void)db_.query<std::int8_t>("select 300"); }).reason, "wrong-column");
  EXPECT_EQ(error_of([&] { (void)db_.query<int>("select 1, 2"); }).reason, "wrong-column");
}

TEST_F(SqliteDatabase, P9_TheTransactionIsNotTheirs) {
  for (const auto* sql : {"begin", "commit", "rollback", "end"}) {
    EXPECT_EQ(error_of([&] { db_.run(sql); }).reason, "transaction-is-fastis") << sql;
  }
  EXPECT_TRUE(connection_.is_in_transaction());
}

TEST_F(SqliteDatabase, P9_NothingIsChangedBehindARollbackOfSqlitesOwn) {
  db_.run("create table t(a integer primary key)");
  db_.run("insert into t values(1)");
  EXPECT_EQ(error_of([&] { db_.run("insert or rollback into t values(1)"); }).reason,
            "constraint-violated");
  EXPECT_EQ(error_of([&] { db_.run("create table u(a)"); }).reason, "transaction-lost");
}

}  // namespace
}  // namespace fasti::test
