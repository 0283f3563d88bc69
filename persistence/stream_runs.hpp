#pragma once
/// Events by stream, in memory: which positions the newest versions of each stream have.

#include <string>
#include <string_view>
#include <vector>

#include "fasti/detail/fetch.hpp"
#include "fasti/ids.hpp"

namespace fasti::persistence {

/// A stream's name with its hash, which is made once: where a commit is handed over.
struct stream_name {
  std::string_view text;
  std::uint64_t hash = 0;

  [[nodiscard]] static stream_name of(std::string_view text) noexcept;
};

/// Not thread-safe. An event costs no allocation of its own: extents of all streams lie one behind
/// the other, each knows the one before it in its stream.
class stream_runs {
 public:
  /// The events of one stream, from a version on.
  struct run {
    std::uint64_t hash = 0;
    version first{};
    std::uint64_t events = 0;
    std::size_t name_at = 0;
    std::uint32_t name_bytes = 0;
    std::uint32_t newest = 0;  // extent + 1
    [[nodiscard]] version last() const noexcept { return version{count_of(first) + events - 1}; }
  };

  /// Null when it has none of the stream.
  [[nodiscard]] const run* find(const stream_name& stream) const noexcept;
  /// Adds the `events` of a stream behind version `before`, at positions `first`, `first`+1, …
  /// Precondition: `before` is the stream's last one, and `first` is behind all others.
  void add(const stream_name& stream, version before, position first, std::uint32_t events);
  /// Empty again. It keeps its room, and what it takes from the system to fill that a second time.
  void clear() noexcept;
  /// Precondition: it lies between two commits.
  void forget_after(position last);
  /// Appends the positions of the versions `from`..`to` as far as the run has them, in order.
  void positions(const run& of, version from, version to, std::vector<position>& out) const;
  /// `find` of it will come soon.
  void expect(std::uint64_t hash) const noexcept {
    if (!slots_.empty()) fasti::detail::fetch_to_read(&slots_[hash & (slots_.size() - 1)]);
  }

  /// The positions of all runs, one run behind the other; each has as many as it has events.
  [[nodiscard]] std::vector<position> all_positions() const;

  [[nodiscard]] std::uint64_t events() const noexcept { return events_; }
  /// A run may have lost all its events.
  [[nodiscard]] const std::vector<run>& all() const noexcept { return runs_; }
  [[nodiscard]] std::string_view name_of(const run& r) const noexcept {
    return std::string_view(names_).substr(r.name_at, r.name_bytes);
  }

 private:
  struct extent {
    position first{};
    std::uint32_t events = 0;
    std::uint32_t run = 0;
    std::uint32_t before = 0;  // extent + 1, of the same stream
  };
  struct slot {
    std::uint32_t tag = 0;
    std::uint32_t at = 0;  // run + 1; 0: empty
  };

  [[nodiscard]] std::uint32_t place_of(const stream_name& stream) const noexcept;
  void grow();

  std::vector<slot> slots_;  // a power of two, at most half full
  std::vector<run> runs_;
  std::vector<extent> extents_;
  std::string names_;
  std::uint64_t events_ = 0;
};

}  // namespace fasti::persistence
