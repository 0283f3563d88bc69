#include <charconv>

#include "fasti/subscription.hpp"

namespace fasti {
namespace {

constexpr std::size_t id_digits = 32;

/// All of `text`, or nothing.
std::optional<std::uint64_t> number_in(std::string_view text, int base) {
  std::uint64_t n = 0;
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, n, base);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return n;
}

}  // namespace

std::string checkpoint::to_string() const {
  return std::to_string(count_of(position)) + "@" + journal.to_string();
}

result<checkpoint> checkpoint::parse(std::string_view text) {
  const auto at = std::min(text.find('@'), text.size());
  const auto id = text.substr(std::min(at + 1, text.size()));
  const auto count = number_in(text.substr(0, at), 10);
  if (count && id.size() == id_digits) {
    const auto high = number_in(id.substr(0, id_digits / 2), 16);
    const auto low = number_in(id.substr(id_digits / 2), 16);
    if (high && low) return checkpoint{{*high, *low}, fasti::position{*count}};
  }
  return error{errc::invalid, "malformed-checkpoint",
               "\"" + std::string(text) + "\" is not a position, @, and a journal's id"};
}

}  // namespace fasti
