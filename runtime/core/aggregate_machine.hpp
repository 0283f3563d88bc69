#pragma once
/// The life of one aggregate, without threads, actors or I/O: commands and queries come in, effects
/// go out to an `aggregate_world`.
///
///     cold ──first command──▶ loading ──on_loaded──▶ live
///      ▲                         │ failed: the waiting are answered
///      └─────────────────────────┴───── live: state lost (broken session, a throw) ────┘
///
/// cold     nothing in memory. The first command or query asks for a load. After one that met
///          damage they are refused for a while, with its error: longer and longer, up to some
///          seconds.
/// loading  what arrives waits, in order (bounded by the permits of those who sent it, P6).
/// live     each command is decided at once on the newest state, also while the events of earlier
///          ones are still on their way to the disk. What leaves is held until the state that it
///          saw is durable (P2): a commit's reply is told by the journal, a rejection and an answer
///          wait behind a barrier.
///
/// The state and the journal cannot drift apart: commits of one activation form a session, and when
/// one of them is not stored the session is broken, nothing after it is stored either, and the next
/// command finds the flag and loads again.

#include <unordered_map>
#include <vector>

#include "fasti/stores.hpp"
#include "runtime/core/arrival.hpp"
#include "runtime/core/recovery.hpp"

namespace fasti::core {

/// When a load may read: `settled` waits until everything handed to the journal before has its
/// outcome.
enum class load_when : std::uint8_t { now, settled };

/// What an aggregate asks of the world around it.
class aggregate_world {
 public:
  virtual ~aggregate_world() = default;
  /// Must be followed by one `on_loaded`, from outside of this call.
  virtual void load(load_when when) = 0;
  [[nodiscard]] virtual result<ticket> append(commit&& c, std::shared_ptr<commit_session> session,
                                              std::unique_ptr<commit_observer>&& observer) = 0;
  [[nodiscard]] virtual ticket settled_ticket() const = 0;
  [[nodiscard]] virtual position head() const = 0;
  [[nodiscard]] virtual std::optional<command_record> find_command(command_id id) const = 0;
  /// Answers with what was stored with the first outcome; not at once.
  virtual void answer_as_before(std::unique_ptr<incoming_command> command,
                                const committed& first) = 0;
  /// The newest version that somebody was told of who wrote past this aggregate.
  [[nodiscard]] virtual version version_elsewhere() const = 0;
  /// Keeps `s` once everything of `session` is durable; may be skipped, it is a cache.
  virtual void save_snapshot(snapshot&& s, const std::shared_ptr<commit_session>& session) = 0;
  [[nodiscard]] virtual timestamp now() const = 0;
  virtual void log(log_level level, std::string_view line) = 0;
};

/// Hash of what a command is: the same id with another fingerprint is a misuse (P8).
[[nodiscard]] std::uint64_t fingerprint_of(const stream_id& stream, type_id command,
                                           body_view body) noexcept;

/// When a snapshot is due, besides when the decider wants one; 0: not for that.
struct snapshot_rhythm {
  std::uint64_t every_events = 0;
  std::uint64_t every_bytes = 0;
};

class aggregate_machine {
 public:
  enum class phase : std::uint8_t { cold, loading, live };

  /// `decider` and `world` must outlive this.
  aggregate_machine(stream_id stream, const detail::decider_port& decider, aggregate_world& world,
                    const snapshot_rhythm& snapshots);

  /// Something arrives now: fetches the memory of what most arrivals touch.
  void expect_arrival() const noexcept {
    detail::fetch_to_read(session_.get());
    detail::fetch(state_.get());
  }
  void on_arrival(incoming&& arrival);
  void on_loaded(result<recovered_aggregate> loaded);
  /// Answers everything that waits with `why`; the aggregate is cold again.
  void drop(const error& why);

  [[nodiscard]] phase where() const noexcept { return phase_; }
  [[nodiscard]] fasti::version version() const noexcept { return version_; }
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }
  [[nodiscard]] const stream_id& stream() const noexcept { return stream_; }

 private:
  /// For a while nobody tries again.
  struct failed_load {
    error why;
    timestamp at;
    std::chrono::milliseconds pause;
  };
  struct unsettled {
    std::uint64_t fingerprint = 0;
    ticket at{};
    command_reply reply;
  };

  [[nodiscard]] bool is_stale() const;
  void wait(incoming&& arrival, load_when when);
  [[nodiscard]] bool is_to_pause() const;
  void note_failed_load(const error& why);
  void handle(std::unique_ptr<incoming_command> command);
  void handle(std::unique_ptr<incoming_query> query);
  /// True when it was one; then the command is taken.
  bool answer_repeat(std::unique_ptr<incoming_command>& command, std::uint64_t fingerprint);
  void commit_events(std::unique_ptr<incoming_command> command, std::uint64_t fingerprint);
  void remember(command_id id, unsettled what);
  [[nodiscard]] const unsettled* find_unsettled(command_id id) const;
  [[nodiscard]] bool is_snapshot_due() const;
  void take_snapshot();
  void lose_state();

  /// True when nothing that this state rests on is still on its way to the disk.
  [[nodiscard]] bool is_durable() const { return world_.settled_ticket() >= newest_ticket_; }
  /// Answers now, or behind a barrier when the state is newer than the disk (P2).
  template <class Reply, class Answer>
  void answer_when_durable(std::unique_ptr<Reply> reply, Answer answer);

  // Constant after construction.
  const stream_id stream_;
  const detail::decider_port& decider_;
  aggregate_world& world_;
  const snapshot_rhythm snapshots_;

  phase phase_ = phase::cold;
  std::optional<failed_load> failed_;  // the last load, if it did
  std::vector<incoming> waiting_;      // only while loading

  // The activation: only while live.
  std::unique_ptr<detail::aggregate_state> state_;
  std::shared_ptr<commit_session> session_;
  fasti::version version_{};           // with everything handed to the journal
  fasti::version snapshot_version_{};  // of the last snapshot taken or loaded
  std::uint64_t tail_bytes_ = 0;       // of the events since then
  ticket newest_ticket_{};             // of the last commit handed over

  // Commands with an id of their own that are on their way to the disk, and some that were.
  std::unordered_map<command_id, unsettled> unsettled_;
  std::size_t forget_at_ = forget_at_least;  // so many of them, and the settled ones go
  static constexpr std::size_t forget_at_least = 4;
};

}  // namespace fasti::core
