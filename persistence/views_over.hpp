#pragma once
/// What stores of views share.

#include "fasti/stores.hpp"

namespace fasti::persistence {

/// Errors: `invalid` ("malformed-view-name").
[[nodiscard]] inline result<void> check_name(std::string_view view) {
  constexpr std::size_t bytes_max = 255;
  if (!view.empty() && view.size() <= bytes_max) return {};
  return error{errc::invalid, "malformed-view-name",
               "a view's name must have 1 to 255 bytes, not " + std::to_string(view.size())};
}

/// A store whose reads are those of a reader of what is there now.
class views_over : public view_store {
 public:
  explicit views_over(std::shared_ptr<const view_reader> now) : now_(std::move(now)) {}

  result<position> checkpoint(std::string_view view) const override {
    return now_->checkpoint(view);
  }
  result<std::map<std::string, position>> checkpoints() const override {
    return now_->checkpoints();
  }
  result<std::optional<std::string>> row(std::string_view view,
                                         std::string_view key) const override {
    return now_->row(view, key);
  }
  result<void> scan(std::string_view view, const key_range& range,
                    const row_visitor& visitor) const override {
    return now_->scan(view, range, visitor);
  }

 private:
  const std::shared_ptr<const view_reader> now_;
};

}  // namespace fasti::persistence
