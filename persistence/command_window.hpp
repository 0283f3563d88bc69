#pragma once
/// The newest command ids with their outcomes (P8). Bounded in number and in age: the oldest
/// leaves.

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "fasti/journal.hpp"
#include "fasti/options.hpp"

namespace fasti::persistence {

/// At `now`, commands of before this moment are not remembered any more.
[[nodiscard]] timestamp oldest_remembered(timestamp now, std::chrono::hours age_max);

/// Not thread-safe. A ring of records and an open-addressing table over it: no allocation and, for
/// an id that is not there, one cache miss.
class command_window {
 public:
  explicit command_window(const journal_limits& limits)
      : ids_max_(limits.command_ids_max), age_max_(limits.command_ids_age_max) {}

  [[nodiscard]] std::optional<command_record> find(command_id id) const;
  /// Precondition: it is not in there, and its events are behind all others'.
  void add(command_id id, const command_record& record);
  /// Takes back the commands whose events lie behind `last`: they were not stored in the end.
  void forget_after(position last);
  /// Lets go what is too old at `now`, which never goes back.
  void forget_old(timestamp now);
  /// `find` and `add` of this id will come soon.
  void expect(command_id id) const noexcept {
    if (!slots_.empty()) __builtin_prefetch(&slots_[home_of(tag_of(id))], 1);
  }
  /// Room for so many at once.
  void reserve(std::size_t ids);

 private:
  /// No initialisers: pages of the ring are touched when they are needed.
  struct record {
    std::uint64_t id_high, id_low;
    std::uint64_t fingerprint;
    position first;
    fasti::version version;
    timestamp::rep time;
    std::uint32_t events;
    std::uint32_t tag;
  };
  /// `at` = place in the ring + 1; 0: empty.
  struct slot {
    std::uint32_t tag = 0;
    std::uint32_t at = 0;
  };

  [[nodiscard]] static std::uint32_t tag_of(command_id id) noexcept;
  [[nodiscard]] std::size_t home_of(std::uint32_t tag) const noexcept {
    return tag & (slots_.size() - 1);
  }
  [[nodiscard]] std::size_t place_of(std::size_t nth) const noexcept {
    const auto place = oldest_ + nth;
    return place < places_ ? place : place - places_;
  }
  void link(std::uint32_t tag, std::size_t place);
  void unlink(std::size_t place);
  void forget_oldest();
  void grow_ring(std::size_t places);
  void grow_slots(std::size_t slots);

  std::size_t ids_max_;
  std::chrono::hours age_max_;
  std::unique_ptr<record[]> ring_;
  std::size_t places_ = 0;  // in the ring, at most ids_max_
  std::size_t oldest_ = 0;  // its place
  std::size_t count_ = 0;
  std::vector<slot> slots_;  // a power of two, at most half full
};

}  // namespace fasti::persistence
