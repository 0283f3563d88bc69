#pragma once
/// Cents and large numbers, from text and to text.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bank {

/// "700.00", "-12.5", "3" → cents. None when it is not a number or more than 13 digits long.
[[nodiscard]] std::optional<std::int64_t> parse_cents(std::string_view text);

/// 1234567 → "12,345.67".
[[nodiscard]] std::string money_text(std::int64_t cents);
/// 1234567 → "1,234,567".
[[nodiscard]] std::string count_text(std::uint64_t n);
/// 1234567 → "1.2 MB".
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);
/// 0.0123 → "12.3 ms".
[[nodiscard]] std::string duration_text(double seconds);

}  // namespace bank
