#pragma once
/// The rows of one view as a batch of events changes them: the changes of the batch over what the
/// store has. Rows come in as single-segment messages and go out the same way.

#include <map>
#include <memory>

#include "fasti/detail/port.hpp"
#include "fasti/stores.hpp"

namespace fasti::core {

/// A store that failed under a row: thrown through user code, caught by the guard around it.
struct row_error : std::exception {
  explicit row_error(error e) : what_failed(std::move(e)), text(what_failed.to_string()) {}
  [[nodiscard]] const char* what() const noexcept override { return text.c_str(); }
  error what_failed;
  std::string text;
};

class row_overlay final : public detail::row_set {
 public:
  /// `store` must outlive this.
  row_overlay(const view_store& store, std::string view);
  ~row_overlay() override;

  message* find(std::string_view key) override;
  message& make(std::string_view key) override;
  void erase(std::string_view key) override;
  std::optional<std::vector<word>> read(std::string_view key) const override;
  void scan(std::string_view prefix, const scan_visitor& visitor) const override;

  /// The changes since the last call, for one write with the checkpoint.
  [[nodiscard]] std::vector<view_batch::change> take_changes();
  void discard();

 private:
  class row;
  row& slot(std::string_view key);

  const view_store& store_;
  const std::string view_;
  // A null message: erased. Ordered, so that the store gets its keys in order.
  std::map<std::string, std::unique_ptr<row>, std::less<>> changed_;
};

}  // namespace fasti::core
