#pragma once
/// The rows of one view as a batch of events changes them: the changes of the batch over what the
/// store has. Rows come in as single-segment messages and go out the same way. Those that
/// batches touched stay at hand, up to a limit: it is the same rows again and again, as a rule.

#include <memory>
#include <unordered_map>

#include "runtime/core/stored_rows.hpp"

namespace fasti::core {

class row_overlay final : public detail::row_set {
 public:
  /// `store` and `port` must outlive this, and nobody else may write to the view, which is called
  /// `view` in the store. `kept_bytes_max`: of rows that stay at hand between batches.
  row_overlay(const detail::projection_port& port, const view_reader& store, std::string view,
              std::size_t kept_bytes_max);
  ~row_overlay() override;

  message* find(std::string_view key) override;
  message& make(std::string_view key) override;
  void erase(std::string_view key) override;
  std::optional<std::vector<word>> read(std::string_view key) const override;
  void scan(const key_range& range, const scan_visitor& visitor) const override;
  void scan_by(std::string_view index, const key_range& range,
               const scan_visitor& visitor) const override;

  /// The changes since the last call, for one write with the checkpoint.
  [[nodiscard]] std::vector<view_batch::change> take_changes();
  /// Forgets the changes, and whatever stays at hand.
  void discard();

 private:
  struct row {
    std::vector<word> words;      // what the store has; empty: none
    message* changing = nullptr;  // what this batch makes of it; null: nothing is left
    bool is_changed = false;      // by this batch
  };
  struct hash {
    using is_transparent = void;
    // Not noexcept: the table then keeps the hashes, and reads no other key than the one it wants.
    std::size_t operator()(std::string_view key) const {
      return std::hash<std::string_view>{}(key);
    }
  };
  using known_rows = std::unordered_map<std::string, row, hash, std::equal_to<>>;
  using known_row = known_rows::value_type;

  [[nodiscard]] known_row& known(std::string_view key);
  known_row& add(std::string_view key, std::vector<word> words);
  void change(known_row& r, message* to);
  void change(std::string_view key, message* to);
  [[nodiscard]] message& fresh();
  [[nodiscard]] std::vector<word> stored(std::string_view key) const;
  using changes = std::vector<view_batch::change>;
  void change_secondary_keys(std::string_view key, body_view before, body_view after,
                             changes& into) const;
  [[nodiscard]] std::vector<word> joined(message& of) const;
  [[nodiscard]] static std::size_t bytes_of(const known_row& r);
  void forget_some();

  const detail::projection_port& port_;
  const stored_rows stored_;
  const std::size_t kept_bytes_max_;
  known_rows rows_;
  std::size_t kept_bytes_ = 0;              // of rows_, about
  std::vector<known_row*> changed_;         // of rows_, each once
  std::vector<message_scratch> scratches_;  // the first ones are in use
  std::size_t scratches_used_ = 0;
  mutable message_scratch joiner_;
};

}  // namespace fasti::core
