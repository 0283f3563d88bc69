#include "fasti/trace.hpp"

#include <charconv>

namespace fasti {
namespace {

/// version-trace-parent-flags, and where each begins.
constexpr std::size_t length = 55;
constexpr std::size_t trace_at = 3;
constexpr std::size_t parent_at = 36;
constexpr std::size_t flags_at = 53;

bool is_lower_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

/// Dashes at their places, lower case digits at all others.
bool is_well_formed(std::string_view text) {
  for (std::size_t i = 0; i < length; ++i) {
    const bool is_dash = i + 1 == trace_at || i + 1 == parent_at || i + 1 == flags_at;
    if (is_dash ? text[i] != '-' : !is_lower_hex(text[i])) return false;
  }
  return true;
}

std::uint64_t number_at(std::string_view text, std::size_t at, std::size_t digits) {
  std::uint64_t number = 0;
  std::from_chars(text.data() + at, text.data() + at + digits, number, 16);
  return number;
}

}  // namespace

result<trace_context> trace_context::parse(std::string_view traceparent) {
  const error malformed{errc::invalid, "malformed-traceparent",
                        "\"" + std::string(traceparent.substr(0, length + 1)) +
                            "\" is not of the form 00-<32 hex>-<16 hex>-<2 hex>"};
  if (traceparent.size() < length || !is_well_formed(traceparent)) return malformed;
  const auto version = traceparent.substr(0, 2);
  const bool may_be_longer = version != "00" && traceparent.substr(length, 1) == "-";
  if (version == "ff" || (traceparent.size() > length && !may_be_longer)) return malformed;
  trace_context read;
  read.trace = {number_at(traceparent, trace_at, 16), number_at(traceparent, trace_at + 16, 16)};
  read.parent = number_at(traceparent, parent_at, 16);
  read.flags = static_cast<std::uint8_t>(number_at(traceparent, flags_at, 2));
  if (read.trace.is_none() || read.parent == 0) return malformed;
  return read;
}

std::string trace_context::to_string() const {
  // A number's digits are those of the low half of an id.
  const auto hex = [](std::uint64_t number, std::size_t digits) {
    return unique_id{0, number}.to_string().substr(32 - digits);
  };
  return "00-" + trace.to_string() + "-" + hex(parent, 16) + "-" + hex(flags, 2);
}

}  // namespace fasti
