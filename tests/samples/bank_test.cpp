// The bank as a user runs it.
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "process.hpp"

namespace fasti::test {
namespace {

using nlohmann::json;

constexpr int wrong_usage = 2, bad_input = 3, storage_failed = 4;
constexpr int interrupted = 130;

class Bank : public testing::Test {
 protected:
  /// Runs the bank on `dir` in the scratch directory and leaves its JSON in `report`.
  finished bank(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {BANK_PROGRAM, "--dir", scratch / "dir"});
    arguments.insert(arguments.end(), {"--json", scratch / "report"});
    auto f = run(arguments);
    report = json::parse(read_text(scratch / "report"), nullptr, false);
    return f;
  }

  finished bank_of(const std::string& text, std::vector<std::string> more = {}) {
    write_text(scratch / "rows.csv", text);
    more.insert(more.begin(), {"--input", scratch / "rows.csv"});
    return bank(std::move(more));
  }

  void write_gzip(const std::string& name, const std::string& text) {
    gzFile gz = gzopen((scratch / name).c_str(), "wb");
    ASSERT_EQ(gzwrite(gz, text.data(), static_cast<unsigned>(text.size())),
              static_cast<int>(text.size()));
    ASSERT_EQ(gzclose(gz), Z_OK);
  }

  void expect_all_checks_hold() {
    ASSERT_TRUE(report.is_object());
    EXPECT_EQ(report["checks"].size(), 5U);
    for (const auto& c : report["checks"]) EXPECT_TRUE(c["holds"]) << c;
  }

