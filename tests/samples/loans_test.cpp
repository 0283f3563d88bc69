// The office that handles requests for loans, killed in the middle of its work: what its process
// managers had tallied is what the log says, each step once.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "process.hpp"
#include "samples/loans/domain.hpp"
#include "samples/loans/office.hpp"

namespace fasti::test {
namespace {

constexpr int kills = 3;

/// A log like those of real offices, made up.
std::string made_up_log(const scratch_directory& in, std::uint64_t rows) {
  auto path = in / "log.csv";
  std::ofstream out(path);
  out << "case_id,activity,timestamp,lifecycle,resource,amount_requested\n";
  std::mt19937 chance(20);
  const char* lifecycles[] = {"SCHEDULE", "START", "COMPLETE"};
  for (std::uint64_t i = 0; i < rows; ++i) {
    const auto what = std::min(chance() % 23, chance() % 23);  // some are done more often
    out << 1000 + chance() % (rows / 20 + 1) << ",W_step " << what << ",2011-10-01T00:00:00.000Z,"
        << lifecycles[chance() % 3] << "," << chance() % 70 << ",5000\n";
  }
  return path;
}

/// Counted from the file, by nobody of ours.
loans::counts counted(const std::string& path, std::uint64_t rows) {
  const auto finished =
      run({"/bin/sh", "-c",
           "(gzip -dcf '" + path + "' 2>/dev/null || cat '" + path + "') | tail -n +2 | head -n " +
               std::to_string(rows) + " | cut -d, -f2 | sort | uniq -c"});
  loans::counts all;
  std::istringstream lines(finished.out);
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::uint64_t count = 0;
    words >> count >> std::ws;
    std::string name;
    std::getline(words, name);
    all[name] = count;
  }
  return all;
}

void kill_in_the_middle_and_compare(const std::string& log, std::uint64_t rows) {
  const scratch_directory in;
  const auto directory = in / "loans.fasti";
  const std::vector<std::string> command{
      LOANS_PROGRAM, "--input", log,        "--rows", std::to_string(rows),
      "--dir",       directory, "--say-to", "3"};
  const auto lines = static_cast<int>(rows / 1000);
  for (int k = 1; k <= kills; ++k) {
    child office(command);
    int seen = 0;
    while (auto line = office.read_line()) {
      if (++seen == lines * k / (kills + 1) + 1) office.send_signal(SIGKILL);
    }
    ASSERT_EQ(office.wait().signal, SIGKILL) << "it was at work";
  }
  const auto done = run(command);
  ASSERT_EQ(done.exit_code, 0) << done.out << done.err;

  const auto in_file = counted(log, rows);
  auto rt = runtime::open<loans::application, loans::activity, loans::clerk, loans::activities>(
      {.path = directory});
  ASSERT_TRUE(rt) << rt.error().to_string();
  const auto all = loans::tallies(*rt);
  ASSERT_TRUE(all) << all.error().to_string();
  EXPECT_GT(all->size(), 10U);
  EXPECT_EQ(all->size(), in_file.size());
  std::uint64_t sum = 0;
  for (const auto& [name, count] : in_file) {
    const auto found = all->find(name);
    ASSERT_NE(found, all->end()) << name;
    EXPECT_EQ(found->second.recorded, count) << name;
    EXPECT_EQ(found->second.tallied, count) << name;
    sum += count;
  }
  EXPECT_EQ(sum, rows);
  // P9: the view is that of a fold from the beginning, row by row.
  auto again = rt->rebuild<loans::activities>({.then = when_caught_up::wait});
  ASSERT_TRUE(again);
  ASSERT_TRUE(again->wait(std::chrono::minutes(1)));
  EXPECT_EQ(again->compare()->rows(), 0U);
}

TEST(Loans, P8_P9_CountsEqualTheLogsAfterThreeKills) {
  const scratch_directory in;
  kill_in_the_middle_and_compare(made_up_log(in, 6000), 6000);
}

TEST(Loans, P8_P9_CountsEqualARealLogsAfterThreeKills) {
  const char* folder = std::getenv("FASTI_DATA");  // NOLINT(concurrency-mt-unsafe)
  const auto log =
      std::string(folder != nullptr ? folder : FASTI_DATA_DEFAULT) + "/loan_applications.csv.gz";
  if (!std::filesystem::exists(log)) GTEST_SKIP() << log << " is not there";
  const char* wanted = std::getenv("FASTI_LOAN_ROWS");  // NOLINT: 262200 are all
  kill_in_the_middle_and_compare(log, wanted != nullptr ? std::stoull(wanted) : 12'000);
}

TEST(Loans, AMalformedRowIsNamedAndNothingIsLost) {
  const scratch_directory in;
  std::ofstream(in / "log.csv") << "case_id,activity,timestamp,lifecycle,resource\n"
                                << "1,A_SUBMITTED,2011-10-01T00:00:00.000Z,COMPLETE,112\n"
                                << "no commas\n";
  const auto refused = run({LOANS_PROGRAM, "--input", in / "log.csv", "--dir", in / "loans.fasti"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("row 2"), std::string::npos) << refused.err;
  const auto missing =
      run({LOANS_PROGRAM, "--input", in / "none.csv", "--dir", in / "loans.fasti"});
  EXPECT_NE(missing.err.find("no-such-file"), std::string::npos) << missing.err;
}

}  // namespace
}  // namespace fasti::test
