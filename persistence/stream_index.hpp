#pragma once
/// Which events a stream has: derived from the journal's blocks, so that losing it costs time and
/// never data. The newest events are indexed in memory; when there are enough of them they are
/// written, sorted, to a LevelDB of their own in the background, with a watermark. After a crash
/// the journal's tail behind the watermark is indexed again.
///
/// Keys (numbers big endian, so that they sort):
///
///     'm'                                   → journal id, 16 bytes, and the number of this
///                                             grammar, 1 byte: any other index is rebuilt
///     'w'                                   → watermark, 8 bytes: events up to here are indexed
///     'h' stream                            → version of the stream's last event up to there
///     'r' length(u16) stream version        → a run: the positions of the events from that
///                                             version on, each a varint: how far it is behind the
///                                             one before it, the first one behind position 0
///
/// Beside them in the directory lies the window of command ids, see `saved_commands.hpp`.
///
/// A run's key depends on the watermark it began at and on the stream only, so a flush that a crash
/// cut short is overwritten by the one that repeats it.

#include <condition_variable>
#include <mutex>

#include "fasti/journal.hpp"
#include "fasti/options.hpp"
#include "persistence/background_thread.hpp"
#include "persistence/database.hpp"
#include "persistence/saved_commands.hpp"
#include "persistence/stream_runs.hpp"

namespace fasti::persistence {

class stream_index {
 public:
  /// Opens `path`, and makes it anew when it is missing, damaged or of another journal.
  [[nodiscard]] static result<std::unique_ptr<stream_index>> open(disk& on, const std::string& path,
                                                                  unique_id journal,
                                                                  const log_sink& log,
                                                                  const journal_limits& limits,
                                                                  std::size_t events_in_memory);

  /// Events up to here need not be added at open.
  [[nodiscard]] position watermark() const noexcept { return watermark_at_open_; }

  /// The window of command ids up to the watermark, as it was saved; nothing when it is not all
  /// there. `time` is that of the newest event. Before anything is added.
  [[nodiscard]] result<std::optional<command_window>> saved_window(timestamp time);

  /// Newest version of a stream, with everything that was added.
  [[nodiscard]] result<version> version_of(std::string_view stream) const;
  /// Adds the next `events` of a stream, at positions `first`, `first`+1, … Errors: `conflict` when
  /// the stream is not at `before`; nothing is added then.
  [[nodiscard]] result<void> add(const stream_name& stream, version before, position first,
                                 std::uint32_t events);

  // -- step by step, for one thread that adds many
  // -------------------------------------------------
  /// What the two below need. Others who read wait meanwhile.
  [[nodiscard]] std::unique_lock<std::mutex> lock() const { return std::unique_lock(mutex_); }
  /// Nothing: ask the database, without the lock.
  [[nodiscard]] std::optional<version> version_in_memory(const stream_name& stream) const noexcept;
  /// Precondition: the stream is at `before`.
  void add_behind(const stream_name& stream, version before, position first, std::uint32_t events) {
    active_.add(stream, before, first, events);
  }
  [[nodiscard]] result<version> version_in_database(std::string_view stream) const;
  void expect(std::uint64_t hash) const noexcept { active_.expect(hash); }

  /// Takes back what was added behind `last`. Precondition: no `on_durable` knew of it.
  void forget_after(position last);
  /// A commit that is durable, for the saved window. In the order of positions; the first one
  /// follows the watermark, or is the oldest of the window when that was not all saved.
  void add_command(command_id id, std::uint64_t fingerprint, const committed& outcome) {
    commands_.add(id, fingerprint, outcome);
  }
  /// There are many: a flush is due, with the next `on_durable`.
  [[nodiscard]] bool wants_flush() const;
  /// All events that have been added are durable, the last is `durable`: flush if there are many.
  void on_durable(position durable);
  /// Positions of the versions `from`..`to` that were added, in order.
  [[nodiscard]] result<std::vector<position>> positions(std::string_view stream, version from,
                                                        version to) const;
  /// Waits for a flush at work, and writes the rest: the next open has nothing to do.
  [[nodiscard]] result<void> flush_all(position durable);
  [[nodiscard]] std::uint64_t bytes_on_disk() const { return db_->bytes_on_disk(); }

 private:
  stream_index(disk& on, std::unique_ptr<database> db, position watermark,
               const journal_limits& limits, std::size_t events_in_memory);
  [[nodiscard]] result<void> write(const stream_runs& g, const packed_commands& commands,
                                   position watermark);
  [[nodiscard]] result<void> positions_in_database(std::string_view stream, version from,
                                                   version to, std::vector<position>& out) const;
  [[nodiscard]] bool is_flush_due() const;
  void start_flush(position durable);
  void flush(packed_commands commands, position up_to);

  const std::unique_ptr<database> db_;
  const position watermark_at_open_;
  const journal_limits limits_;
  const std::size_t events_in_memory_;

  packed_commands commands_;  // since the last flush; of the thread that adds
  saved_commands saved_;      // of the background thread, when it has begun

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Protected by mutex_:
  stream_runs active_;
  std::unique_ptr<stream_runs> flushing_;  // being written; null when none is
  std::unique_ptr<stream_runs> flushed_;   // the last one that was: it knows the versions
  stream_runs spare_runs_;                 // empty, with the room of the one before …
  std::string spare_packed_;               // … and of its commands
  std::optional<error> failed_;

  background_thread background_{"fasti.index"};  // ends before all else goes
};

}  // namespace fasti::persistence
