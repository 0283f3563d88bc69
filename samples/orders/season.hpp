#pragma once
/// A season of made-up business.

#include <functional>
#include <map>

#include "shop.hpp"

namespace orders {

struct season_options {
  std::uint64_t orders = 300;
  std::uint64_t seed = 1;
  std::chrono::milliseconds patience{300};  ///< So long the shop waits for money.
  std::function<void(std::uint64_t placed)> on_progress = [](std::uint64_t) {};
};

struct season_result {
  std::uint64_t steps = 0;
  std::map<std::string, std::uint64_t> rejected;  ///< By reason.
};

/// Fills shelves and purses, then takes orders through what may happen to them. Begun again with
/// the same options on the same journal it does nothing twice; what was rejected is asked again.
[[nodiscard]] fasti::result<season_result> run_season(fasti::runtime& rt,
                                                      const season_options& options);

}  // namespace orders
