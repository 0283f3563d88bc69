#include "bench_report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace fasti::bench {
namespace {

constexpr double ratio_max = 1000;

/// 1234567 → "1,234,567".
std::string with_commas(std::string digits) {
  const auto point = std::min(digits.find('.'), digits.size());
  for (std::size_t at = point; at > 3 + (digits[0] == '-' ? 1U : 0U);) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string text_of(const cell& c, const column& in) {
  if (std::holds_alternative<std::monostate>(c)) return "-";
  if (const auto* text = std::get_if<std::string>(&c)) return *text;
  char digits[64];
  std::snprintf(digits, sizeof digits, "%.*f", in.decimals, std::get<double>(c));
  return with_commas(digits);
}

bool is_text(const table& t, std::size_t column) {
  return std::any_of(t.rows.begin(), t.rows.end(), [column](const auto& row) {
    return std::holds_alternative<std::string>(row[column]);
  });
}

std::size_t width_of(const table& t, std::size_t column) {
  std::size_t width = t.columns[column].title.size();
  for (const auto& row : t.rows) {
    width = std::max(width, text_of(row[column], t.columns[column]).size());
  }
  return width;
}

void print_cell(const std::string& text, std::size_t width, bool left) {
  const int w = static_cast<int>(width);
  std::printf("  %*s", left ? -w : w, text.c_str());
}

/// Rows that begin with the same label or number stand together.
bool is_grouped(const table& t) {
  return std::adjacent_find(t.rows.begin(), t.rows.end(), [](const auto& a, const auto& b) {
           return a[0] == b[0];
         }) != t.rows.end();
}

}  // namespace

void print(const table& t) {
  std::printf("%s: %s\n\n", t.part.c_str(), t.title.c_str());
  for (std::size_t c = 0; c < t.columns.size(); ++c) {
    print_cell(t.columns[c].title, width_of(t, c), is_text(t, c));
  }
  std::printf("\n");
  for (const auto& row : t.rows) {
    if (is_grouped(t) && &row != t.rows.data() && row[0] != (&row - 1)->at(0)) std::printf("\n");
    for (std::size_t c = 0; c < t.columns.size(); ++c) {
      print_cell(text_of(row[c], t.columns[c]), width_of(t, c), is_text(t, c));
    }
    std::printf("\n");
  }
  std::printf("\n");
  for (const auto& c : t.columns) {
    if (!c.means.empty()) std::printf("  %-14s %s\n", c.title.c_str(), c.means.c_str());
  }
  for (const auto& note : t.notes) std::printf("  %s\n", note.c_str());
  std::printf("\n");
  std::fflush(stdout);
}

nlohmann::json to_json(const table& t) {
  nlohmann::json rows = nlohmann::json::array();
  for (const auto& row : t.rows) {
    nlohmann::json line;
    for (std::size_t c = 0; c < t.columns.size(); ++c) {
      if (const auto* text = std::get_if<std::string>(&row[c])) line[t.columns[c].key] = *text;
      if (const auto* figure = std::get_if<double>(&row[c])) line[t.columns[c].key] = *figure;
    }
    rows.push_back(std::move(line));
  }
  return {{"part", t.part}, {"what", t.title}, {"notes", t.notes}, {"rows", rows}};
}

std::vector<std::string> implausible(const table& t) {
  std::vector<std::string> found;
  for (const auto& row : t.rows) {
    if (row.size() != t.columns.size()) return {t.part + ": a row does not fit the columns"};
    for (std::size_t c = 0; c < t.columns.size(); ++c) {
      const auto* figure = std::get_if<double>(&row[c]);
      if (figure == nullptr) continue;
      const bool can_be = std::isfinite(*figure) && *figure >= 0;
      const bool in_proportion =
          !t.columns[c].is_ratio || (*figure > 1 / ratio_max && *figure < ratio_max);
      if (can_be && in_proportion) continue;
      found.push_back(t.part + ": " + t.columns[c].title + " is " + std::to_string(*figure));
    }
  }
  return found;
}

}  // namespace fasti::bench
