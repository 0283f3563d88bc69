#include "persistence/commit_batch.hpp"

namespace fasti::persistence {
namespace {

/// What a thread that hands commits over keeps for the next one.
constexpr std::size_t words_kept = 8192;

}  // namespace

void drafter::write(const commit& c) {
  id_ = c.origin.id;
  fingerprint_ = c.fingerprint;
  if (words_.capacity() > words_kept) words_ = {};
  words_.clear();
  parts_.clear();
  guards_ = nullptr;
  draft_ = {};
  if (c.is_barrier()) return;
  draft_ = draft_of(c, words_);
  if (!c.guards.empty()) guards_ = std::make_shared<const std::vector<commit::guard>>(c.guards);
  for (const auto& p : c.parts) {
    parts_.push_back({stream_name::of(p.stream.text()).hash, p.expected});
  }
}

waiting_commit& drafter::add_to(commit_batch& batch) const {
  auto& made = batch.commits.emplace_back();
  made.id = id_;
  made.fingerprint = fingerprint_;
  made.guards = guards_;
  made.draft = draft_;
  made.first_word = batch.words.size();
  made.first_part = batch.parts.size();
  batch.words.insert(batch.words.end(), words_.begin(), words_.end());
  batch.parts.insert(batch.parts.end(), parts_.begin(), parts_.end());
  return made;
}

}  // namespace fasti::persistence
