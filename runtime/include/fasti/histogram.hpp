#pragma once
/// How often values of which size came: a range for each power of two, so that counting one costs a
/// few instructions and the whole fits into a few cache lines. For figures of `stats()`; who wants
/// a quantile to a few percent keeps finer steps of his own.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace fasti {

/// A value; copying it is cheap. Not safe to record from two threads at once.
struct histogram {
  static constexpr std::size_t ranges = 33;

  /// `counts[k]`: above 2^(k-1), up to 2^k. The first holds 0 and 1, the last all that is larger.
  std::array<std::uint64_t, ranges> counts{};
  std::uint64_t sum = 0;  ///< Of all values.

  [[nodiscard]] static constexpr std::size_t range_of(std::uint64_t value) noexcept {
    if (value <= 1) return 0;
    const auto range = static_cast<std::size_t>(std::bit_width(value - 1));
    return range < ranges ? range : ranges - 1;
  }
  /// The largest value of a range; the last range has none.
  [[nodiscard]] static constexpr std::uint64_t last_of(std::size_t range) noexcept {
    return std::uint64_t{1} << range;
  }

  constexpr void record(std::uint64_t value, std::uint64_t times = 1) noexcept {
    counts[range_of(value)] += times;
    sum += value * times;
  }
  [[nodiscard]] constexpr std::uint64_t count() const noexcept {
    std::uint64_t all = 0;
    for (const auto n : counts) all += n;
    return all;
  }

  friend bool operator==(const histogram&, const histogram&) = default;
};

}  // namespace fasti
