#include "runtime/core/view_difference.hpp"

#include <deque>

#include "runtime/core/stored_rows.hpp"

namespace fasti::core {
namespace {

constexpr std::size_t rows_at_once = 256;

/// The rows of a view one after another.
class row_cursor {
 public:
  struct row {
    std::string key;
    std::vector<word> words;
  };

  row_cursor(const view_reader& in, std::string view) : rows_(in, std::move(view)) { fill(); }

  /// None: there are no more.
  [[nodiscard]] const row* get() const noexcept {
    return ahead_.empty() ? nullptr : &ahead_.front();
  }
  void next() {
    ahead_.pop_front();
    if (ahead_.empty() && has_more_) fill();
  }

 private:
  void fill() {
    rows_.scan({.from = from_}, [this](std::string_view key, body_view words) {
      ahead_.push_back({std::string(key), {words.begin(), words.end()}});
      return ahead_.size() < rows_at_once;
    });
    has_more_ = ahead_.size() == rows_at_once;
    if (has_more_) from_ = ahead_.back().key + '\0';
  }

  const stored_rows rows_;
  std::string from_;
  std::deque<row> ahead_;
  bool has_more_ = false;
};

}  // namespace

result<view_difference> difference_of(const view_pair& views,
                                      const detail::rebuild_control::visitor& visit) {
  view_difference d;
  d.as_of = views.as_of;
  try {
    row_cursor serving(*views.in, views.serving);
    row_cursor rebuilt(*views.in, views.rebuilt);
    bool goes_on = true;
    while (goes_on && (serving.get() != nullptr || rebuilt.get() != nullptr)) {
      const auto* a = serving.get();
      const auto* b = rebuilt.get();
      if (b == nullptr || (a != nullptr && a->key < b->key)) {
        ++d.only_old;
        goes_on = visit(a->key, a->words, {});
        serving.next();
      } else if (a == nullptr || b->key < a->key) {
        ++d.only_new;
        goes_on = visit(b->key, {}, b->words);
        rebuilt.next();
      } else {
        const bool is_same = a->words == b->words;
        ++(is_same ? d.same : d.changed);
        goes_on = is_same || visit(a->key, a->words, b->words);
        serving.next();
        rebuilt.next();
      }
    }
  } catch (const row_error& failed) {
    return failed.what_failed;
  }
  return d;
}

}  // namespace fasti::core
