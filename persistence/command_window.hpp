#pragma once
/// The newest command ids with their outcomes (P8). Bounded in number and in age: the oldest
/// leaves.

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "fasti/journal.hpp"
#include "fasti/options.hpp"
#include "persistence/place_table.hpp"

namespace fasti::persistence {

/// At `now`, commands of before this moment are not remembered any more.
[[nodiscard]] timestamp oldest_remembered(timestamp now, std::chrono::hours age_max);

/// Not thread-safe. A ring of records and a table that finds them: for an id that is not there, one
/// cache miss. Memory follows what is in there, and nothing of it is ever copied at once: who adds
/// never waits.
class command_window {
 public:
  explicit command_window(const journal_limits& limits)
      : ids_max_(limits.command_ids_max),
        age_max_(limits.command_ids_age_max),
        places_(limits.command_ids_max) {}

  [[nodiscard]] std::optional<command_record> find(command_id id) const;
  /// Precondition: it is not in there, and its events are behind all others'.
  void add(command_id id, const command_record& record);
  /// Takes back the commands whose events lie behind `last`: they were not stored in the end.
  void forget_after(position last);
  /// Lets go what is too old at `now`, which never goes back.
  void forget_old(timestamp now);
  /// `find` and `add` of this id will come soon.
  void expect(command_id id) const noexcept { places_.expect(tag_of(id)); }
  /// So many will be added.
  void reserve(std::size_t ids) { places_.reserve(std::min(ids, ids_max_)); }

 private:
  /// No initialisers: pages are touched when they are needed.
  struct record {
    std::uint64_t id_high, id_low;
    std::uint64_t fingerprint;
    position first;
    fasti::version version;
    timestamp::rep time;
    std::uint32_t events;
    std::uint32_t tag;
  };
  static constexpr std::size_t records_per_block = 4096;

  [[nodiscard]] static std::uint32_t tag_of(command_id id) noexcept;
  [[nodiscard]] std::size_t place_of(std::size_t nth) const noexcept {
    const auto place = oldest_ + nth;
    return place < ids_max_ ? place : place - ids_max_;
  }
  [[nodiscard]] static std::size_t block_of(std::size_t place) noexcept {
    return place / records_per_block;
  }
  [[nodiscard]] record& at(std::size_t place) const noexcept {
    return blocks_[block_of(place)][place % records_per_block];
  }
  void forget_oldest();

  std::size_t ids_max_;
  std::chrono::hours age_max_;
  /// The ring: `ids_max_` places. A block without a record is not there.
  std::vector<std::unique_ptr<record[]>> blocks_;
  std::size_t oldest_ = 0;  // its place
  std::size_t count_ = 0;
  place_table places_;
};

}  // namespace fasti::persistence
