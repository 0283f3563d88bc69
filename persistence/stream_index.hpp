#pragma once
/// Which events a stream has: derived from the journal's blocks, so that losing it costs time and
/// never data. The newest events are indexed in memory; when there are enough of them they are
/// written, sorted, to a LevelDB of their own in the background, with a watermark. After a crash
/// the journal's tail behind the watermark is indexed again.
///
/// Keys (numbers big endian, so that they sort):
///
///     'm'                                   → journal id, 16 bytes: a foreign index is rebuilt
///     'w'                                   → watermark, 8 bytes: events up to here are indexed
///     'h' stream                            → version of the stream's last event up to there
///     'r' length(u16) stream version        → a run: the positions of the events from that
///                                             version on, each 8 bytes
///     'c' position                          → commits of the window of command ids, see
///                                             `saved_commands.hpp`
///
/// A run's key depends on the watermark it began at and on the stream only, so a flush that a crash
/// cut short is overwritten by the one that repeats it.

#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "fasti/journal.hpp"
#include "fasti/options.hpp"
#include "persistence/database.hpp"
#include "persistence/saved_commands.hpp"

namespace fasti::persistence {

class stream_index {
 public:
  /// Opens `path`, and makes it anew when it is missing, damaged or of another journal.
  [[nodiscard]] static result<std::unique_ptr<stream_index>> open(disk& on, const std::string& path,
                                                                  unique_id journal,
                                                                  const log_sink& log,
                                                                  const journal_limits& limits,
                                                                  std::size_t events_in_memory);
  ~stream_index();

  /// Events up to here need not be added at open.
  [[nodiscard]] position watermark() const noexcept { return watermark_at_open_; }

  /// The window of command ids up to the watermark, as it was saved; nothing when it is not all
  /// there. `time` is that of the newest event. Before anything is added.
  [[nodiscard]] result<std::optional<command_window>> saved_window(timestamp time);

  /// Newest version of a stream, with everything that was added.
  [[nodiscard]] result<version> version_of(std::string_view stream) const;
  /// Adds the next `events` of a stream, at positions `first`, `first`+1, … Returns the version of
  /// the first one. Errors: `conflict` when the stream is not at `expected`; nothing is added then.
  [[nodiscard]] result<version> add(const stream_id& stream, expected_version expected,
                                    position first, std::uint32_t events);
  /// Takes back what was added behind `last`. Precondition: no `on_durable` knew of it.
  void forget_after(position last);
  /// A commit that is durable, for the saved window. In the order of positions; the first one
  /// follows the watermark, or is the oldest of the window when that was not all saved.
  void add_command(command_id id, std::uint64_t fingerprint, const committed& outcome) {
    commands_.add(id, fingerprint, outcome);
  }
  /// All events up to `durable` have been added and are durable: flush if there are many.
  void on_durable(position durable);
  /// Positions of the versions `from`..`to` that were added, in order.
  [[nodiscard]] result<std::vector<position>> positions(std::string_view stream, version from,
                                                        version to) const;
  /// Waits for a flush at work, and writes the rest: the next open has nothing to do.
  [[nodiscard]] result<void> flush_all(position durable);
  [[nodiscard]] std::uint64_t bytes_on_disk() const { return db_->bytes_on_disk(); }

 private:
  /// The events of one stream that are not in the database, from a version on.
  struct run {
    version first{};
    std::vector<position> positions;
    [[nodiscard]] version last() const noexcept {
      return version{count_of(first) + positions.size() - 1};
    }
  };
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const noexcept {
      return std::hash<std::string_view>{}(s);
    }
  };
  struct generation {
    std::unordered_map<std::string, run, text_hash, std::equal_to<>> runs;
    std::size_t events = 0;
    packed_commands commands;  // set when it is to be flushed
  };

  stream_index(std::unique_ptr<database> db, position watermark, const journal_limits& limits,
               std::size_t events_in_memory);
  [[nodiscard]] result<void> write(const generation& g, position watermark);
  [[nodiscard]] result<version> version_in_database(std::string_view stream) const;
  [[nodiscard]] result<void> positions_in_database(std::string_view stream, version from,
                                                   version to, std::vector<position>& out) const;
  [[nodiscard]] std::shared_ptr<const generation> take_active();
  void work();

  const std::unique_ptr<database> db_;
  const position watermark_at_open_;
  const journal_limits limits_;
  const std::size_t events_in_memory_;

  packed_commands commands_;  // since the last flush; of the thread that adds
  saved_commands saved_;      // of the flushing thread, when it has begun

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Protected by mutex_:
  generation active_;
  std::shared_ptr<const generation> flushing_;  // being written; null when none is
  position flushing_up_to_{};
  bool stopped_ = false;
  std::optional<error> failed_;

  std::thread thread_;
};

}  // namespace fasti::persistence
