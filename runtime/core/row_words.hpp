#pragma once
/// A row of a view as it lies in the store, which promises its bytes no alignment, and as words.

#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "fasti/event.hpp"
#include "runtime/core/guard.hpp"

namespace fasti::core {

/// Nothing when these bytes are not a message.
[[nodiscard]] inline std::optional<std::vector<word>> words_of(std::string_view bytes) {
  if (bytes.empty() || bytes.size() % word_bytes != 0) return std::nullopt;
  std::vector<word> words(bytes.size() / word_bytes);
  std::memcpy(words.data(), bytes.data(), bytes.size());
  return words;
}

[[nodiscard]] inline std::string text_of(body_view words) {
  return {reinterpret_cast<const char*>(words.data()), words.size_bytes()};
}

/// Why `use(words of the row)` could not be done, if so: not a message, or a damaged one.
template <class Use>
[[nodiscard]] std::optional<std::string> failure_to_use(std::string_view bytes, Use&& use) {
  const auto words = words_of(bytes);
  if (!words) return std::to_string(bytes.size()) + " bytes are not a message";
  return thrown_by([&] { use(body_view(*words)); });
}

}  // namespace fasti::core
