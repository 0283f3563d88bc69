#include "runtime/core/stored_rows.hpp"

#include <algorithm>

#include "fasti/keys.hpp"
#include "runtime/core/row_words.hpp"
#include "runtime/core/view_generations.hpp"

namespace fasti::core {
namespace {

constexpr std::string_view secondary_keys_prefix = "\xffx";

/// A text without what marks its end: the beginning of all texts that begin like it.
std::string beginning_of_text(std::string_view text) {
  auto whole = key_of(text);
  whole.resize(whole.size() - 2);
  return whole;
}

std::string index_prefix(std::string_view index) {
  return std::string(secondary_keys_prefix) + key_of(index);
}

}  // namespace

std::string secondary_row_key(std::string_view index, std::string_view secondary,
                              std::string_view key) {
  return index_prefix(index) + key_of(secondary) + std::string(key);
}

error damaged_row(std::string_view view, const std::string& row, const std::string& why) {
  return {errc::corrupt, "row-damaged",
          "view " + std::string(view_named(view)) + ", row " + row + ": " + why +
              "; rebuild it, or remove the views' directory"};
}

std::vector<word> stored_rows::checked(std::string_view bytes, std::string_view key) const {
  if (auto words = words_of(bytes)) return *std::move(words);
  throw row_error(damaged_row(view_, "\"" + std::string(key) + "\"",
                              std::to_string(bytes.size()) + " bytes are not a message"));
}

std::optional<std::vector<word>> stored_rows::read(std::string_view key) const {
  if (key.starts_with(own_keys)) return std::nullopt;
  auto found = from_.row(view_, key);
  if (!found) throw row_error(std::move(found).error());
  if (!*found) return std::nullopt;
  return checked(**found, key);
}

void stored_rows::scan(const key_range& range, const scan_visitor& visitor) const {
  auto users = range;
  users.before = range.before.empty() ? own_keys : std::min(range.before, own_keys);
  auto scanned = from_.scan(view_, users, [&](std::string_view key, std::string_view bytes) {
    return visitor(key, checked(bytes, key));
  });
  if (!scanned) throw row_error(std::move(scanned).error());
}

void stored_rows::scan_by(std::string_view index, const key_range& range,
                          const scan_visitor& visitor) const {
  const auto of_index = index_prefix(index);
  const auto prefix = of_index + beginning_of_text(range.prefix);
  const auto from = of_index + beginning_of_text(range.from);
  const auto before = of_index + beginning_of_text(range.before);
  key_range entries{prefix, from, before, range.order};
  if (range.before.empty()) entries.before = {};
  auto scanned = from_.scan(view_, entries, [&](std::string_view key, std::string_view) {
    std::string secondary;
    auto row_key = key.substr(of_index.size());
    if (!fasti::detail::take_key_text(row_key, secondary)) return true;  // not one of ours
    const auto row = read(row_key);
    return !row || visitor(row_key, *row);
  });
  if (!scanned) throw row_error(std::move(scanned).error());
}

}  // namespace fasti::core
