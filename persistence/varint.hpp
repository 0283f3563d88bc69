#pragma once
/// Numbers of seven bits a byte, the lowest first; the eighth bit says that more follow. As LevelDB
/// writes them, and we.

#include <cstdint>
#include <string_view>

namespace fasti::persistence {

inline constexpr std::size_t varint_bytes_max = 10;

/// Writes at most `varint_bytes_max` bytes, and returns where they end.
inline char* put_varint(char* to, std::uint64_t number) {
  while (number >= 0x80) {
    *to++ = static_cast<char>(number | 0x80);
    number >>= 7U;
  }
  *to++ = static_cast<char>(number);
  return to;
}

/// Takes a number from the front of `bytes`; false: there is none.
inline bool take_varint(std::string_view& bytes, std::uint64_t& number) {
  number = 0;
  for (std::size_t i = 0; i < bytes.size() && i < varint_bytes_max; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    number |= std::uint64_t{byte & 0x7fU} << (7 * i);
    if (byte >= 0x80) continue;
    bytes.remove_prefix(i + 1);
    return true;
  }
  return false;
}

}  // namespace fasti::persistence
