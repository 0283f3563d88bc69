#pragma once
/// What streams are called.

#include <string>
#include <string_view>

namespace orders {

[[nodiscard]] inline std::string stream_of(const char* category, std::string_view key) {
  return std::string(category).append("-").append(key);
}

}  // namespace orders
