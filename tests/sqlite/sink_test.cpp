// Tables that follow a journal: what is in them, what happens when something fails, and what is
// refused.

#include <fstream>

#include "sqlite_reader.hpp"
#include "tests/runtime/ledger_kit.hpp"
#include "turnover.hpp"

namespace fasti::test {
namespace {

using namespace std::chrono_literals;

class SqliteSink : public ledger_test {
 protected:
  [[nodiscard]] std::string file() const { return dir_ / "reports.db"; }
  template <class Projection = turnover>
  [[nodiscard]] result<void> add(runtime& rt, const sink_options& options = {}) const {
    auto opened = sqlite::sink_of<Projection>({.path = file(), .busy_timeout = 50ms});
    if (!opened) return std::move(opened).error();
    return rt.add_sink(*std::move(opened), options);
  }
  [[nodiscard]] static result<void> wait_for_all(runtime& rt) {
    return rt.wait_for_sink("turnover", rt.journal().head(), answer_limit);
  }
  [[nodiscard]] static std::optional<error> stopped(runtime& rt) {
    EXPECT_TRUE(comes_true([&] { return rt.stats().sinks.at(0).stopped.has_value(); }));
    return rt.stats().sinks.at(0).stopped;
  }
  [[nodiscard]] sqlite_rows rows() const {
    return sqlite_reader(file()).rows("select * from turnover order by account");
  }
  [[nodiscard]] sqlite_rows checkpoints() const {
    return sqlite_reader(file()).rows("select name, journal, position from fasti_checkpoints");
  }
};

TEST_F(SqliteSink, P9_TheTableIsWhatTheEventsMakeAndSaysUpToWhere) {
  auto rt = open();
  ASSERT_TRUE(deposit(rt, "ledger-a", 100));
  ASSERT_TRUE(deposit(rt, "ledger-b", 7));
  ASSERT_TRUE(add(rt));
  ASSERT_TRUE(withdraw(rt, "ledger-a", 30));
  ASSERT_TRUE(wait_for_all(rt));
  EXPECT_EQ(rows(), (sqlite_rows{"a|70|2|3", "b|7|1|2"}));
  EXPECT_EQ(checkpoints(), sqlite_rows{"turnover|" + rt.journal().id().to_string() + "|3"});
  EXPECT_EQ(sqlite_reader(file()).rows("pragma journal_mode"), sqlite_rows{"wal"});
}

TEST_F(SqliteSink, TablesAreThereAtOnceAndMadeOnce) {
  const auto opened = sqlite::sink_of<turnover>({.path = file()});
  ASSERT_TRUE(opened) << opened.error().to_string();
  EXPECT_TRUE(rows().empty());
  EXPECT_EQ(checkpoints(), sqlite_rows{"turnover||0"});
  const auto again = sqlite::sink_of<turnover>({.path = file()});
  EXPECT_TRUE(again) << again.error().to_string();
}

TEST_F(SqliteSink, P9_GoesOnBehindItsCheckpoint) {
  for (int life = 1; life <= 3; ++life) {
    auto rt = open();
    ASSERT_TRUE(add(rt));
    ASSERT_TRUE(deposit(rt, "ledger-a", 5));
    ASSERT_TRUE(wait_for_all(rt));
  }
  EXPECT_EQ(rows(), sqlite_rows{"a|15|3|3"});
}

TEST_F(SqliteSink, P9_WhatApplyThrowsRollsTheBatchBackAndNamesTheEvent) {
  auto rt = open();
  ASSERT_TRUE(deposit(rt, "ledger-a", 100));
  ASSERT_TRUE(add(rt));
  ASSERT_TRUE(wait_for_all(rt));
  ASSERT_TRUE(withdraw(rt, "ledger-a", 30, "poison"));
  const auto why = stopped(rt);
  EXPECT_EQ(why->code, errc::invalid);
  EXPECT_EQ(why->reason, "apply-failed");
  EXPECT_EQ(why->detail,
            "sink turnover, behind position 1: apply threw at position 2 (Withdrawn of ledger-a): "
            "apply is cross");
  EXPECT_EQ(rows(), sqlite_rows{"a|100|1|1"});
  EXPECT_TRUE(checkpoints().at(0).ends_with("|1"));
}

struct confused {
  static constexpr auto name = "turnover";
  using events = types<Deposited>;
  static void create(sqlite::database& in) { in.run("create table t(a integer primary key)"); }
  void apply(Deposited::Reader e, const recorded_event&, sqlite::database& to) {
    if (e.getCents() == 1) to.run("insert into nowhere values(1)");
    if (e.getCents() == 2) to.run("commit");
    if (e.getCents() != 3) return;
    to.run("insert into t values(1)");
    try {
      to.run("insert or rollback into t values(1)");
    } catch (const sqlite::failure&) {  // and goes on as if nothing had been
    }
  }
};

TEST_F(SqliteSink, P9_NoApplyGetsPastTheTransaction) {
  const std::vector<std::string> reasons{"statement-failed", "transaction-is-fastis",
                                         "transaction-lost"};
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    std::filesystem::remove_all(dir_ / "journal");
    std::filesystem::remove(file());
    auto rt = open();
    ASSERT_TRUE(add<confused>(rt));
    ASSERT_TRUE(deposit(rt, "ledger-a", static_cast<std::int64_t>(i + 1)));
    EXPECT_EQ(stopped(rt)->reason, reasons[i]);
    EXPECT_TRUE(sqlite_reader(file()).rows("select * from t").empty());
    EXPECT_TRUE(checkpoints().at(0).ends_with("|0"));
  }
}

TEST_F(SqliteSink, WhileSomebodyElseWritesItWaitsAndTriesAgain) {
  auto rt = open();
  ASSERT_TRUE(deposit(rt, "ledger-a", 5));
  ASSERT_TRUE(add(rt, {.on_failure = {.retries_max = ~0U, .backoff = 1ms, .backoff_max = 1ms}}));
  ASSERT_TRUE(wait_for_all(rt));
  const sqlite_reader other(file());
  other.run("begin immediate");
  ASSERT_TRUE(deposit(rt, "ledger-a", 5));
  ASSERT_TRUE(comes_true([&] { return rt.stats().sinks.at(0).retries > 1; }));
  EXPECT_EQ(rt.stats().sinks.at(0).failing->reason, "database-locked");
  EXPECT_EQ(rt.stats().sinks.at(0).failing->code, errc::unavailable);
  other.run("rollback");
  ASSERT_TRUE(wait_for_all(rt));
  EXPECT_EQ(rows(), sqlite_rows{"a|10|2|2"});
}

TEST_F(SqliteSink, AnotherJournalIsRefused) {
  {
    auto rt = open();
    ASSERT_TRUE(deposit(rt, "ledger-a", 5));
    ASSERT_TRUE(add(rt));
    ASSERT_TRUE(wait_for_all(rt));
  }
  std::filesystem::remove_all(dir_ / "journal");
  auto rt = open();
  ASSERT_TRUE(deposit(rt, "ledger-a", 1));
  ASSERT_TRUE(add(rt, {.on_failure = {.retries_max = 5}}));
  EXPECT_EQ(stopped(rt)->reason, "foreign-checkpoint");
  EXPECT_EQ(rows(), sqlite_rows{"a|5|1|1"});
}

TEST_F(SqliteSink, AJournalThatWasRestoredFromAnOlderCopyIsRefused) {
  auto rt = open();
  ASSERT_TRUE(deposit(rt, "ledger-a", 5));
  ASSERT_TRUE(add(rt));
  ASSERT_TRUE(wait_for_all(rt));
  ASSERT_TRUE(rt.close());
  sqlite_reader(file()).run("update fasti_checkpoints set position = 99");
  auto older = open();
  ASSERT_TRUE(add(older));
  EXPECT_EQ(stopped(older)->reason, "checkpoint-ahead");
}

TEST_F(SqliteSink, ADamagedCheckpointStopsIt) {
  ASSERT_TRUE(sqlite::sink_of<turnover>({.path = file()}));
  sqlite_reader(file()).run("update fasti_checkpoints set journal = 'gibberish', position = 5");
  auto rt = open();
  ASSERT_TRUE(add(rt, {.on_failure = {.retries_max = 5}}));
  EXPECT_EQ(stopped(rt)->code, errc::corrupt);
  EXPECT_EQ(stopped(rt)->reason, "checkpoint-unreadable");
}

TEST_F(SqliteSink, P9_TwoOfThemDoNotBothWrite) {
  auto rt = open();
  ASSERT_TRUE(add(rt, {.on_failure = {.retries_max = 5, .backoff = 1ms}}));
  ASSERT_TRUE(deposit(rt, "ledger-a", 5));
  ASSERT_TRUE(wait_for_all(rt));
  ASSERT_TRUE(sqlite::start_over<turnover>({.path = file()}));
  ASSERT_TRUE(deposit(rt, "ledger-a", 5));  // it finds its checkpoint gone, and begins anew
  ASSERT_TRUE(comes_true([&] { return rows() == sqlite_rows{"a|10|2|2"}; }));
}

TEST_F(SqliteSink, StartingOverFoldsEverythingAgain) {
  for (int life = 0; life < 2; ++life) {
    auto rt = open();
    if (life == 0) (void)deposit(rt, "ledger-a", 5);
    ASSERT_TRUE(add(rt));
    ASSERT_TRUE(wait_for_all(rt));
    EXPECT_EQ(rows(), sqlite_rows{"a|5|1|1"});
    ASSERT_TRUE(rt.close());
    ASSERT_TRUE(sqlite::start_over<turnover>({.path = file()}));
    EXPECT_TRUE(rows().empty());
    EXPECT_EQ(checkpoints(), sqlite_rows{"turnover||0"});
  }
  std::filesystem::remove(file());
  EXPECT_TRUE(sqlite::start_over<turnover>({.path = file()})) << "there was nothing to drop";
}

struct other_turnover : turnover {
  static constexpr auto name = "other";
  static void create(sqlite::database& in) { in.run("create table other(a)"); }
  void apply(Deposited::Reader e, const recorded_event&, sqlite::database& to) {
    to.run("insert into other values(?1)", e.getCents());
  }
  using events = types<Deposited>;
};

TEST_F(SqliteSink, SeveralShareAFile) {
  auto rt = open();
  ASSERT_TRUE(add(rt, {.on_failure = {.retries_max = 99, .backoff = 1ms}}));
  ASSERT_TRUE(add<other_turnover>(rt, {.on_failure = {.retries_max = 99, .backoff = 1ms}}));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(deposit(rt, "ledger-a", 5));
  ASSERT_TRUE(wait_for_all(rt));
  ASSERT_TRUE(rt.wait_for_sink("other", position{5}, answer_limit));
  EXPECT_EQ(rows(), sqlite_rows{"a|25|5|5"});
  EXPECT_EQ(sqlite_reader(file()).rows("select count(*) from other"), sqlite_rows{"5"});
  EXPECT_EQ(checkpoints().size(), 2U);
}

// -- opening --------------------------------------------------------------------------------------

TEST_F(SqliteSink, AFileThatIsNoneOfSqliteIsRefused) {
  std::ofstream(file()) << std::string(8192, 'x');
  const auto opened = sqlite::sink_of<turnover>({.path = file()});
  EXPECT_EQ(opened.error().code, errc::corrupt);
  EXPECT_EQ(opened.error().reason, "database-damaged");
  EXPECT_NE(opened.error().detail.find(file()), std::string::npos);
}

TEST_F(SqliteSink, AFileThatSomebodyHoldsIsRefusedForNow) {
  ASSERT_TRUE(sqlite::sink_of<turnover>({.path = file()}));
  const sqlite_reader other(file());
  other.run("begin immediate");
  const auto opened = sqlite::sink_of<turnover>({.path = file(), .busy_timeout = 1ms});
  EXPECT_EQ(opened.error().code, errc::unavailable);
  EXPECT_EQ(opened.error().reason, "database-locked");
}

TEST_F(SqliteSink, APlaceWithoutAFileIsRefused) {
  EXPECT_EQ(sqlite::sink_of<turnover>({.path = dir_ / "nowhere/reports.db"}).error().reason,
            "cannot-open");
  EXPECT_EQ(sqlite::sink_of<turnover>({.path = dir_.path()}).error().reason, "cannot-open");
  EXPECT_EQ(sqlite::sink_of<turnover>({.path = ":memory:"}).error().reason, "no-wal");
  EXPECT_EQ(sqlite::sink_of<turnover>({}).error().reason, "no-wal");
}

struct uncreated : turnover {
  static void create(sqlite::database&) { throw std::runtime_error("create is cross"); }
};

TEST_F(SqliteSink, ACreateThatThrowsLeavesNothing) {
  const auto opened = sqlite::sink_of<uncreated>({.path = file()});
  EXPECT_EQ(opened.error().reason, "create-failed");
  EXPECT_EQ(opened.error().detail, "create is cross");
  EXPECT_TRUE(sqlite_reader(file()).rows("select * from sqlite_master").empty());
  EXPECT_TRUE(sqlite::sink_of<turnover>({.path = file()}));
}

}  // namespace
}  // namespace fasti::test
