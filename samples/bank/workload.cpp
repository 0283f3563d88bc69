#include "workload.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

namespace bank {
namespace {

constexpr std::uint64_t customers_per_branch = 500;
constexpr std::int64_t more_than_anybody_has = 100'000'000'000'000;  // cents
constexpr std::int64_t overdraft_cents = 50'000;
constexpr std::int64_t fee_cents = 250;

std::string customer_key(std::size_t number) {
  const auto digits = std::to_string(number + 1);
  std::string key(6 - std::min<std::size_t>(digits.size(), 6), '0');
  return key.append(digits);
}

std::string bank_key(std::string_view what, std::size_t branch) {
  std::string key("bank-");
  return key.append(what).append("-").append(std::to_string(branch + 1));
}

}  // namespace

workload_source::workload_source(const workload_options& options)
    : options_(options),
      random_state_(options.seed),
      branches_((options.accounts + customers_per_branch - 1) / customers_per_branch),
      covered_(options.accounts, overdraft_cents) {}

/// SplitMix64 (Steele, Lea, Flood): the same numbers on every platform, unlike std's distributions.
std::uint64_t workload_source::random() {
  std::uint64_t z = (random_state_ += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31U);
}

std::uint64_t workload_source::below(std::uint64_t bound) { return random() % bound; }

/// Many small sums and few large ones: between 1.00 and 4,096.00.
std::int64_t workload_source::some_amount() {
  const auto size = std::int64_t{100} << below(12);
  return size + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(size)));
}

booking workload_source::make(booking_kind kind, std::string account, std::string_view purpose) {
  using namespace std::chrono;
  constexpr auto first_day = sys_days{year{2025} / January / 1};
  constexpr std::uint64_t year_ms = std::uint64_t{365} * 24 * 3600 * 1000;
  booking b;
  b.kind = kind;
  b.account = std::move(account);
  b.id =
      fasti::command_id::of("bank-made-up-" + std::to_string(options_.seed) + '-' +
                            std::to_string(options_.accounts) + '-' + std::to_string(++numbers_));
  const auto share = static_cast<double>(given_) / static_cast<double>(options_.commands + 1);
  b.booked_at_ms = milliseconds{first_day.time_since_epoch()}.count() +
                   static_cast<std::int64_t>(share * static_cast<double>(year_ms));
  b.purpose = purpose;
  return b;
}

booking workload_source::open_next() {
  const auto number = opened_++;
  if (number >= 2 * branches_) {
    auto b = make(booking_kind::open, customer_key(number - 2 * branches_), "");
    b.amount = overdraft_cents;
    return b;
  }
  const auto* what = number % 2 == 0 ? "interest" : "fees";
  auto b = make(booking_kind::open, bank_key(what, number / 2), "");
  b.owner = Owner::BANK;
  return b;
}

std::size_t workload_source::branch_of(std::size_t who) const { return who / customers_per_branch; }

booking workload_source::cash_in(std::size_t who) {
  static constexpr std::string_view purposes[] = {"salary", "salary", "cash", "pension"};
  auto b = make(booking_kind::deposit, customer_key(who), purposes[below(4)]);
  b.amount = some_amount();
  covered_[who] += b.amount;
  return b;
}

booking workload_source::cash_out(std::size_t who) {
  static constexpr std::string_view purposes[] = {"household", "household", "rent", "cash"};
  const auto amount = some_amount();
  if (amount > covered_[who]) return cash_in(who);
  auto b = make(booking_kind::withdraw, customer_key(who), purposes[below(4)]);
  b.amount = amount;
  covered_[who] -= amount;
  return b;
}

booking workload_source::transfer(std::size_t who) {
  const auto amount = some_amount();
  if (amount > covered_[who] || options_.accounts < 2) return cash_in(who);
  const auto whom = (who + 1 + below(options_.accounts - 1)) % options_.accounts;
  auto b = make(booking_kind::withdraw, customer_key(who), "transfer");
  b.amount = amount;
  b.partner = customer_key(whom);
  b.then = std::make_unique<booking>(make(booking_kind::deposit, customer_key(whom), "transfer"));
  b.then->amount = amount;
  b.then->partner = b.account;
  covered_[who] -= amount;
  return b;
}

booking workload_source::interest(std::size_t who) {
  auto b = make(booking_kind::credit_interest, customer_key(who), "interest");
  b.amount = std::max<std::int64_t>(1, covered_[who] / 1000);
  b.partner = bank_key("interest", branch_of(who));
  b.then = std::make_unique<booking>(make(booking_kind::withdraw, b.partner, "interest"));
  b.then->amount = b.amount;
  b.then->partner = b.account;
  covered_[who] += b.amount;
  return b;
}

booking workload_source::fee(std::size_t who) {
  if (covered_[who] < fee_cents) return cash_in(who);
  auto b = make(booking_kind::charge_fee, customer_key(who), "fee");
  b.amount = fee_cents;
  b.partner = bank_key("fees", branch_of(who));
  b.then = std::make_unique<booking>(make(booking_kind::deposit, b.partner, "fee"));
  b.then->amount = b.amount;
  b.then->partner = b.account;
  covered_[who] -= fee_cents;
  return b;
}

booking workload_source::overdraw(std::size_t who) {
  auto b = make(booking_kind::withdraw, customer_key(who), "household");
  b.amount = more_than_anybody_has;
  return b;
}

std::optional<booking> workload_source::next() {
  if (opened_ < 2 * branches_ + options_.accounts) return open_next();
  if (given_ >= options_.commands) return std::nullopt;
  // The smaller of two numbers: some accounts are busier than others.
  const auto who = std::min(below(options_.accounts), below(options_.accounts));
  const auto dice = below(100);
  auto b = dice < 40   ? cash_in(who)
           : dice < 67 ? cash_out(who)
           : dice < 87 ? transfer(who)
           : dice < 92 ? interest(who)
           : dice < 97 ? fee(who)
                       : overdraw(who);
  given_ += b.then ? 2U : 1U;
  return b;
}

std::uint64_t workload_source::commands_total() const {
  return 2 * branches_ + options_.accounts + std::max(options_.commands, given_);
}

}  // namespace bank
