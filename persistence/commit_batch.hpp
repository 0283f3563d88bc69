#pragma once
/// Commits that wait for the disk. Each lies there as it will lie in a block, written by whoever
/// handed it over, so that the writer copies bytes and follows no pointers, and what the caller
/// allocated is freed where it was made.

#include <chrono>
#include <memory>
#include <vector>

#include "fasti/detail/fetch.hpp"
#include "fasti/journal.hpp"
#include "persistence/block_store.hpp"
#include "persistence/blocks.hpp"
#include "persistence/stream_runs.hpp"

namespace fasti::persistence {

struct waiting_part {
  std::uint64_t hash = 0;  // of the stream's name
  expected_version expected = expected_version::any();
};

/// Null: none, as a rule.
using shared_guards = std::shared_ptr<const std::vector<commit::guard>>;

struct waiting_commit {
  command_id id;
  std::uint64_t fingerprint = 0;
  std::shared_ptr<commit_session> session;
  std::unique_ptr<commit_observer> observer;
  commit_draft draft;          // its bytes are in the batch's `words`
  std::size_t first_word = 0;  // …
  std::size_t first_part = 0;  // in the batch's `parts`
  shared_guards guards;
  committed outcome;  // unless it failed
  std::unique_ptr<error> failed;

  [[nodiscard]] bool is_barrier() const noexcept { return draft.events == 0; }
  void settle(result<committed> with) {
    if (with) {
      outcome = *with;
    } else {
      failed = std::make_unique<error>(std::move(with).error());
    }
  }
};

/// What one group commit takes at most. Reused: its vectors keep their room.
struct commit_batch {
  std::vector<waiting_commit> commits;
  std::vector<waiting_part> parts;
  std::vector<word> words;
  std::chrono::steady_clock::time_point since;  // its first commit was handed over

  [[nodiscard]] std::span<const word> words_of(const waiting_commit& w) const {
    return std::span(words).subspan(w.first_word, w.draft.words);
  }
  /// Who goes through the commits is at this one: asks for the memory of one some places behind it,
  /// which another processor wrote.
  void fetch_ahead_of(std::size_t nth) const noexcept {
    constexpr std::size_t ahead = 16;
    if (nth + ahead >= commits.size()) return;
    fasti::detail::fetch(&commits[nth + ahead], sizeof(waiting_commit));
  }
  /// What it takes of `journal_limits::batch_bytes_max`.
  [[nodiscard]] std::size_t bytes() const noexcept { return words.size() * word_bytes; }
};

/// What one sync makes durable.
struct commit_group {
  std::vector<std::unique_ptr<commit_batch>> batches;
  block_batch blocks;
  position end{};  // of the last event in its blocks

  [[nodiscard]] bool is_empty() const noexcept { return batches.empty(); }
  [[nodiscard]] std::size_t bytes() const noexcept {
    std::size_t sum = 0;
    for (const auto& b : batches) sum += b->bytes();
    return sum;
  }
};

/// A commit on its way into a batch.
class drafter {
 public:
  /// Writes `c` down; nothing of it is taken.
  void write(const commit& c);
  /// Copies what was written behind the batch's last commit.
  waiting_commit& add_to(commit_batch& batch) const;

 private:
  command_id id_;
  std::uint64_t fingerprint_ = 0;
  shared_guards guards_;
  commit_draft draft_;
  std::vector<word> words_;
  std::vector<waiting_part> parts_;
};

}  // namespace fasti::persistence
