#pragma once
/// How long to wait before trying again.

#include <algorithm>

#include "fasti/parking.hpp"

namespace fasti::core {

/// Twice as long after each of `retries` that went before, up to the policy's limit.
[[nodiscard]] inline std::chrono::milliseconds wait_before_retry(const failure_policy& policy,
                                                                 unsigned retries) {
  constexpr unsigned doublings_max = 20;
  return std::min<std::chrono::milliseconds>(
      policy.backoff * (1U << std::min(retries, doublings_max)), policy.backoff_max);
}

}  // namespace fasti::core
