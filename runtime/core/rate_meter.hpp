#pragma once
/// How many a second, as of late: an average in which what was a half-life ago counts half.

#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

namespace fasti::core {

class rate_meter {
 public:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::duration<double> half_life{5};

  /// So many in all, now. The first one only says where counting begins.
  void sample(std::uint64_t total, clock::time_point now) {
    const auto last = std::exchange(last_, seen{total, now});
    if (!last || now <= last->at) return;
    const std::chrono::duration<double> time = now - last->at;
    const double rate = static_cast<double>(total - last->total) / time.count();
    per_second_ = rate + (per_second_ - rate) * std::exp2(-time / half_life);
  }
  [[nodiscard]] double per_second() const noexcept { return per_second_; }

 private:
  struct seen {
    std::uint64_t total;
    clock::time_point at;
  };
  std::optional<seen> last_;
  double per_second_ = 0;
};

}  // namespace fasti::core
