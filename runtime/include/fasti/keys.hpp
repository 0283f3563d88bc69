#pragma once
/// Keys of several parts that sort as their parts do, first by the first one: for rows, for
/// secondary keys, and for the ranges that are read of them.
///
///     rows.at(fasti::key_of(branch, day, account));             // text, number, text
///     view.scan({.prefix = fasti::key_of(branch, day)}, …);     // this branch's rows of that day
///     auto parts = fasti::parts_of<std::string, std::int64_t, std::string>(key);
///
/// (The encoding is that of tuple layers as in FoundationDB: text ends with two bytes that sort
/// before all text that goes on, numbers are big endian with their sign turned over.)

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

#include "fasti/ids.hpp"

namespace fasti {
namespace detail {

void append_key_text(std::string& key, std::string_view text);
void append_key_number(std::string& key, std::uint64_t sortable);
/// Takes the part off the front of `key`; false when there is none.
[[nodiscard]] bool take_key_text(std::string_view& key, std::string& text);
[[nodiscard]] bool take_key_number(std::string_view& key, std::uint64_t& sortable);

/// Negative numbers sort before the others.
inline constexpr std::uint64_t sign_bit = std::uint64_t{1} << 63;

template <class Part>
void append_key_part(std::string& key, const Part& part) {
  if constexpr (std::is_same_v<Part, timestamp>) {
    append_key_part(key, part.time_since_epoch().count());
  } else if constexpr (std::is_enum_v<Part>) {
    append_key_part(key, static_cast<std::underlying_type_t<Part>>(part));
  } else if constexpr (std::is_integral_v<Part> && std::is_signed_v<Part>) {
    append_key_number(key, static_cast<std::uint64_t>(std::int64_t{part}) ^ sign_bit);
  } else if constexpr (std::is_integral_v<Part>) {
    append_key_number(key, part);
  } else {
    append_key_text(key, part);
  }
}

template <class Part>
[[nodiscard]] bool take_key_part(std::string_view& key, Part& part) {
  if constexpr (std::is_same_v<Part, std::string>) {
    return take_key_text(key, part);
  } else if constexpr (std::is_same_v<Part, timestamp>) {
    std::int64_t ticks = 0;
    if (!take_key_part(key, ticks)) return false;
    part = timestamp(std::chrono::nanoseconds(ticks));
    return true;
  } else if constexpr (std::is_enum_v<Part>) {
    std::underlying_type_t<Part> number{};
    if (!take_key_part(key, number)) return false;
    part = static_cast<Part>(number);
    return true;
  } else {
    std::uint64_t sortable = 0;
    if (!take_key_number(key, sortable)) return false;
    part = static_cast<Part>(std::is_signed_v<Part> ? sortable ^ sign_bit : sortable);
    return true;
  }
}

}  // namespace detail

/// Parts are text, integers, enumerations and timestamps. An integer takes 8 bytes whatever its
/// type, so that its type may grow.
template <class... Parts>
[[nodiscard]] std::string key_of(const Parts&... parts) {
  std::string key;
  (detail::append_key_part(key, parts), ...);
  return key;
}

/// The first parts of a key that `key_of` made of parts of these types (text as `std::string`);
/// nothing when it was not.
template <class... Parts>
[[nodiscard]] std::optional<std::tuple<Parts...>> parts_of(std::string_view key) {
  std::tuple<Parts...> parts;
  const bool all = std::apply(
      [&key](auto&... part) { return (detail::take_key_part(key, part) && ...); }, parts);
  if (!all) return std::nullopt;
  return parts;
}

}  // namespace fasti
