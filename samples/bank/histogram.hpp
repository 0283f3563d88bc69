#pragma once
/// Latencies in a fixed piece of memory: 64 steps in each power of two, so a quantile is at most
/// 1.6 % above the truth, never below. (The log-linear idea is HdrHistogram's, by Gil Tene.)

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace bank {

class histogram {
 public:
  void record(std::uint64_t value) noexcept {
    ++counts_[slot_of(value)];
    ++count_;
    max_ = std::max(max_, value);
  }

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::uint64_t max() const noexcept { return max_; }

  /// The smallest value that at least the share `q` (0..1) of what was recorded does not exceed,
  /// rounded up to the end of its step; 0 when nothing was recorded.
  [[nodiscard]] std::uint64_t quantile(double q) const noexcept {
    const auto share = q * static_cast<double>(count_);
    std::uint64_t seen = 0;
    for (std::size_t slot = 0; slot < slots; ++slot) {
      seen += counts_[slot];
      if (seen > 0 && static_cast<double>(seen) >= share) return std::min(last_of(slot), max_);
    }
    return max_;
  }

 private:
  static constexpr unsigned step_bits = 6;
  static constexpr std::uint64_t steps = 1U << step_bits;
  static constexpr std::size_t slots = (64 - step_bits + 1) * steps;

  /// Values below 64 have a slot each; above, the six bits behind the leading one tell the step.
  static constexpr std::size_t slot_of(std::uint64_t value) noexcept {
    if (value < steps) return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - 1 - step_bits;
    return (shift + 1) * steps + ((value >> shift) - steps);
  }
  static constexpr std::uint64_t last_of(std::size_t slot) noexcept {
    if (slot < steps) return slot;
    const auto shift = slot / steps - 1;
    return (((slot % steps) + steps) << shift) + ((std::uint64_t{1} << shift) - 1);
  }

  std::array<std::uint64_t, slots> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace bank
