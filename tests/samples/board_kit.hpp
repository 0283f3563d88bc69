#pragma once
/// A bank at work that shows its board, and waits for it.

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "process.hpp"

namespace fasti::test {

inline constexpr auto board_patience = std::chrono::seconds{60};

/// Looks again and again, without a sleep; false after a minute.
template <class Condition>
[[nodiscard]] bool comes_true(Condition&& condition) {
  const auto deadline = std::chrono::steady_clock::now() + board_patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

class BankBoard : public testing::Test {
 protected:
  void start_bank(const std::vector<std::string>& more) {
    std::vector<std::string> arguments{BANK_PROGRAM,   "--board", "--port",           "0",
                                       "--stay",       "--json",  scratch / "report", "--dir",
                                       scratch / "dir"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    bank.emplace(arguments);
    const std::string says = "the board is at http://127.0.0.1:";
    ASSERT_TRUE(comes_true([&] {
      const auto told = bank->err_so_far();
      const auto at = told.find(says);
      if (at == told.npos || told.find("/\n", at) == told.npos) return false;
      port = static_cast<std::uint16_t>(std::stoul(told.substr(at + says.size())));
      return true;
    })) << bank->err_so_far();
  }
  void wait_for_the_days_end() {
    ASSERT_TRUE(comes_true([&] {
      return bank->err_so_far().find("the day is over") != std::string::npos;
    })) << bank->err_so_far();
  }
  /// Ends it, when its day is over, and reads what it reports.
  void end_bank() {
    wait_for_the_days_end();
    bank->send_signal(SIGINT);
    const auto f = bank->wait();
    ASSERT_EQ(f.exit_code, 0) << f.err << f.out;
    report = nlohmann::json::parse(read_text(scratch / "report"));
  }

  scratch_directory scratch;
  std::optional<child> bank;
  std::uint16_t port = 0;
  nlohmann::json report;
};

}  // namespace fasti::test
