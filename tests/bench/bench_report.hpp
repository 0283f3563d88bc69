#pragma once
/// Tables for people, and the same as JSON. A column says what it means below its table.

#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

namespace fasti::bench {

struct column {
  std::string key;    ///< Its name in the JSON.
  std::string title;  ///< Its name in the table.
  int decimals = 0;
  std::string means = {};  ///< Empty: its title says it all.
  /// A ratio of two things that do the same work: far from 1 it is a mistake, not a result.
  bool is_ratio = false;
};

/// A label, a figure, or nothing, where an engine has none.
using cell = std::variant<std::monostate, std::string, double>;

struct table {
  std::string part;   ///< Its name for `--only` and in the JSON.
  std::string title;  ///< What was done.
  std::vector<column> columns;
  std::vector<std::vector<cell>> rows = {};
  std::vector<std::string> notes = {};
};

/// Prints to stdout.
void print(const table& t);
[[nodiscard]] nlohmann::json to_json(const table& t);
/// What cannot be: a figure that is not finite or below zero, a ratio out of all proportion.
[[nodiscard]] std::vector<std::string> implausible(const table& t);

}  // namespace fasti::bench
