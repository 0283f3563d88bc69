#pragma once
/// A bank's day made up: seeded, and the same for the same options, down to the command ids.
///
/// What comes of it does not depend on the order in which different accounts' commands happen to
/// take effect, nor on how often it was broken off and started again: a withdrawal is either
/// covered by what was paid in before it on the same account, or larger than anything the account
/// could ever hold. (A rejection is not stored; sent again, it is decided again, and must come out
/// the same.)

#include <cstdint>
#include <string>
#include <vector>

#include "booking.hpp"

namespace bank {

struct workload_options {
  std::uint64_t seed = 1;
  std::uint64_t accounts = 10'000;
  std::uint64_t commands = 800'000;  ///< Beside those that open the accounts.
};

class workload_source final : public booking_source {
 public:
  explicit workload_source(const workload_options& options);

  std::optional<booking> next() override;
  [[nodiscard]] std::uint64_t commands_total() const override;

 private:
  std::uint64_t random();
  std::uint64_t below(std::uint64_t bound);
  std::int64_t some_amount();
  [[nodiscard]] booking make(booking_kind kind, std::string account, std::string_view purpose);
  booking open_next();
  booking cash_in(std::size_t who);
  booking cash_out(std::size_t who);
  booking transfer(std::size_t who);
  booking interest(std::size_t who);
  booking fee(std::size_t who);
  booking overdraw(std::size_t who);
  [[nodiscard]] std::size_t branch_of(std::size_t who) const;

  workload_options options_;
  std::uint64_t random_state_;
  std::uint64_t opened_ = 0;
  std::uint64_t branches_;
  std::uint64_t given_ = 0;            // commands so far, both halves of a transfer
  std::uint64_t numbers_ = 0;          // one for each command's id
  std::vector<std::int64_t> covered_;  // what each customer can surely withdraw
};

}  // namespace bank
