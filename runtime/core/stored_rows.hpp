#pragma once
/// The rows of one view as the store has them, and what lies beside them in the same view, so that
/// it is written with them:
///
///     key of a row:    any bytes but 0xff first
///     secondary key:   0xff 'x' index (text) secondary key (text) key of the row → nothing
///     parked event:    0xff 'p' position (8, big endian)                         → ParkedEvent
///
/// Texts are encoded as in `fasti/keys.hpp`.

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

/// `corrupt` ("row-damaged"). `view`: its name in the store.
[[nodiscard]] error damaged_row(std::string_view view, const std::string& row,
                                const std::string& why);

inline constexpr std::string_view own_keys = "\xff";
inline constexpr std::string_view parked_keys = "\xffp";

[[nodiscard]] std::string secondary_row_key(std::string_view index, std::string_view secondary,
                                            std::string_view key);

class stored_rows final : public detail::row_reader {
 public:
  /// `from` must outlive this. `view`: its name in the store.
  stored_rows(const view_reader& from, std::string view) : from_(from), view_(std::move(view)) {}

  // All of them throw `row_error`: what the store says, and `corrupt` ("row-damaged").
  std::optional<std::vector<word>> read(std::string_view key) const override;
  void scan(const key_range& range, const scan_visitor& visitor) const override;
  void scan_by(std::string_view index, const key_range& range,
               const scan_visitor& visitor) const override;

 private:
  [[nodiscard]] std::vector<word> checked(std::string_view bytes, std::string_view key) const;

  const view_reader& from_;
  const std::string view_;
};

}  // namespace fasti::core
