#pragma once
/// What the benchmark programs share: options, the order of things, the tables and their JSON.

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "parts.hpp"

namespace fasti::bench {

struct part {
  const char* name;
  table (*measure)(const plan&);
};

struct program {
  std::string name;  ///< Of its directory below `--dir`.
  std::string about;
  std::vector<part> parts;  ///< In the order in which they run.
  plan usual = {};
  std::uint64_t quick_events = 4000;  ///< Of `plan::events`, for a smoke.
  /// Options that only this program has.
  std::function<void(CLI::App&, plan&)> add_options = {};
  /// Runs before anything is measured; may do something else instead, and end the process.
  std::function<void()> before = {};
};

/// Measures, prints, and returns the process's exit code. Figures that cannot be are failures.
[[nodiscard]] int run(program p, int argc, char** argv);

}  // namespace fasti::bench
