#include "money.hpp"

#include <array>
#include <cmath>
#include <cstdio>

namespace bank {
namespace {

constexpr std::size_t digits_max = 13;

std::string fixed_text(double value, int decimals) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return text.data();
}

/// Three digits that count: 1.23, 12.3, 123.
std::string short_text(double value) {
  return fixed_text(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}

}  // namespace

std::optional<std::int64_t> parse_cents(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const auto dot = text.find('.');
  const auto whole = text.substr(0, dot);
  const auto fraction = dot == std::string_view::npos ? "" : text.substr(dot + 1);
  if (whole.empty() || whole.size() > digits_max || fraction.size() > 2) return std::nullopt;
  if (dot != std::string_view::npos && fraction.empty()) return std::nullopt;

  std::int64_t cents = 0;
  auto take = [&cents](char digit) {
    if (digit < '0' || digit > '9') return false;
    cents = cents * 10 + (digit - '0');
    return true;
  };
  for (const char digit : whole) {
    if (!take(digit)) return std::nullopt;
  }
  for (std::size_t i = 0; i < 2; ++i) {
    if (!take(i < fraction.size() ? fraction[i] : '0')) return std::nullopt;
  }
  return negative ? -cents : cents;
}

std::string count_text(std::uint64_t n) {
  const auto digits = std::to_string(n);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string money_text(std::int64_t cents) {
  const auto size = static_cast<std::uint64_t>(cents < 0 ? -cents : cents);
  std::string text(cents < 0 ? "-" : "");
  text.append(count_text(size / 100)).append(size % 100 < 10 ? ".0" : ".");
  return text.append(std::to_string(size % 100));
}

std::string bytes_text(std::uint64_t bytes) {
  static constexpr std::array units{"B", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  return (unit == 0 ? std::to_string(bytes) : short_text(value)) + ' ' + units.at(unit);
}

std::string duration_text(double seconds) {
  if (seconds < 999.5e-6) return short_text(seconds * 1e6) + " µs";
  if (seconds < 999.5e-3) return short_text(seconds * 1e3) + " ms";
  if (seconds < 120) return short_text(seconds) + " s";
  const auto whole = std::llround(seconds);
  return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
}

}  // namespace bank
