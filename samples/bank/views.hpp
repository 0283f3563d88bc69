#pragma once
/// What the bank can be asked: how much is on an account, and what was turned over in a month.

#include <fasti/projection.hpp>

#include <string>

#include "bank.capnp.h"

namespace bank {

/// "1993-01" for a booking time.
[[nodiscard]] std::string month_of(std::int64_t booked_at_ms);

/// One row an account.
struct balances {
  static constexpr auto name = "balances";
  using events =
      fasti::types<Opened, Deposited, Withdrawn, InterestCredited, FeeCharged, Corrected, Disputed>;
  using row = Balance;
  using queries = fasti::types<Balance(GetBalance), Balances(GetLargest), Balances(GetAllBalances),
                               Summary(GetSummary)>;
  using changes = fasti::rows<Balance>;
  using rows_now = fasti::view<Balance>;

  void apply(Opened::Reader e, const fasti::recorded_event& at, changes& accounts);
  void apply(Deposited::Reader e, const fasti::recorded_event& at, changes& accounts);
  void apply(Withdrawn::Reader e, const fasti::recorded_event& at, changes& accounts);
  void apply(InterestCredited::Reader e, const fasti::recorded_event& at, changes& accounts);
  void apply(FeeCharged::Reader e, const fasti::recorded_event& at, changes& accounts);
  void apply(Corrected::Reader e, const fasti::recorded_event& at, changes& accounts);
  void apply(Disputed::Reader e, const fasti::recorded_event& at, changes& accounts);

  fasti::decision answer(GetBalance::Reader q, const rows_now& all, Balance::Builder reply) const;
  fasti::decision answer(GetLargest::Reader q, const rows_now& all, Balances::Builder reply) const;
  fasti::decision answer(GetAllBalances::Reader, const rows_now& all,
                         Balances::Builder reply) const;
  fasti::decision answer(GetSummary::Reader, const rows_now& all, Summary::Builder reply) const;
};

/// One row a month and purpose; the bank's own accounts (keys "bank-…") are left out, so that what
/// goes from a customer to the bank is counted once.
struct turnover {
  static constexpr auto name = "turnover";
  using events = fasti::types<Deposited, Withdrawn, InterestCredited, FeeCharged>;
  using row = Turnover;
  using queries = fasti::types<Turnovers(GetTurnover)>;
  using changes = fasti::rows<Turnover>;

  void apply(Deposited::Reader e, const fasti::recorded_event& at, changes& months);
  void apply(Withdrawn::Reader e, const fasti::recorded_event& at, changes& months);
  void apply(InterestCredited::Reader e, const fasti::recorded_event& at, changes& months);
  void apply(FeeCharged::Reader e, const fasti::recorded_event& at, changes& months);

  fasti::decision answer(GetTurnover::Reader q, const fasti::view<Turnover>& months,
                         Turnovers::Builder reply) const;
};

}  // namespace bank
