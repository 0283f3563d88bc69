#pragma once
/// Brings a log of what happened into the journal, and looks at what the clerks made of it.

#include <fasti/runtime.hpp>

#include <functional>
#include <map>
#include <string>

namespace loans {

struct import_options {
  std::string input;  ///< CSV, plain or gzipped: case_id,activity,timestamp,lifecycle,resource,…
  std::uint64_t rows = 0;  ///< At most so many; 0: all.
  std::function<void(std::uint64_t rows)> on_progress = [](std::uint64_t) {};
};

/// By activity, from the file itself.
using counts = std::map<std::string, std::uint64_t>;

/// Sends a command for each row and waits until all are durable. Doing it again does nothing twice:
/// a command's id follows from its row. Errors: `invalid` ("no-such-file", "malformed-row").
[[nodiscard]] fasti::result<counts> import_log(fasti::runtime& rt, const import_options& options);

struct tally {
  std::uint64_t recorded = 0;
  std::uint64_t tallied = 0;
};
/// What the view shows.
[[nodiscard]] fasti::result<std::map<std::string, tally>> tallies(fasti::runtime& rt);

}  // namespace loans
