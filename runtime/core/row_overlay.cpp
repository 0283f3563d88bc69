#include "runtime/core/row_overlay.hpp"

#include <capnp/message.h>

#include <algorithm>
#include <stdexcept>

#include "runtime/core/check.hpp"
#include "runtime/core/row_words.hpp"

namespace fasti::core {
namespace {

/// Beyond this many they are made anew: a batch may need thousands, and then none for hours.
constexpr std::size_t scratches_kept = 1024;

void check_is_users(std::string_view key) {
  if (key.starts_with(own_keys)) throw std::invalid_argument("a row's key begins with 0xff");
}

}  // namespace

row_overlay::row_overlay(const detail::projection_port& port, const view_reader& store,
                         std::string view, std::size_t kept_bytes_max)
    : port_(port), stored_(store, std::move(view)), kept_bytes_max_(kept_bytes_max) {}
row_overlay::~row_overlay() = default;

void row_overlay::discard() {
  changed_.clear();
  rows_.clear();
  kept_bytes_ = 0;
  scratches_used_ = 0;
}

/// What the store has; empty: nothing.
std::vector<word> row_overlay::stored(std::string_view key) const {
  return stored_.read(key).value_or(std::vector<word>());
}

row_overlay::known_row& row_overlay::known(std::string_view key) {
  const auto found = rows_.find(key);
  return found != rows_.end() ? *found : add(key, stored(key));
}

row_overlay::known_row& row_overlay::add(std::string_view key, std::vector<word> words) {
  auto& added = *rows_.emplace(std::string(key), row{std::move(words)}).first;
  kept_bytes_ += bytes_of(added);
  return added;
}

void row_overlay::change(known_row& r, message* to) {
  r.second.changing = to;
  if (!std::exchange(r.second.is_changed, true)) changed_.push_back(&r);
}

/// Whatever the store has; that is looked up only where other keys hang on it.
void row_overlay::change(std::string_view key, message* to) {
  check_is_users(key);
  if (port_.keys_of) return change(known(key), to);
  const auto found = rows_.find(key);
  change(found != rows_.end() ? *found : add(key, {}), to);
}

row_overlay::message& row_overlay::fresh() {
  if (scratches_used_ == scratches_.size()) scratches_.emplace_back();
  return scratches_[scratches_used_++].begin();
}

row_overlay::message* row_overlay::find(std::string_view key) {
  check_is_users(key);
  auto& found = known(key);
  const row& r = found.second;
  if (r.is_changed || r.words.empty()) return r.changing;
  // A row read from the store is as long as it is: its limit is its own size.
  body_reader reader(r.words);
  auto& copy = fresh();
  copy.setRoot(reader.root_pointer());
  change(found, &copy);
  return &copy;
}

row_overlay::message& row_overlay::make(std::string_view key) {
  auto& made = fresh();
  change(key, &made);
  return made;
}

void row_overlay::erase(std::string_view key) { change(key, nullptr); }

/// One segment, without what the message has let go of.
std::vector<word> row_overlay::joined(message& of) const {
  joiner_.begin().setRoot(of.getRoot<::capnp::AnyPointer>().asReader());
  std::vector<word> out;
  joiner_.finish(out);
  return out;
}

std::optional<std::vector<word>> row_overlay::read(std::string_view key) const {
  std::vector<word> words;
  if (const auto found = rows_.find(key); found == rows_.end()) {
    words = stored(key);
  } else if (const row& r = found->second; !r.is_changed) {
    words = r.words;
  } else if (r.changing != nullptr) {
    words = joined(*r.changing);
  }
  if (words.empty()) return std::nullopt;
  return words;
}

// Queries are answered between batches, when nothing lies over the store.

void row_overlay::scan(const key_range& range, const scan_visitor& visitor) const {
  FASTI_CHECK(changed_.empty());
  stored_.scan(range, visitor);
}

void row_overlay::scan_by(std::string_view index, const key_range& range,
                          const scan_visitor& visitor) const {
  FASTI_CHECK(changed_.empty());
  stored_.scan_by(index, range, visitor);
}

/// Those that it had and has not any more go, those that it has now come.
void row_overlay::change_secondary_keys(std::string_view key, body_view before, body_view after,
                                        changes& into) const {
  secondary_keys had;
  secondary_keys has;
  if (!before.empty()) port_.keys_of(before, key, had);
  if (!after.empty()) port_.keys_of(after, key, has);
  const auto contains = [](const auto& all, const auto& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  };
  for (const auto& k : had.all()) {
    if (!contains(has.all(), k)) into.push_back({secondary_row_key(k.first, k.second, key), {}});
  }
  for (const auto& k : has.all()) {
    if (!contains(had.all(), k)) into.push_back({secondary_row_key(k.first, k.second, key), ""});
  }
}

std::vector<view_batch::change> row_overlay::take_changes() {
  changes all;
  all.reserve(changed_.size());
  for (auto* one : changed_) {
    auto& [key, r] = *one;
    kept_bytes_ -= bytes_of(*one);
    auto words = r.changing == nullptr ? std::vector<word>() : joined(*r.changing);
    if (port_.keys_of) change_secondary_keys(key, r.words, words, all);
    r.words = std::move(words);
    kept_bytes_ += bytes_of(*one);
    r.changing = nullptr;
    r.is_changed = false;
    auto& change = all.emplace_back();
    change.key = key;
    if (!r.words.empty()) change.row = text_of(r.words);
  }
  changed_.clear();
  scratches_used_ = 0;
  if (scratches_.size() > scratches_kept) scratches_.resize(scratches_kept);
  if (kept_bytes_ > kept_bytes_max_) forget_some();
  return all;
}

std::size_t row_overlay::bytes_of(const known_row& r) {
  constexpr std::size_t around_it = 160;  // of the table and the heap
  return around_it + r.first.size() + r.second.words.size() * word_bytes;
}

/// Whichever come first, until half is left. Precondition: nothing is changed.
void row_overlay::forget_some() {
  for (auto it = rows_.begin(); it != rows_.end() && kept_bytes_ > kept_bytes_max_ / 2;) {
    kept_bytes_ -= bytes_of(*it);
    it = rows_.erase(it);
  }
}

}  // namespace fasti::core
