#include "runtime/core/row_overlay.hpp"

#include <capnp/message.h>

#include <cstring>

#include "runtime/core/check.hpp"

namespace fasti::core {
namespace {

/// Rows lie in the store as bytes of no promised alignment.
std::vector<word> words_of(std::string_view bytes, std::string_view view, std::string_view key) {
  if (bytes.empty() || bytes.size() % word_bytes != 0) {
    throw row_error({errc::corrupt, "row-damaged",
                     "view " + std::string(view) + ", row \"" + std::string(key) + "\": " +
                         std::to_string(bytes.size()) + " bytes are not a message; rebuild it"});
  }
  std::vector<word> words(bytes.size() / word_bytes);
  std::memcpy(words.data(), bytes.data(), bytes.size());
  return words;
}

std::string text_of(const std::vector<word>& words) {
  return {reinterpret_cast<const char*>(words.data()), words.size() * word_bytes};
}

/// Beyond this many they are made anew: a batch may need thousands, and then none for hours.
constexpr std::size_t scratches_kept = 1024;

}  // namespace

row_overlay::row_overlay(const view_store& store, std::string view, std::size_t kept_bytes_max)
    : store_(store), view_(std::move(view)), kept_bytes_max_(kept_bytes_max) {}
row_overlay::~row_overlay() = default;

void row_overlay::discard() {
  changed_.clear();
  rows_.clear();
  kept_bytes_ = 0;
  scratches_used_ = 0;
}

/// What the store has; empty: nothing.
std::vector<word> row_overlay::stored(std::string_view key) const {
  auto found = store_.row(view_, key);
  if (!found) throw row_error(std::move(found).error());
  if (!*found) return {};
  return words_of(**found, view_, key);
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

/// Whatever the store has.
void row_overlay::change(std::string_view key, message* to) {
  const auto found = rows_.find(key);
  change(found != rows_.end() ? *found : add(key, {}), to);
}

row_overlay::message& row_overlay::fresh() {
  if (scratches_used_ == scratches_.size()) scratches_.emplace_back();
  return scratches_[scratches_used_++].begin();
}

row_overlay::message* row_overlay::find(std::string_view key) {
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

void row_overlay::scan(std::string_view prefix, const scan_visitor& visitor) const {
  // Queries are answered between batches, when nothing lies over the store.
  FASTI_CHECK(changed_.empty());
  auto scanned = store_.scan(view_, prefix, [&](std::string_view key, std::string_view stored) {
    return visitor(key, words_of(stored, view_, key));
  });
  if (!scanned) throw row_error(std::move(scanned).error());
}

std::vector<view_batch::change> row_overlay::take_changes() {
  std::vector<view_batch::change> changes;
  changes.reserve(changed_.size());
  for (auto* one : changed_) {
    auto& [key, r] = *one;
    kept_bytes_ -= bytes_of(*one);
    r.words = r.changing == nullptr ? std::vector<word>() : joined(*r.changing);
    kept_bytes_ += bytes_of(*one);
    r.changing = nullptr;
    r.is_changed = false;
    auto& change = changes.emplace_back();
    change.key = key;
    if (!r.words.empty()) change.row = text_of(r.words);
  }
  changed_.clear();
  scratches_used_ = 0;
  if (scratches_.size() > scratches_kept) scratches_.resize(scratches_kept);
  if (kept_bytes_ > kept_bytes_max_) forget_some();
  return changes;
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
