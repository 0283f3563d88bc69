// kill -9 at any step of a table in SQLite that follows a journal: before, in and behind each call
// of its sink, and in the middle of SQLite's writes. What is in the file then is compared row by
// row with a fold of the journal from the beginning.

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

#include "ledger.hpp"
#include "persistence/disk.hpp"
#include "persistence/leveldb_journal.hpp"
#include "sqlite_reader.hpp"
#include "temp_dir.hpp"
#include "tests/samples/process.hpp"

namespace fasti::test {
namespace {

namespace fs = std::filesystem;

constexpr int lives = 100;
constexpr int steps_max = 211;  // some lives take fewer, and reach their end

struct row {
  std::int64_t cents = 0;
  std::uint64_t entries = 0;
  std::uint64_t last = 0;
};

/// What the events up to there make.
[[nodiscard]] sqlite_rows folded_anew(const fasti::journal& j, position up_to) {
  std::map<std::string, row> rows;
  EXPECT_TRUE(j.read({.to = up_to}, [&rows](const recorded_event& e) {
    const std::string key(e.key());
    auto& to = rows[key];
    ++to.entries;
    to.last = count_of(e.position);
    body_reader body(e.body);
    if (e.type == type_id_of<Deposited>) {
      to.cents += body.root<Deposited>().getCents();
    } else {
      to.cents -= body.root<Withdrawn>().getCents();
      if (body.root<Withdrawn>().getNote() == "close") rows.erase(key);
    }
    return visit::more;
  }));
  sqlite_rows all;
  for (const auto& [key, r] : rows) {
    all.push_back(key + "|" + std::to_string(r.cents) + "|" + std::to_string(r.entries) + "|" +
                  std::to_string(r.last));
  }
  return all;
}

class SqliteCrash : public ::testing::Test {
 protected:
  [[nodiscard]] finished live(int life, int steps) const {
    return run({SQLITE_WRITER, journal_, file_, std::to_string(life), std::to_string(steps)});
  }

  /// Looks at a copy: the next life finds the file as the last one has left it.
  void expect_exactly_once(int life) {
    fs::remove_all(copies_);
    fs::create_directory(copies_);
    if (!fs::exists(file_)) return;
    for (const auto* part : {"", "-wal"}) {
      if (fs::exists(file_ + part)) fs::copy_file(file_ + part, copies_ + "/reports.db" + part);
    }
    const sqlite_reader copy(copies_ + "/reports.db");
    ASSERT_EQ(copy.rows("pragma integrity_check"), sqlite_rows{"ok"}) << "life " << life;
    if (copy.rows("select name from sqlite_master where name = 'fasti_checkpoints'").empty())
      return;
    const auto kept = copy.rows("select position from fasti_checkpoints");
    ASSERT_EQ(kept.size(), 1U) << "tables and checkpoint were made in one step";
    const position at{std::stoull(kept.at(0))};
    ASSERT_EQ(copy.rows("select * from turnover order by account"), folded_anew(*opened(), at))
        << "life " << life << ", position " << count_of(at);
    checkpoints_.insert(count_of(at));
  }

  [[nodiscard]] std::unique_ptr<fasti::journal> opened() const {
    runtime_options options;
    options.path = journal_;
    options.log = [](log_level, std::string_view) {};
    return *persistence::open_leveldb_journal(options, persistence::posix_disk());
  }

  const temp_dir dir_;
  const std::string journal_ = dir_ / "journal";
  const std::string file_ = dir_ / "reports.db";
  const std::string copies_ = dir_ / "copies";
  std::set<std::uint64_t> checkpoints_;
};

TEST_F(SqliteCrash, P9_KilledAtAnyStepEachEventIsInTheTableExactlyOnce) {
  int killed = 0;
  int ended = 0;
  for (int life = 1; life <= lives; ++life) {
    const auto end = live(life, 1 + life * 37 % steps_max);
    ASSERT_TRUE(end.signal == SIGKILL || (end.signal == 0 && end.exit_code == 0))
        << "life " << life << ": " << end.signal << " " << end.exit_code << " " << end.err;
    ++(end.signal == SIGKILL ? killed : ended);
    expect_exactly_once(life);
    if (HasFatalFailure()) return;
  }
  const auto last = live(lives + 1, 1'000'000);
  ASSERT_EQ(last.exit_code, 0) << last.err;
  expect_exactly_once(lives + 1);
  EXPECT_EQ(*checkpoints_.rbegin(), count_of(opened()->head())) << "all of it, in the end";
  EXPECT_GT(killed, lives / 2);
  EXPECT_GT(ended, 0) << "steps behind the last batch are among those where it was killed";
  EXPECT_GT(checkpoints_.size(), 20U) << "it was killed while it folded";
}

}  // namespace
}  // namespace fasti::test
