#pragma once
/// A real bank's rows as bookings. The columns are found by the names in the header line:
/// case_id, activity, timestamp, transaction_id, amount and balance_after must be there; purpose,
/// partner_bank and partner_account may be.

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "booking.hpp"
#include "lines.hpp"

namespace bank {

/// A row that cannot be booked.
struct bad_row {
  std::uint64_t line = 0;
  std::string reason;  ///< For programs: "bad-number", "truncated-gzip", …
  std::string detail;  ///< For people.
};

/// Takes a bad row; says whether to go on with the next one.
using bad_row_sink = std::function<bool(const bad_row&)>;

struct replay_options {
  std::string path;
  std::int64_t overdraft_cents = 0;  ///< That accounts are opened with.
};

class replay_source final : public booking_source {
 public:
  /// Errors: `invalid` with the reasons "unreadable-file", "missing-column", or what is wrong with
  /// the file itself.
  [[nodiscard]] static fasti::result<std::unique_ptr<replay_source>> open(replay_options options,
                                                                          bad_row_sink on_bad_row);

  std::optional<booking> next() override;
  [[nodiscard]] std::uint64_t commands_total() const override;

 private:
  enum column : std::size_t {
    case_id,
    activity,
    timestamp,
    transaction_id,
    amount,
    balance_after,
    purpose,
    partner_bank,
    partner_account,
    columns
  };

  replay_source(replay_options options, line_reader lines, bad_row_sink on_bad_row);
  fasti::result<void> read_header();
  [[nodiscard]] std::optional<bad_row> parse(booking& b) const;
  [[nodiscard]] std::string_view field(column c) const;
  [[nodiscard]] bad_row bad(std::string_view reason, column c) const;
  booking open_account(const booking& first) const;

  replay_options options_;
  line_reader lines_;
  bad_row_sink on_bad_row_;
  std::array<std::size_t, columns> places_{};
  std::vector<std::string> fields_;
  std::unordered_set<std::string> opened_;
  std::optional<booking> waiting_;  // the row that made an account be opened first
  std::uint64_t rows_total_ = 0;
  bool ended_ = false;
};

}  // namespace bank
