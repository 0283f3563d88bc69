#pragma once
/// The window of command ids as it lies beside the index, so that opening need not read a million
/// commits. Derived from the blocks: what is missing or damaged is read from there. Nothing is
/// synced.
///
/// Each flush of the index adds a file with the commits that came since the one before. It counts
/// when the index's watermark has reached its end. They are files, not entries of the index,
/// because a window moves on: LevelDB would rewrite them some times until it drops them.
///
///     name    := "commands-" first, decimal
///     content := checksum u64 (XXH3-64 of the rest, seed: first), first u64, last u64, commits
///     u64,
///                oldest i64, newest i64, commit*
///     commit  := id high u64, id low u64, fingerprint u64, events varint, version varint,
///                time varint (ns since the commit before; for the first: since `oldest`)
///
/// `first` and `last` are positions, `oldest` and `newest` times in ns since 1970. Numbers are
/// little endian. A commit begins behind the one before it. Files follow each other without a gap;
/// those that the window does not reach any more are removed.

#include <deque>

#include "persistence/command_window.hpp"
#include "persistence/disk.hpp"

namespace fasti::persistence {

/// Commits in a row, packed.
struct packed_commands {
  position first{};
  position last{};
  std::uint64_t commits = 0;
  timestamp oldest;
  timestamp newest;
  std::string bytes;

  /// In the order of positions.
  void add(command_id id, std::uint64_t fingerprint, const committed& outcome);
  /// Of the file, what stands before `bytes`.
  [[nodiscard]] std::string head() const;
};

class saved_commands {
 public:
  /// Their files are in `directory`.
  saved_commands(disk& on, std::string directory, const journal_limits& limits)
      : disk_(on),
        directory_(std::move(directory)),
        ids_max_(limits.command_ids_max),
        age_max_(limits.command_ids_age_max) {}

  /// The window up to `watermark` as far as `time`, that of the newest event, needs it; nothing
  /// when not all of it is there, or cannot be read: then what is there will be replaced. Errors:
  /// the directory cannot be listed.
  [[nodiscard]] result<std::optional<command_window>> load(const journal_limits& limits,
                                                           position watermark, timestamp time);
  /// Before the watermark rises.
  [[nodiscard]] result<void> save(const packed_commands& newer);
  /// When it has risen: removes what is not needed any more, as far as the disk lets it.
  void sweep();

 private:
  struct run {
    position first{};
    std::uint64_t commits = 0;
    timestamp newest;
  };
  [[nodiscard]] std::string path_of(position first) const;

  disk& disk_;
  const std::string directory_;
  const std::size_t ids_max_;
  const std::chrono::hours age_max_;
  std::deque<run> kept_;  // without a gap
  std::uint64_t commits_kept_ = 0;
  std::vector<position> useless_;
};

}  // namespace fasti::persistence
