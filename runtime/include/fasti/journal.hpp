#pragma once
/// The journal: the durable append-only store of all streams, and the only truth. This is the seam
/// between actors and storage; `tests/contracts/` holds every case that an implementation must
/// pass. One journal belongs to one process (P7); it is safe to call from any thread.

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

#include "fasti/event.hpp"
#include "fasti/histogram.hpp"
#include "fasti/stores.hpp"

namespace fasti {

/// Told once what became of a commit. Called on a thread of the journal's (or, handed over in
/// person, the caller's), one call at a time, in the order in which commits were handed over; must
/// be quick, must not block, must not throw. Callbacks may call `append`.
class commit_observer {
 public:
  virtual ~commit_observer() = default;
  virtual void on_outcome(result<committed> outcome) noexcept = 0;
  /// It is told within a microsecond: the moment to fetch memory that it needs then, and nothing
  /// else. Not always called.
  virtual void on_outcome_soon() const noexcept {}
};

/// A chain of commits in which each was decided on the state that the ones before it left, though
/// those may still be on their way to the disk. If one of them is not stored, the session is broken
/// and every later one fails as well, with `conflict`: none of them can rest on a state that never
/// was. Shared by an aggregate and the journal's writer.
class commit_session {
 public:
  [[nodiscard]] bool is_broken() const noexcept { return broken_.load(std::memory_order_acquire); }
  void break_off() noexcept { broken_.store(true, std::memory_order_release); }

 private:
  std::atomic<bool> broken_{false};
};

/// Order of hand-over to the writer: 1, 2, 3 … ; `durable_ticket()` tells how far the disk is.
enum class ticket : std::uint64_t {};

/// What the journal remembers of a command, within its window (`journal_limits::command_ids_max`,
/// `command_ids_age_max`).
struct command_record {
  std::uint64_t fingerprint = 0;
  committed outcome;
};

enum class visit : std::uint8_t { more, stop };
/// Called for each event. Must not call back into the journal's `close`.
using event_visitor = std::function<visit(const recorded_event&)>;

/// Versions `from`..`to`, both included, of one stream; at most `events_max` of them.
struct stream_range {
  version from{1};
  version to = latest_version;
  std::uint64_t events_max = std::numeric_limits<std::uint64_t>::max();
  direction order = direction::forwards;
};

/// Events after a position. Empty lists mean "all".
struct journal_range {
  position after{};  ///< Exclusive: hand over the checkpoint as it is.
  position to{std::numeric_limits<std::uint64_t>::max()};
  std::uint64_t events_max = std::numeric_limits<std::uint64_t>::max();
  std::vector<std::string> categories = {};
  std::vector<type_id> types = {};
  std::vector<std::string> tags = {};  ///< An event has to have one of them.
};

/// The oldest events of a stream, taken away for good. `runtime::truncate` makes one and checks
/// what can be checked.
struct truncation {
  stream_id stream;
  version up_to{};  ///< Versions 1 to this one lose their bodies.
  snapshot base;    ///< What the stream begins with then: its state at `up_to` or later.
  std::string reason;
  position said_at{};  ///< Of the event that says so; given by the journal …
  timestamp time;      ///< … as is its time.
};

/// Figures of a journal, for people; a consistent moment is not promised.
struct journal_stats {
  position head{};
  std::uint64_t streams = 0;  ///< 0 when the journal does not count them.
  std::uint64_t bytes_on_disk = 0;
  std::uint64_t syncs = 0;          ///< Since open.
  std::uint64_t commits = 0;        ///< Since open.
  std::uint64_t placed_ahead = 0;   ///< Since open: prepared while earlier ones were synced.
  std::uint64_t logical_bytes = 0;  ///< Bodies and headers handed over since open.
  std::uint64_t recoveries = 0;     ///< Storage errors since open after which it went on.
  std::chrono::nanoseconds open_duration{};
  std::uint64_t events_reindexed_at_open = 0;
  std::uint64_t commits_waiting = 0;  ///< Handed over, without an outcome yet.
  std::optional<error> failure;       ///< Why nothing can be appended now, if so.

  // Since open; empty when the journal does not count them, as that in memory.
  /// From handing a commit over to its being committed, in microseconds. One look at the clock
  /// serves a batch: each of its commits counts with the wait of the one that came first.
  histogram append_us;
  histogram batch_commits;  ///< What became durable with one sync: commits, …
  histogram batch_events;   ///< … events, …
  histogram batch_bytes;    ///< … bytes of their blocks.
};

/// What an archive of a journal holds; see `fasti/backup.hpp`.
struct archive_summary {
  unique_id journal;
  position after{};  ///< The first event is the one behind it.
  position last{};
  std::uint64_t events = 0;
  std::uint64_t commits = 0;
  std::uint64_t bytes = 0;
};
/// Takes bytes in order. An error ends whatever hands them over, and comes back from it.
using byte_sink = std::function<result<void>(std::string_view bytes)>;

class journal {
 public:
  virtual ~journal() = default;

  /// Names this journal for ever; checkpoints and snapshots carry it.
  [[nodiscard]] virtual unique_id id() const noexcept = 0;

