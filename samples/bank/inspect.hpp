#pragma once
/// Looks at the bank from three sides — the journal's events, the views, the accounts themselves —
/// and says where they differ.

#include <fasti/runtime.hpp>

#include <string>
#include <unordered_map>

#include "account.hpp"
#include "bank.capnp.h"
#include "figures.hpp"

namespace bank {

struct folded_account {
  account state;
  fasti::version version{};
};
/// Each account as the fold of its events, by key.
using folded_bank = std::unordered_map<std::string, folded_account>;

[[nodiscard]] fasti::result<folded_bank> fold_journal(const fasti::journal& journal);

/// What the views answered, as figures.
void take_summary(Summary::Reader sums, view_figures& v);
void take_largest(Balances::Reader rows, view_figures& v);
void take_turnover(Turnovers::Reader rows, view_figures& v);

/// Waits until the views show the journal's head, and asks them.
[[nodiscard]] fasti::result<view_figures> ask_views(fasti::runtime& rt);

[[nodiscard]] fasti::result<check> compare_view(fasti::runtime& rt, const folded_bank& folded);

/// Brings accounts back into memory from snapshot and events, at most `accounts_max` of them.
[[nodiscard]] fasti::result<check> compare_accounts(fasti::runtime& rt, const folded_bank& folded,
                                                    std::size_t accounts_max,
                                                    recovery_figures& recovery);

/// What was paid in and not paid out must be there, be it on accounts or in transit.
[[nodiscard]] check money_is_conserved(const drive_result& drive, const view_figures& views);

/// Where an account's newest row came from this input, it ends on the bank's own balance.
[[nodiscard]] check ends_on_stated_balances(const drive_result& drive, const folded_bank& folded);

}  // namespace bank
