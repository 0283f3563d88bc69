#pragma once
/// Every knob and every limit, with what happens at it. Defaults are meant to be left alone.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "fasti/conditions.hpp"
#include "fasti/ids.hpp"

namespace fasti {

/// What `open` does when there is no journal at the path. Creating one is explicit, so that a
/// mistyped path cannot look like an empty bank. A directory that has files in it, but no journal,
/// is refused in either case.
enum class when_missing : std::uint8_t { refuse, create };

/// Where events go. `memory` is the reference model: same behaviour, nothing survives the process.
enum class storage : std::uint8_t { leveldb, memory };

/// What "committed" is worth.
enum class durability : std::uint8_t {
  synced,  ///< On the disk before anybody is told (P1).
  /// Written before anybody is told, and synced soon after. A kill of the process loses nothing; a
  /// power cut may take the newest commits, told or not, from the end only (P5). Said in the log
  /// when the journal is opened.
  relaxed
};

/// Limits of a journal. Over a size: the append is refused with `invalid`, nothing is stored.
struct journal_limits {
  std::size_t event_bytes_max = 1U << 20;
  std::size_t commit_bytes_max = 8U << 20;
  std::size_t commit_events_max = 4096;
  std::size_t metadata_bytes_max = 4096;
  std::size_t tag_bytes_max = 1024;  ///< All tags of one event, with a byte behind each.
  /// Commits handed over and not yet settled; at it `append` refuses with "queue-full".
  std::size_t queue_commits_max = 1U << 17;
  /// One group commit takes at most so many bytes; the rest waits for the next sync.
  std::size_t batch_bytes_max = 4U << 20;
  /// The window of P8: so many newest command ids are remembered, in memory and over a restart …
  std::size_t command_ids_max = 1'000'000;
  /// … and none for longer than this, by the journal's clock: an id that is used again after it is
  /// a new command.
  std::chrono::hours command_ids_age_max{7 * 24};
  /// Newest events that are kept decoded-ready in memory for the bus, in bytes.
  std::size_t recent_bytes_max = 32U << 20;
};

/// The time of day. Deciders never see it but through the command's context.
using clock_source = std::function<timestamp()>;
[[nodiscard]] timestamp system_now() noexcept;

enum class log_level : std::uint8_t { debug, info, warning, error };
/// Called from any thread, one line, no payloads in it. Must be quick.
using log_sink = std::function<void(log_level, std::string_view)>;
/// What stands for an empty one: warnings and errors, a line each.
void log_to_stderr(log_level level, std::string_view line);

struct runtime_options {
  std::string path = {};  ///< The journal's directory. Not used by `storage::memory`.
  fasti::when_missing when_missing = fasti::when_missing::refuse;
  fasti::storage storage = fasti::storage::leveldb;

  fasti::durability durability = fasti::durability::synced;
  /// The longest that a commit waits for its sync when durability is relaxed.
  std::chrono::milliseconds relaxed_sync_interval{10};

  // -- behaviour ---------------------------------------------------------------------------------
  /// A snapshot is saved each time a stream has grown by so many events; 0 = not for that. (And
  /// when the decider's `wants_snapshot`, if it has one, says so.)
  std::uint64_t snapshot_every_events = 100;
  /// … or when the events since the last one have so many bytes; 0 = not for that.
  std::uint64_t snapshot_every_bytes = 0;
  /// So many newest snapshots of a stream stay; at least 1. If one is damaged, the next older one
  /// serves.
  std::size_t snapshots_kept = 2;
  /// An aggregate without commands for so long leaves memory; the next command brings it back.
  std::chrono::milliseconds idle_timeout = std::chrono::minutes{2};
  /// Limit for `close`: who is left after it is named in the log.
  std::chrono::milliseconds shutdown_timeout = std::chrono::seconds{30};

  // -- limits ------------------------------------------------------------------------------------
  /// Commands sent and not yet answered, in all; at it `send` answers "node-busy" (unavailable).
  std::size_t commands_in_flight_max = 1U << 16;
  /// … and for one aggregate; at it `send` answers "queue-full" (unavailable) (P6).
  std::size_t aggregate_queue_max = 1U << 13;
  /// Aggregates in memory; over it the longest idle ones leave first.
  std::size_t aggregates_max = 200'000;
  /// So many times a command is decided anew when somebody else was faster to write to its stream;
  /// then it is told `conflict`.
  unsigned conflict_retries_max = 8;
  /// Queries waiting at one view, for their turn or for a position; at it: "queue-full".
  std::size_t queries_waiting_max = 4096;
  /// Events folded in one step of a projection, written with one checkpoint; less near the head.
  std::size_t projection_batch_events = 4096;
  /// Of the rows of each view, so much stays in memory from one step to the next; at it half goes.
  std::size_t view_bytes_kept_max = 8U << 20;
  journal_limits journal = {};

  // -- performance -------------------------------------------------------------------------------
  /// Who decides. 0: one for each core, at least 2. As a rule one fewer than there are cores work
  /// (the journal wants one); the others help when turns take long. Not for `open_on`
  /// (`fasti/caf.hpp`).
  std::size_t worker_threads = 0;
  std::size_t reader_threads = 2;  ///< Blocking reads: recovery of aggregates, folding of views.

  // -- rights ------------------------------------------------------------------------------------
  /// Asked, on the sender's thread, before a command or a query is taken in; its error is what the
  /// sender gets: `rejected`, with a reason of yours, as a rule. Must not block. Empty: all may.
  std::function<result<void>(const access_request&)> authorise = {};

  // -- surroundings ------------------------------------------------------------------------------
  clock_source clock = system_now;
  log_sink log = {};  ///< Empty: warnings and errors go to stderr.
};

}  // namespace fasti
