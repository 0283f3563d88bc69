// kill -9 in the middle of the bank's business, again and again. What must hold afterwards is told
// by an oracle outside the process: the ids that it acknowledged, read from a pipe.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <set>

#include "fasti/runtime.hpp"
#include "process.hpp"
#include "samples/bank/inspect.hpp"

namespace fasti::test {
namespace {

constexpr int moments_a_test = 12;
constexpr int late_moments = 1;  // of them, when all is acknowledged and the checks are under way
/// More lines than the pipe and the program's own unwritten ones can hold: when we have read all
/// but so many, the program is still at work.
constexpr std::size_t lines_ahead_max = 400;

/// What a directory holds when nobody has it open.
struct bank_contents {
  std::uint64_t events = 0;
  std::map<std::string, std::int64_t> balances;
  std::map<std::string, int> commands;  ///< By id: in how many separate places of the journal.
  std::int64_t money = 0;
};

bank_contents contents_of(const std::string& directory) {
  bank_contents c;
  auto rt = runtime::open<>({.path = directory});
  if (!rt) {
    ADD_FAILURE() << rt.error().to_string();
    return c;
  }
  std::string last;
  auto read = rt->journal().read({}, [&](const recorded_event& e) {
    ++c.events;
    auto id = e.command.to_string();
    if (id != last) ++c.commands[id];
    last = std::move(id);
    return visit::more;
  });
  EXPECT_TRUE(read) << read.error().to_string();
  const auto folded = bank::fold_journal(rt->journal());
  if (!folded) {
    ADD_FAILURE() << folded.error().to_string();
    return c;
  }
  for (const auto& [key, account] : *folded) {
    c.balances[key] = account.state.balance;
    c.money += account.state.balance;
  }
  return c;
}

class BankCrash : public testing::Test {
 protected:
  using arguments = std::vector<std::string>;

  [[nodiscard]] arguments command(const std::string& directory) const {
    arguments all{BANK_PROGRAM,
                  "--dir",
                  directory,
                  "--in-flight",
                  "64",
                  "--acks",
                  std::to_string(child::pipe_fd)};
    all.insert(all.end(), input.begin(), input.end());
    return all;
  }

  /// Runs to the end; adds what was acknowledged.
  void run_to_the_end(const std::string& directory, std::set<std::string>& acknowledged) const {
    child c(command(directory));
    while (auto id = c.read_line()) acknowledged.insert(*std::move(id));
    const auto f = c.wait();
    ASSERT_EQ(f.exit_code, 0) << f.err << f.out;
  }

  /// Kills it once `reads` ids have been read. True when it was the signal that ended it.
  static bool run_and_kill(const arguments& command, std::size_t reads,
                           std::set<std::string>& acknowledged) {
    child c(command);
    for (std::size_t i = 0; i < reads; ++i) {
      auto id = c.read_line();
      if (!id) break;
      acknowledged.insert(*std::move(id));
    }
    c.send_signal(SIGKILL);
    while (auto id = c.read_line()) acknowledged.insert(*std::move(id));
    return c.wait().signal == SIGKILL;
  }

  /// Before anything is sent again: what was acknowledged is there, once.
  static void expect_kept(const bank_contents& contents,
                          const std::set<std::string>& acknowledged) {
    for (const auto& id : acknowledged) {
      const auto found = contents.commands.find(id);
      ASSERT_NE(found, contents.commands.end()) << "acknowledged and lost: " << id;
      ASSERT_EQ(found->second, 1) << "doubled: " << id;
    }
  }

  void expect_same_as_reference(const bank_contents& contents) const {
    EXPECT_EQ(contents.events, reference.events);
    EXPECT_EQ(contents.balances, reference.balances);
    EXPECT_EQ(contents.money, reference.money);
    EXPECT_EQ(contents.commands, reference.commands);
  }

  void kill_and_look(const std::string& directory, std::size_t reads,
                     std::set<std::string>& acknowledged) const {
    const bool was_killed = run_and_kill(command(directory), reads, acknowledged);
    ASSERT_TRUE(was_killed || acknowledged.size() == reference.commands.size() - 1);
    expect_kept(contents_of(directory), acknowledged);
  }

  void kill_at_random_moments() {
    std::set<std::string> all;
    ASSERT_NO_FATAL_FAILURE(run_to_the_end(scratch / "reference", all));
    reference = contents_of(scratch / "reference");
    ASSERT_GT(all.size(), 2 * lines_ahead_max);
    ASSERT_EQ(reference.commands.size(), all.size() + 1) << "and one for the register";

    const char* given = std::getenv("FASTI_SEED");  // NOLINT(concurrency-mt-unsafe)
    const auto seed = given != nullptr ? std::stoul(given) : std::random_device{}();
    std::cout << "FASTI_SEED=" << seed << " repeats these moments\n";
    std::mt19937_64 random(seed);
    std::uniform_int_distribution<std::size_t> moment(1, all.size() - lines_ahead_max);
    for (int i = 0; i < moments_a_test; ++i) {
      const bool is_late = i < late_moments;
      const auto first = is_late ? all.size() : moment(random);
      const auto second = i % 3 == 2 ? moment(random) : 0;
      SCOPED_TRACE("killed after " + std::to_string(first) + " acknowledged commands, then after " +
                   std::to_string(second));
      const auto directory = scratch / std::to_string(i);
      std::set<std::string> acknowledged;
      ASSERT_NO_FATAL_FAILURE(kill_and_look(directory, first, acknowledged));
      if (second > 0) {
        ASSERT_NO_FATAL_FAILURE(kill_and_look(directory, second, acknowledged));
      }
      ASSERT_NO_FATAL_FAILURE(run_to_the_end(directory, acknowledged));
      const auto after = contents_of(directory);
      ASSERT_NO_FATAL_FAILURE(expect_kept(after, acknowledged));
      expect_same_as_reference(after);
      std::filesystem::remove_all(directory);
    }
  }

  scratch_directory scratch;
  arguments input;
  bank_contents reference;
};

TEST_F(BankCrash, MadeUpBusinessEndsAsIfNothingHadBeen) {
  input = {"--seed", "11", "--accounts", "150", "--commands", "6000"};
  kill_at_random_moments();
}

/// Rows with the bank's roundings in them: a movement and its correction must not be torn apart.
TEST_F(BankCrash, ReplayedRowsEndAsIfNothingHadBeen) {
  std::mt19937 random(12);
  std::vector<long> balances(120);
  std::string rows = "case_id,activity,timestamp,transaction_id,amount,balance_after\n";
  for (int i = 0; i < 2'500; ++i) {
    const auto who = random() % balances.size();
    const auto amount = static_cast<long>(random() % 100'000);
    const long rounding = i % 7 == 0 ? static_cast<long>(random() % 10) + 1 : 0;
    balances[who] += amount + rounding;
    char row[128];
    std::snprintf(
        row, sizeof row, "%zu,CashDeposit,2001-05-%02dT00:00:00Z,%d,%ld.%02ld,%ld.%02ld\n", who,
        i / 90 + 1, i, amount / 100, amount % 100, balances[who] / 100, balances[who] % 100);
    rows += row;
  }
  write_text(scratch / "rows.csv", rows);
  input = {"--input", scratch / "rows.csv"};
  kill_at_random_moments();
  EXPECT_EQ(reference.events, 1 + 120 + 2'500 + 358);
}

}  // namespace
}  // namespace fasti::test
