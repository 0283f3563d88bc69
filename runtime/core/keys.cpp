#include "fasti/keys.hpp"

namespace fasti::detail {
namespace {

// A zero byte in text is followed by 0xff, its end is a zero byte followed by 0x01.
constexpr char zero = '\0';
constexpr char goes_on = '\xff';
constexpr char ends = '\x01';

}  // namespace

void append_key_text(std::string& key, std::string_view text) {
  for (const char c : text) {
    key += c;
    if (c == zero) key += goes_on;
  }
  key += zero;
  key += ends;
}

void append_key_number(std::string& key, std::uint64_t sortable) {
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(sortable >> shift);
}

bool take_key_text(std::string_view& key, std::string& text) {
  text.clear();
  for (std::size_t i = 0; i + 1 < key.size(); ++i) {
    if (key[i] != zero) {
      text += key[i];
    } else if (key[i + 1] == goes_on) {
      text += key[i++];
    } else {
      if (key[i + 1] != ends) return false;
      key.remove_prefix(i + 2);
      return true;
    }
  }
  return false;
}

bool take_key_number(std::string_view& key, std::uint64_t& sortable) {
  if (key.size() < sizeof sortable) return false;
  sortable = 0;
  for (std::size_t i = 0; i < sizeof sortable; ++i) {
    sortable = sortable << 8U | static_cast<unsigned char>(key[i]);
  }
  key.remove_prefix(sizeof sortable);
  return true;
}

}  // namespace fasti::detail
