#pragma once
/// Waiting for what other threads bring about, without a sleep.

#include <chrono>
#include <thread>

namespace fasti::test {

/// Looks again and again; false after a minute.
template <class Condition>
[[nodiscard]] bool comes_true(Condition&& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace fasti::test
