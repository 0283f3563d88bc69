#pragma once
/// What the benchmarks measure, one table a part: the runtime's first, then the journal's.

#include <cstdint>
#include <string>
#include <vector>

#include "bench_report.hpp"

namespace fasti::bench {

struct plan {
  std::uint64_t events = 1'000'000;
  int rounds = 5;
  int round_ms = 3000;    ///< commands: how long many in flight are measured in a round.
  int warm_up_ms = 2000;  ///< … and run before that.
  bool large = false;
  bool quick = false;
  std::string directory;          ///< Exists; each part makes its own below.
  std::vector<std::string> only;  ///< Empty: all parts.
  std::string engine;             ///< Part of the names that take part, for profiling.
  std::size_t batch = 0;          ///< append, commands: this one alone; 0: all.

  /// The two sizes that growth is told from; the larger is ten times the smaller.
  [[nodiscard]] std::uint64_t smaller() const { return large ? events : events / 10; }
  [[nodiscard]] std::uint64_t larger() const { return smaller() * 10; }
};

[[nodiscard]] table measure_commands(const plan& p);
[[nodiscard]] table measure_memory(const plan& p);
[[nodiscard]] table measure_activation(const plan& p);
[[nodiscard]] table measure_catchup(const plan& p);
[[nodiscard]] table measure_rebuild(const plan& p);
[[nodiscard]] table measure_followers(const plan& p);
[[nodiscard]] table measure_visible(const plan& p);

[[nodiscard]] table measure_append(const plan& p);
[[nodiscard]] table measure_scan(const plan& p);
[[nodiscard]] table measure_streams(const plan& p);
[[nodiscard]] table measure_disk(const plan& p);
[[nodiscard]] table measure_open(const plan& p);
[[nodiscard]] table measure_growth(const plan& p);

/// Fills a journal in `directory` and dies by SIGKILL when the last event is acknowledged. What
/// `measure_open` runs as a process of its own.
[[noreturn]] void write_and_die(const std::string& directory, std::uint64_t events);

}  // namespace fasti::bench
