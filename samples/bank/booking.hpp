#pragma once
/// One command of the bank on its way to an account, and where such commands come from.

#include <fasti/runtime.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "account.hpp"

namespace bank {

enum class booking_kind : std::uint8_t { open, deposit, withdraw, credit_interest, charge_fee };

struct booking {
  booking_kind kind = booking_kind::deposit;
  std::string account;      ///< The stream is "account-" and this.
  fasti::command_id id;     ///< From the transaction's own name: a repeat has no second effect.
  std::int64_t amount = 0;  ///< Cents. Of an `open`: the overdraft.
  std::int64_t booked_at_ms = 0;
  std::string purpose;
  std::string partner;
  std::optional<std::int64_t> stated_balance;
  Owner owner = Owner::CUSTOMER;  ///< Of an `open`.
  std::uint64_t line = 0;         ///< Where it stands in the input; 0: nowhere.
  /// What follows when, and only when, this one is committed: the other half of a transfer.
  std::unique_ptr<booking> then;

  /// What it does to the sum of all money, in cents.
  [[nodiscard]] std::int64_t change() const noexcept;
};

/// Hands the booking's command to the runtime.
void send(fasti::runtime& rt, const booking& b, fasti::receipt_callback callback);

/// Gives bookings one after another. The bookings of one account take effect in this order.
class booking_source {
 public:
  virtual ~booking_source() = default;
  /// None at the end, and after a row that ends it.
  virtual std::optional<booking> next() = 0;
  /// How many commands it will have given in the end, as far as is known.
  [[nodiscard]] virtual std::uint64_t commands_total() const = 0;
};

}  // namespace bank
