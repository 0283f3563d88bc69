#pragma once
/// When a wait ends.

#include <algorithm>
#include <chrono>

namespace fasti::node {

/// Not beyond any process's life, so that adding it to now cannot overflow.
[[nodiscard]] inline std::chrono::steady_clock::time_point deadline_in(
    std::chrono::milliseconds timeout) {
  return std::chrono::steady_clock::now() +
         std::min<std::chrono::milliseconds>(timeout, std::chrono::years{1});
}

}  // namespace fasti::node