  /// Hands a commit to the writer and returns at once. The outcome goes to `observer`, once:
  /// `committed` only when it is durable (P1), `conflict` or `invalid` when it is certainly not
  /// stored, `unknown` when storage failed under it.
  ///
  /// A command id that had its effect within the window gives its first outcome and stores nothing;
  /// with another fingerprint it is `invalid` ("command-id-reused"). A fresh commit of a session
  /// that turns out to be a repeat breaks the session.
  ///
  /// Refused at once — arguments untouched, observer not called — with `unavailable`
  /// ("queue-full"), `closed`, or `invalid` for what is over a limit or malformed.
  [[nodiscard]] virtual result<ticket> append(commit&& c, std::shared_ptr<commit_session> session,
                                              std::unique_ptr<commit_observer>&& observer) = 0;

  /// `append` for a caller that is going to wait: its own thread may do what the journal's would,
  /// if nothing else is under way, and then the outcome is there when this returns. Two threads
  /// less are woken: some 15 us a commit.
  [[nodiscard]] virtual result<ticket> append_in_person(
      commit&& c, std::shared_ptr<commit_session> session,
      std::unique_ptr<commit_observer>&& observer) {
    return append(std::move(c), std::move(session), std::move(observer));
  }

  /// Everything up to this ticket has its outcome.
  [[nodiscard]] virtual ticket settled_ticket() const noexcept = 0;

  /// Position of the newest durable event; `no_position` when empty.
  [[nodiscard]] virtual position head() const noexcept = 0;

  /// Version of a stream as far as it is durable; `no_version` when there is none.
  [[nodiscard]] virtual result<version> stream_version(const stream_id& stream) const = 0;

  /// What a command led to, if it is durable and within the window.
  [[nodiscard]] virtual std::optional<command_record> find_command(command_id id) const = 0;

  /// What the command answered whose event is at `at`; nothing when it declared no reply. Errors:
  /// `invalid` ("no-such-position"), `corrupt`.
  [[nodiscard]] virtual result<command_reply> read_reply(position at) const = 0;

  /// Reads one stream. Returns the stream's durable version (also past the range).
  [[nodiscard]] virtual result<version> read_stream(const stream_id& stream,
                                                    const stream_range& range,
                                                    const event_visitor& visitor) const = 0;

  /// Reads the global order. Returns the last position looked at, so that a reader with a filter
  /// can go on behind what cannot match.
  [[nodiscard]] virtual result<position> read(const journal_range& range,
                                              const event_visitor& visitor) const = 0;

  /// Position of the last event written before `time`; `no_position` if none.
  [[nodiscard]] virtual result<position> position_before(timestamp time) const = 0;

  /// Takes the oldest events of a stream away: their bodies, not their places. They are given out
  /// with an empty body and `truncated_by`, so that nobody takes a beginning for the whole. One
  /// event in the stream `fasti-truncations` says so and keeps the base. Durable when it returns,
  /// the space is given back later; blocks, and costs a rewrite of each block that holds one of the
  /// events. Doing it again finishes what was cut short. Errors: `invalid`
  /// ("malformed-truncation") when the versions do not fit or the base is over the limit of an
  /// event, `corrupt`, those of an append.
  [[nodiscard]] virtual result<truncation> truncate(truncation t) = 0;

  /// What a stream begins with, if it was truncated.
  [[nodiscard]] virtual result<std::optional<truncation>> truncation_of(
      const stream_id& stream) const = 0;

  /// Hands out everything behind `after`, up to the head at this moment, as one archive. It begins
  /// earlier when `after` is not the end of a backup. Errors: `invalid` ("no-archive") when the
  /// journal keeps nothing beyond the process, `corrupt`, what `out` said.
  [[nodiscard]] virtual result<archive_summary> write_archive(position after,
                                                              const byte_sink& out) const = 0;

  /// `callback(head)` after each rise of the head, on a thread of the journal's, before the
  /// outcomes of that rise are handed out. One subscriber: the bus. Replaces an earlier one; an
  /// empty one ends it and returns only after the last call has ended.
  virtual void on_head(std::function<void(position)> callback) = 0;

  [[nodiscard]] virtual journal_stats stats() const = 0;

  /// Why nothing can be appended now, if so. After a storage error nothing is acknowledged until
  /// the storage was opened anew and checked (P11); that is tried again and again, and while it
  /// does not succeed `append` refuses with `unavailable` ("journal-stopped"). Reading goes on.
  [[nodiscard]] virtual std::optional<error> failure() const = 0;

  /// Refuses new commits and settles those handed over. Idempotent. Returns what went wrong, if
  /// anything did. The files are released when the object goes.
  virtual result<void> close() = 0;
};

/// The id of a command's event, counted from 0 in the order of the commit. It follows from the
/// command's id, so it need not be stored, is the same on every read, and leads back to the
/// command.
[[nodiscard]] unique_id event_id_of(command_id command, std::uint32_t ordinal) noexcept;

/// Where the event with this id is; none when there is no such event, or its command is not within
/// the window any more. Costs 65 536 look-ups when it is not there.
[[nodiscard]] std::optional<position> find_event(const journal& j, unique_id event);

/// Appends and waits: for tools and tests. Blocks for one sync or so.
[[nodiscard]] result<committed> append_and_wait(journal& j, commit c);

}  // namespace fasti
