#pragma once
/// Columns of text. Widths count characters, not bytes.

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>

namespace bank {

[[nodiscard]] inline std::size_t width_of(std::string_view text) {
  constexpr auto begins_character = [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  };
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

[[nodiscard]] inline std::string pad_left(std::string_view text, std::size_t width) {
  const auto has = width_of(text);
  return std::string(has < width ? width - has : 0, ' ').append(text);
}

[[nodiscard]] inline std::string pad_right(std::string_view text, std::size_t width) {
  const auto has = width_of(text);
  return std::string(text).append(has < width ? width - has : 0, ' ');
}

/// A bar of `share` (0..1) of `width` characters, in steps of an eighth of a character.
[[nodiscard]] inline std::string bar(double share, std::size_t width) {
  static constexpr std::array<std::string_view, 8> ends{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto eighths = static_cast<std::size_t>(
      std::lround(std::clamp(share, 0.0, 1.0) * static_cast<double>(width) * 8));
  std::string text;
  for (std::size_t i = 0; i < eighths / 8; ++i) text += "█";
  return text.append(ends.at(eighths % 8));
}

}  // namespace bank
