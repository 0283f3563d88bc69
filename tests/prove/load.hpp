#pragma once
/// Runs of a journal on a disk that is watched: what was done, what was acknowledged when, and what
/// the journal must therefore hold after a cut at any operation.

#include <random>

#include "persistence/leveldb_journal.hpp"
#include "tests/support/fault_disk.hpp"
#include "tests/support/journal_kit.hpp"

namespace fasti::prove {

/// What a run does. The same numbers make the same commits; how they fall into group commits is the
/// scheduler's.
struct load {
  std::uint64_t seed = 1;
  int commits = 12;
  int streams = 3;
  std::uint32_t events_max = 3;
  std::uint32_t words_max = 40;
  int in_flight = 1;       ///< Commits handed over before they are waited for.
  int reopen_every = 0;    ///< Commits; 0: never.
  int truncate_every = 0;  ///< Commits, then a stream is truncated; 0: never.
  bool relaxed = false;    ///< Then nothing that was acknowledged is owed, only the order.
  std::size_t log_bytes = 64U << 10;
  std::size_t index_events_in_memory = 8;

  [[nodiscard]] std::string to_string() const;
};
/// One of any kind.
[[nodiscard]] load random_load(std::mt19937_64& random);

inline constexpr auto journal_path = "/journal";
[[nodiscard]] result<std::unique_ptr<journal>> open_on(persistence::disk& on, const load& l,
                                                       std::vector<std::string>* log = nullptr);

/// What became of a commit that was handed over, and how many operations the disk had done when it
/// was told.
struct told {
  command_id id;
  std::size_t operations = 0;
  result<committed> outcome = error{errc::unknown, "not-told", ""};
  bool must_conflict = false;  ///< It expects a version that the stream does not have.
};

/// A head that the journal showed when the disk had done so many operations.
struct shown {
  std::size_t operations = 0;
  position head{};
};

/// A truncation that was asked for. Its base says up to which version.
struct asked_truncation {
  std::string stream;
  version up_to{};
  std::optional<std::size_t> done;  ///< Operations of the disk when it said that it was done.
};

struct recorded_run {
  load made_by;
  std::vector<test::disk_op> history;
  std::vector<told> commits;  ///< In the order of hand-over.
  std::vector<shown> heads;
  std::vector<test::kept_event> events;  ///< All of them, by position, as they were written.
  std::vector<asked_truncation> truncations;
  bool disk_lied = false;  ///< Then only the order is owed.
  std::string went_wrong;  ///< Empty: nothing did.
};
/// Plays the load on an empty disk. `judge` may make operations fail.
[[nodiscard]] recorded_run play(const load& l, test::fault_disk& on);

/// What is wrong with a journal that was opened after a cut (or a fault) when `operations` of
/// `run` had been done; empty: nothing is. Appends to it, and opens it again when `twice`.
[[nodiscard]] std::string check_left(const recorded_run& run, std::size_t operations,
                                     test::fault_disk& left, bool twice);

}  // namespace fasti::prove
