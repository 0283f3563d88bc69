#pragma once
/// What the user asked for, and what the program answers to the shell.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "driver.hpp"
#include "workload.hpp"

namespace bank {

enum exit_code : int {
  all_well = 0,
  check_failed = 1,
  wrong_usage = 2,
  bad_input = 3,
  storage_failed = 4,
  interrupted = 130,
};

struct bank_options {
  std::string input;      ///< Empty: a made-up workload.
  std::string directory;  ///< Empty: a new one, removed at the end unless `keep`.
  std::string json;
  std::string acks;
  std::string overdraft = "10000.00";
  std::int64_t overdraft_cents = 0;
  bool keep = false;
  bool keep_going = false;
  bool board = false;
  std::uint16_t board_port = 8017;
  bool stay = false;  ///< The board is there until the program is interrupted.
  driver_options drive;
  workload_options workload;
};

/// The options, or the exit code after the user has been told what is wrong, or what there is.
[[nodiscard]] std::variant<bank_options, int> parse_options(int argc, char** argv);

}  // namespace bank
