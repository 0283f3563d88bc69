#pragma once
/// One history, lived through: commands go to a decider, and what comes of them is held against
/// what the runtime relies on and against the user's invariants. Nothing is drawn here.

#include "runtime/testing/draw.hpp"

namespace fasti::testing::detail {

/// What happens next: a command, or the state goes into a snapshot and comes back from it.
struct step {
  static constexpr std::size_t snapshot = ~std::size_t{0};
  std::size_t command = snapshot;  ///< Which of the plan's.
  std::uint64_t pause_s = 0;       ///< The clock goes on by this first.
  std::vector<draw> drawn = {};    ///< What the dice gave for its fields.
};
using history_steps = std::vector<step>;

/// The words of a command. What the dice are asked for beyond `drawn` is drawn from `fresh`, or is
/// the simplest there is. Throws what `filling` throws.
[[nodiscard]] std::vector<word> words_of(const generated_command& command, std::vector<draw>& drawn,
                                         source* fresh);

/// What does not hold.
struct finding {
  std::string what;    ///< In the same words for the same kind of finding.
  std::string detail;  ///< What an exception said, and such.
};

class lived {
 public:
  /// `plan` outlives it.
  explicit lived(const histories_plan& plan) : plan_(plan) {}

  /// From the beginning; ends at the first finding.
  std::optional<finding> run(const history_steps& steps);
  /// The parts of `run`, for who draws the history meanwhile; they throw the finding.
  void begin();
  void live(const step& s);
  /// Shows the events and the reply of the newest command, and the state now.
  void show(source& to) const;

  /// Adds what came of the commands of the last run.
  void count(histories_report& into) const;
  /// The last run for people: each command and what came of it, as far as it went.
  [[nodiscard]] std::string told() const;

 private:
  struct outcome {
    decision made = accept();
    commit emitted;
  };
  struct entry {
    std::size_t command;
    std::uint64_t pause_s;
    command_context at;
    std::vector<word> words = {};
    std::optional<outcome> came = std::nullopt;       // nothing: it threw, or it is a snapshot
    std::optional<outcome> otherwise = std::nullopt;  // what came when it was asked again
  };
  using state_ptr = std::unique_ptr<fasti::detail::aggregate_state>;

  [[nodiscard]] state_ptr beginning() const;
  void send(const step& s);
  void take_snapshot();
  [[nodiscard]] outcome decided_by(const fasti::detail::aggregate_state& state, const entry& e);
  void evolve(fasti::detail::aggregate_state& state, type_id type, body_view body) const;
  void evolve_all(fasti::detail::aggregate_state& state, const outcome& came) const;
  [[nodiscard]] std::vector<word> saved_by(const fasti::detail::aggregate_state& state) const;
  void check_invariants() const;
  void check_a_second_time();
  void check_unknown_event() const;
  static void must_be_same(entry& first, outcome again, const char* what);
  [[nodiscard]] message event_of(type_id type, body_view body, const tag_list& tags) const;
  [[nodiscard]] std::string told(const entry& e) const;
  [[nodiscard]] std::string told(const outcome& came, std::size_t command) const;

  const histories_plan& plan_;
  std::vector<entry> entries_;
  state_ptr state_;
  state_ptr restored_;  // from a snapshot and the events behind it; null before the first
  std::uint64_t version_ = 0;
  std::uint64_t passed_s_ = 0;
  emit out_;
};

}  // namespace fasti::testing::detail
