#pragma once
/// Ranges of keys, in terms of the bytes that a store puts before them.

#include <string>

#include "fasti/stores.hpp"

namespace fasti::persistence {

/// The first key behind all that begin with `prefix`; empty when there is none.
[[nodiscard]] inline std::string behind_prefix(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (!prefix.empty()) ++prefix.back();
  return prefix;
}

/// From `first` up to the key before `end`.
struct full_range {
  /// `full_key(key)` begins with some byte but the last one.
  template <class FullKey>
  full_range(const key_range& r, FullKey&& full_key)
      : first(full_key(std::max(r.prefix, r.from))), end(behind_prefix(full_key(r.prefix))) {
    if (!r.before.empty()) end = std::min(end, full_key(r.before));
  }
  std::string first;
  std::string end;
};

}  // namespace fasti::persistence
