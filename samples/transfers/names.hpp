#pragma once
/// Names of transfers and accounts. Streams are made of them, so not everything will do.

#include <capnp/blob.h>

#include <optional>
#include <string>
#include <string_view>

namespace transfers {

inline constexpr std::size_t name_bytes_max = 100;

[[nodiscard]] inline bool is_good_name(std::string_view name) {
  return !name.empty() && name.size() <= name_bytes_max;
}
[[nodiscard]] inline std::string_view text(capnp::Text::Reader t) { return {t.cStr(), t.size()}; }

/// The process manager that an event of this transfer concerns; none when it cannot be one of ours.
[[nodiscard]] inline std::optional<std::string> key_of_transfer(capnp::Text::Reader name) {
  if (!is_good_name(text(name))) return std::nullopt;
  return std::string(text(name));
}

}  // namespace transfers