  scratch_directory scratch;
  const std::string rows = read_text(BANK_ROWS);
  json report;
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(Bank, BooksRowsAndComparesEachBalanceWithTheBanksOwn) {
  const auto f = bank({"--input", BANK_ROWS});
  ASSERT_EQ(f.exit_code, 0) << f.err << f.out;
  expect_all_checks_hold();
  EXPECT_EQ(report["rows"], (json{{"exact", 36}, {"within_rounding", 3}, {"unexplained", 1}}));
  EXPECT_EQ(report["commands"]["committed"], 45);
  EXPECT_EQ(report["commands"]["rejected"], 0);
  EXPECT_EQ(report["accounts"], 5);
  EXPECT_EQ(report["journal"]["events"], 1 + 5 + 40 + 3 + 1);
  EXPECT_EQ(report["largest_accounts"][0]["account"], "anna");
  EXPECT_EQ(report["largest_accounts"][0]["balance_cents"], 2'802'727);
  EXPECT_EQ(report["largest_accounts"][4]["account"], "bert");
  EXPECT_EQ(report["turnover"]["months"].size(), 3U);
  EXPECT_EQ(report["turnover"]["months"][0]["month"], "2001-01");
}

TEST_F(Bank, SaysTheSameInTextAndInJson) {
  const auto f = bank({"--input", BANK_ROWS});
  ASSERT_EQ(f.exit_code, 0) << f.err;
  EXPECT_TRUE(has(f.out, "exact                                 36")) << f.out;
  EXPECT_TRUE(has(f.out, "within rounding                        3"));
  EXPECT_TRUE(has(f.out, "unexplained                            1"));
  EXPECT_TRUE(has(f.out, "committed                             45"));
  EXPECT_TRUE(has(f.out, "anna                           28,027.27"));
  EXPECT_TRUE(has(f.out, "2001-02"));
  EXPECT_FALSE(has(f.out + f.err, "\x1b")) << "colours belong on a terminal only";
  EXPECT_FALSE(has(f.err, "\r"));
}

TEST_F(Bank, BooksNothingTwiceWhenItRunsAgain) {
  ASSERT_EQ(bank({"--input", BANK_ROWS}).exit_code, 0);
  const auto first = report;
  ASSERT_EQ(bank({"--input", BANK_ROWS}).exit_code, 0);
  expect_all_checks_hold();
  EXPECT_EQ(report["commands"]["of_an_earlier_run"], 45);
  for (const auto* same : {"rows", "accounts", "money_cents", "largest_accounts", "turnover"}) {
    EXPECT_EQ(report[same], first[same]);
  }
  EXPECT_EQ(report["journal"]["events"], first["journal"]["events"]);
}

TEST_F(Bank, ReadsGzip) {
  write_gzip("rows.csv.gz", rows);
  const auto f = bank({"--input", scratch / "rows.csv.gz"});
  ASSERT_EQ(f.exit_code, 0) << f.err;
  EXPECT_EQ(report["rows"]["exact"], 36);
}

TEST_F(Bank, TellsATruncatedGzip) {
  write_gzip("rows.csv.gz", rows);
  const auto whole = read_text(scratch / "rows.csv.gz");
  write_text(scratch / "rows.csv.gz", whole.substr(0, whole.size() - 20));
  const auto fatal = bank({"--input", scratch / "rows.csv.gz"});
  EXPECT_EQ(fatal.exit_code, bad_input);
  EXPECT_TRUE(has(fatal.err, ": truncated-gzip: ")) << fatal.err;
  const auto skipped = bank({"--input", scratch / "rows.csv.gz", "--keep-going"});
  EXPECT_EQ(skipped.exit_code, 0) << skipped.err;
  EXPECT_EQ(report["bad_rows"], (json{{"truncated-gzip", 1}}));
}

struct bad_row_case {
  const char* reason;
  const char* row;
};

class BankBadRow : public Bank, public testing::WithParamInterface<bad_row_case> {};

TEST_P(BankBadRow, IsReportedAndFatalOrSkipped) {
  std::string with_bad = rows;
  std::size_t at = 0;
  for (int lines = 0; lines < 11; ++lines) at = with_bad.find('\n', at) + 1;
  with_bad.insert(at, std::string(GetParam().row) + '\n');  // as line 12

  const auto fatal = bank_of(with_bad);
  EXPECT_EQ(fatal.exit_code, bad_input);
  EXPECT_TRUE(has(fatal.err, "rows.csv:12: " + std::string(GetParam().reason) + ": ")) << fatal.err;
  EXPECT_TRUE(has(fatal.err, "--keep-going"));

  const auto skipped = bank_of(with_bad, {"--keep-going"});
  EXPECT_EQ(skipped.exit_code, 0) << skipped.err;
  expect_all_checks_hold();
  EXPECT_EQ(report["bad_rows"], (json{{GetParam().reason, 1}}));
  EXPECT_EQ(report["rows"], (json{{"exact", 36}, {"within_rounding", 3}, {"unexplained", 1}}));
  EXPECT_TRUE(has(skipped.out, "bad rows: " + std::string(GetParam().reason)));
}

INSTANTIATE_TEST_SUITE_P(
    Of, BankBadRow,
    testing::Values(
        bad_row_case{"missing-column", "anna,CashDeposit,2001-01-31T09:00:00.000Z,1,5.00"},
        bad_row_case{"missing-value", ",CashDeposit,2001-01-31T09:00:00.000Z,1,5.00,5.00,,,"},
        bad_row_case{"bad-number", "anna,CashDeposit,2001-01-31T09:00:00.000Z,1,5.0O,5.00,,,"},
        bad_row_case{"bad-number", "anna,CashDeposit,2001-01-31T09:00:00.000Z,1,-5.00,5.00,,,"},
        bad_row_case{"bad-number", "anna,CashDeposit,2001-01-31T09:00:00.000Z,1,5.00,,,,"},
        bad_row_case{"unknown-activity", "anna,Robbery,2001-01-31T09:00:00.000Z,1,5.00,5.00,,,"},
        bad_row_case{"bad-timestamp", "anna,CashDeposit,2001-02-29T09:00:00.000Z,1,5.00,5.00,,,"},
        bad_row_case{"bad-timestamp", "anna,CashDeposit,31.01.2001,1,5.00,5.00,,,"},
        bad_row_case{"open-quote", "anna,\"CashDeposit,2001-01-31T09:00:00.000Z,1,5.00,5.00,,,"},
        bad_row_case{"command-id-reused",
                     "anna,CashDeposit,2001-01-31T09:00:00.000Z,9001,5.00,5.00,,,"}),
    [](const auto& row) {
      std::string name = row.param.reason;
      std::replace(name.begin(), name.end(), '-', '_');
      return name + "_" + std::to_string(row.index);
    });

TEST_F(Bank, NamesTheColumnsThatAreMissing) {
  const auto f = bank_of("case_id,activity,timestamp,amount\na,CashDeposit,x,1\n");
  EXPECT_EQ(f.exit_code, bad_input);
  EXPECT_TRUE(has(f.err, "has no column transaction_id, balance_after")) << f.err;
  EXPECT_FALSE(std::filesystem::exists(scratch / "dir")) << "nothing may be made for nothing";
}

TEST_F(Bank, FindsColumnsByNameInAnyOrder) {
  const auto f = bank_of(
      "transaction_id,balance_after,amount,extra,timestamp,activity,case_id\r\n"
      "1,10.00,10,x,2001-01-01T00:00:00Z,CashDeposit,anna\r\n"
      "2,7.50,2.5,\"y,z\",2001-01-02T00:00:00Z,CashWithdrawal,anna\r\n");
  ASSERT_EQ(f.exit_code, 0) << f.err;
  EXPECT_EQ(report["rows"]["exact"], 2);
}

TEST_F(Bank, SaysThatAFileIsNotThereOrEmpty) {
  const auto missing = bank({"--input", scratch / "nothing.csv"});
  EXPECT_EQ(missing.exit_code, bad_input);
  EXPECT_TRUE(has(missing.err, "unreadable-file")) << missing.err;
  const auto empty = bank_of("");
  EXPECT_EQ(empty.exit_code, bad_input);
  EXPECT_TRUE(has(empty.err, "empty-file")) << empty.err;
}

TEST_F(Bank, ExplainsItselfAndItsExitCodes) {
  const auto help = run({BANK_PROGRAM, "--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const auto* part : {"--input", "--dir", "--rate", "--keep-going", "--json", "--in-flight",
                           "--seed", "--acks", "Exit codes", "balance_after"}) {
    EXPECT_TRUE(has(help.out, part)) << part;
  }
  EXPECT_EQ(run({BANK_PROGRAM, "--no-such-option"}).exit_code, wrong_usage);
  EXPECT_EQ(run({BANK_PROGRAM, "--in-flight", "0"}).exit_code, wrong_usage);
  EXPECT_EQ(run({BANK_PROGRAM, "--overdraft", "much"}).exit_code, wrong_usage);
  EXPECT_EQ(run({BANK_PROGRAM, "--acks", "77"}).exit_code, wrong_usage);
}

TEST_F(Bank, KeepsToTheRate) {
  ASSERT_EQ(bank({"--input", BANK_ROWS, "--rate", "200"}).exit_code, 0);
  EXPECT_GE(report["commands"]["seconds"], 44.0 / 200);
}

TEST_F(Bank, RejectsByTheOverdraftRule) {
  const auto f = bank_of(rows, {"--overdraft", "50.00"});
  EXPECT_GT(report["commands"]["rejected_by_reason"]["insufficient-funds"], 0);
  EXPECT_EQ(f.exit_code, 0) << f.err << f.out;
}

TEST_F(Bank, MakesUpBusinessAndConservesMoney) {
  const auto f = bank({"--accounts", "60", "--commands", "3000", "--seed", "5"});
  ASSERT_EQ(f.exit_code, 0) << f.err << f.out;
  expect_all_checks_hold();
  EXPECT_GT(report["commands"]["rejected_by_reason"]["insufficient-funds"], 20);
  EXPECT_EQ(report["accounts"], 60);
  EXPECT_EQ(report["bank_accounts"], 2);
  EXPECT_EQ(report["turnover"]["months"].size(), 12U);
  EXPECT_TRUE(has(f.out, "money is conserved"));
}

TEST_F(Bank, DoesNotPourOneBankIntoAnother) {
  ASSERT_EQ(bank({"--input", BANK_ROWS}).exit_code, 0);
  const auto f = bank({"--accounts", "60", "--commands", "100"});
  EXPECT_EQ(f.exit_code, wrong_usage);
  EXPECT_TRUE(has(f.err, "holds another bank")) << f.err;
}

TEST_F(Bank, LeavesAForeignDirectoryAlone) {
  std::filesystem::create_directory(scratch / "dir");
  write_text(scratch / "dir/letter.txt", "dear all");
  const auto f = bank({"--input", BANK_ROWS});
  EXPECT_EQ(f.exit_code, storage_failed) << f.err;
  EXPECT_EQ(read_text(scratch / "dir/letter.txt"), "dear all");
}

TEST_F(Bank, RemovesItsTemporaryDirectory) {
  const auto f = run({BANK_PROGRAM, "--input", BANK_ROWS, "--json", "-"});
  ASSERT_EQ(f.exit_code, 0) << f.err;
  const auto said = json::parse(f.out);
  EXPECT_FALSE(std::filesystem::exists(said["directory"].get<std::string>()));
}

TEST_F(Bank, WritesEachAcknowledgedCommandOnce) {
  ASSERT_EQ(bank({"--input", BANK_ROWS, "--acks", scratch / "acks"}).exit_code, 0);
  const auto acks = read_text(scratch / "acks");
  EXPECT_EQ(acks.size(), 45U * 33);
  EXPECT_EQ(std::count(acks.begin(), acks.end(), '\n'), 45);
}

TEST_F(Bank, DiesOnDemandAndGoesOn) {
  const auto dead = bank({"--accounts", "40", "--commands", "2000", "--crash-after", "700"});
  EXPECT_EQ(dead.signal, SIGKILL);
  const auto f = bank({"--accounts", "40", "--commands", "2000"});
  ASSERT_EQ(f.exit_code, 0) << f.err << f.out;
  expect_all_checks_hold();
  EXPECT_GE(report["commands"]["of_an_earlier_run"], 700);
  EXPECT_TRUE(has(f.out, "of them by an earlier run"));
}

TEST_F(Bank, EndsInOrderWhenInterruptedAndGoesOn) {
  const std::vector<std::string> day{BANK_PROGRAM, "--dir", scratch / "dir", "--accounts", "40",
                                     "--commands", "2000",  "--in-flight",   "8"};
  auto slow = day;
  slow.insert(slow.end(), {"--rate", "500", "--acks", std::to_string(child::pipe_fd)});
  for (const int signal : {SIGINT, SIGTERM}) {
    child c(slow);
    for (int i = 0; i < 90; ++i) ASSERT_TRUE(c.read_line());
    c.send_signal(signal);
    while (c.read_line()) {
    }
    const auto f = c.wait();
    EXPECT_EQ(f.exit_code, interrupted) << f.err;
    EXPECT_TRUE(has(f.err, "To go on:")) << f.err;
  }
  const auto ended = bank({"--accounts", "40", "--commands", "2000"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err << ended.out;
  expect_all_checks_hold();
  EXPECT_GE(report["commands"]["of_an_earlier_run"], 90);
}

TEST_F(Bank, AgreesWithARealBank) {
  const char* named = std::getenv("FASTI_DATA");  // NOLINT(concurrency-mt-unsafe)
  const std::string data = named != nullptr ? named : FASTI_DATA_DEFAULT;
  const auto file = data + "/bank_transactions.csv.gz";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is not there (see FASTI_DATA)";
  const auto f = bank({"--input", file});
  ASSERT_EQ(f.exit_code, 0) << f.err << f.out;
  expect_all_checks_hold();
  EXPECT_EQ(report["rows"],
            (json{{"exact", 44'966}, {"within_rounding", 2'031}, {"unexplained", 0}}));
  EXPECT_EQ(report["accounts"], 1'229);
  EXPECT_EQ(report["journal"]["events"], 1 + 1'229 + 46'997 + 2'031);
}

}  // namespace
}  // namespace fasti::test
