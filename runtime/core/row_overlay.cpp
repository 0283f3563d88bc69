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

std::string bytes_of(const std::vector<word>& words) {
  return {reinterpret_cast<const char*>(words.data()), words.size() * word_bytes};
}

}  // namespace

class row_overlay::row {
 public:
  message& make() {
    scratch_.emplace();
    message_ = &scratch_->begin();
    return *message_;
  }
  message& load(const std::vector<word>& words) {
    // A row read from the store is as long as it is: its limit is its own size.
    body_reader reader(words);
    auto& fresh = make();
    fresh.setRoot(reader.root_pointer());
    return fresh;
  }
  void erase() {
    scratch_.reset();
    message_ = nullptr;
  }
  [[nodiscard]] message* get() const noexcept { return message_; }

  /// The row as one segment; what `get` gave stays valid.
  [[nodiscard]] std::vector<word> words() const {
    thread_local message_scratch joiner;
    joiner.begin().setRoot(message_->getRoot<::capnp::AnyPointer>().asReader());
    std::vector<word> out;
    joiner.finish(out);
    return out;
  }

 private:
  std::optional<message_scratch> scratch_;
  message* message_ = nullptr;
};

row_overlay::row_overlay(const view_store& store, std::string view)
    : store_(store), view_(std::move(view)) {}
row_overlay::~row_overlay() = default;
void row_overlay::discard() { changed_.clear(); }

row_overlay::row& row_overlay::slot(std::string_view key) {
  const auto found = changed_.find(key);
  if (found != changed_.end()) return *found->second;
  return *changed_.emplace(std::string(key), std::make_unique<row>()).first->second;
}

row_overlay::message* row_overlay::find(std::string_view key) {
  if (const auto found = changed_.find(key); found != changed_.end()) return found->second->get();
  auto stored = store_.row(view_, key);
  if (!stored) throw row_error(std::move(stored).error());
  if (!*stored) return nullptr;
  const auto words = words_of(**stored, view_, key);
  return &slot(key).load(words);
}

row_overlay::message& row_overlay::make(std::string_view key) { return slot(key).make(); }
void row_overlay::erase(std::string_view key) { slot(key).erase(); }

std::optional<std::vector<word>> row_overlay::read(std::string_view key) const {
  if (const auto found = changed_.find(key); found != changed_.end()) {
    if (found->second->get() == nullptr) return std::nullopt;
    return found->second->words();
  }
  auto stored = store_.row(view_, key);
  if (!stored) throw row_error(std::move(stored).error());
  if (!*stored) return std::nullopt;
  return words_of(**stored, view_, key);
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
  for (const auto& [key, changed] : changed_) {
    if (changed->get() == nullptr) {
      changes.push_back({key, std::nullopt});
    } else {
      changes.push_back({key, bytes_of(changed->words())});
    }
  }
  changed_.clear();
  return changes;
}

}  // namespace fasti::core
