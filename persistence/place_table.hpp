#pragma once
/// Finds places by hash: an open-addressing table that grows without a pause. To move a million
/// entries at once takes some 50 ms, and commits would wait for that; here each new entry moves a
/// few of those that are in the table before. (Redis' dictionaries made the idea known.)
///
///     now_      all that was added since it has grown, and those that were moved
///     before_   while they are being moved: all others, and copies of those that were
///     next_     from when `now_` is three quarters as full as it gets: what it will grow into
///
/// The memory is fresh, and a page of it costs microseconds when it is touched for the first time.
/// As places are random all pages would be within moments: so that is done bit by bit before.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>

#include "fasti/detail/fetch.hpp"

namespace fasti::persistence {

/// Not thread-safe. `tag`: a hash of 32 bits; several places may have the same one.
class place_table {
 public:
  /// It never holds more than `entries_max`.
  explicit place_table(std::size_t entries_max)
      : size_max_(std::bit_ceil(std::max<std::size_t>(entries_max * 2, 1))) {}

  /// Precondition: `place` is not in there, and less than 2^32 - 2.
  void add(std::uint32_t tag, std::size_t place);
  /// Precondition: it is in there.
  void remove(std::uint32_t tag, std::size_t place);
  /// The place for which `is(place)` holds, among those with that tag.
  template <class Is>
  [[nodiscard]] std::optional<std::size_t> find(std::uint32_t tag, Is&& is) const {
    auto found = now_.find(tag, is);
    if (!found && !before_.empty()) found = before_.find(tag, is);
    return found;
  }
  /// It will be looked for, or added, soon.
  void expect(std::uint32_t tag) const noexcept {
    if (!now_.empty()) fasti::detail::fetch(&now_[now_.home_of(tag)]);
  }
  /// Room for so many without growing.
  void reserve(std::size_t entries);

 private:
  /// `at` = place + 1; 0: free.
  struct slot {
    std::uint32_t tag;
    std::uint32_t at;
  };
  /// Removed from `before_`, where nothing else moves any more.
  static constexpr std::uint32_t gone = UINT32_MAX;

  static constexpr std::size_t slots_per_page = 4096 / sizeof(slot);

  /// A power of two of them, at most half full.
  class slots {
   public:
    slots() = default;
    explicit slots(std::size_t count);

    [[nodiscard]] bool empty() const noexcept { return !all_; }
    [[nodiscard]] std::size_t size() const noexcept { return empty() ? 0 : mask_ + 1; }
    [[nodiscard]] slot& operator[](std::size_t i) const noexcept { return all_.get()[i]; }
    [[nodiscard]] std::size_t home_of(std::uint32_t tag) const noexcept { return tag & mask_; }
    [[nodiscard]] std::size_t behind(std::size_t i) const noexcept { return (i + 1) & mask_; }
    [[nodiscard]] std::size_t distance(std::size_t from, std::size_t to) const noexcept {
      return (to - from) & mask_;
    }

    template <class Is>
    [[nodiscard]] std::optional<std::size_t> find(std::uint32_t tag, Is&& is) const {
      if (empty()) return std::nullopt;
      for (auto i = home_of(tag); (*this)[i].at != 0; i = behind(i)) {
        const slot& s = (*this)[i];
        if (s.tag == tag && s.at != gone && is(std::size_t{s.at - 1})) return s.at - 1;
      }
      return std::nullopt;
    }
    /// Takes the page of a free one from the system: by writing, as one that was read first would
    /// be taken twice.
    void touch(std::size_t i) const noexcept { static_cast<volatile slot&>((*this)[i]).at = 0; }
    void put(slot s) const;
    /// Where it is; nothing when it is not.
    [[nodiscard]] std::optional<std::size_t> slot_of(std::uint32_t tag, std::size_t place) const;
    /// Those behind it that it had pushed on move up, so that no search ends too soon.
    void close_gap(std::size_t hole) const;

   private:
    struct freed {
      void operator()(slot* s) const noexcept { std::free(s); }
    };
    std::unique_ptr<slot[], freed> all_;
    std::size_t mask_ = 0;
  };

  void grow(std::size_t size);
  void move_some(std::size_t slots_max);
  void prepare_next();

  std::size_t size_max_;
  slots now_;
  slots before_;
  slots next_;
  std::size_t moved_ = 0;    // so many of the slots before
  std::size_t touched_ = 0;  // so many of the next ones
  std::size_t entries_ = 0;
};

}  // namespace fasti::persistence
