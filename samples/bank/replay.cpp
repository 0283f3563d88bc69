#include "replay.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "money.hpp"

namespace bank {
namespace {

constexpr std::array<std::string_view, 9> column_names{
    "case_id",       "activity", "timestamp",    "transaction_id", "amount",
    "balance_after", "purpose",  "partner_bank", "partner_account"};
constexpr std::size_t columns_needed = 6;
constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

bool take_number(std::string_view& text, std::size_t digits, int& number) {
  if (text.size() < digits) return false;
  const char* end = text.data() + digits;
  const auto read = std::from_chars(text.data(), end, number);
  text.remove_prefix(digits);
  return read.ec == std::errc{} && read.ptr == end && number >= 0;
}

bool take(std::string_view& text, char expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(1);
  return true;
}

/// "1993-01-31T00:00:00.000Z" (the milliseconds may be missing) → milliseconds since 1970.
std::optional<std::int64_t> parse_time(std::string_view text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, millis = 0;
  if (!take_number(text, 4, year) || !take(text, '-') || !take_number(text, 2, month) ||
      !take(text, '-') || !take_number(text, 2, day) || !take(text, 'T') ||
      !take_number(text, 2, hour) || !take(text, ':') || !take_number(text, 2, minute) ||
      !take(text, ':') || !take_number(text, 2, second)) {
    return std::nullopt;
  }
  if (take(text, '.') && !take_number(text, 3, millis)) return std::nullopt;
  if (text != "Z" || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  const auto days = std::chrono::sys_days{date}.time_since_epoch();
  const auto time = std::chrono::hours{hour} + std::chrono::minutes{minute} +
                    std::chrono::seconds{second} + std::chrono::milliseconds{millis};
  return std::chrono::milliseconds{days + time}.count();
}

/// Fees have no activity of their own in the data: they are withdrawals for a purpose.
std::optional<booking_kind> kind_of(std::string_view activity, std::string_view purpose) {
  if (activity == "CashDeposit" || activity == "TransferIn") return booking_kind::deposit;
  if (activity == "InterestCredited") return booking_kind::credit_interest;
  if (activity == "CashWithdrawal" || activity == "CardWithdrawal" || activity == "TransferOut") {
    const bool is_fee = purpose == "statement_fee" || purpose == "penalty_interest";
    return is_fee ? booking_kind::charge_fee : booking_kind::withdraw;
  }
  return std::nullopt;
}

std::uint64_t count_rows(const std::string& path) {
  auto lines = line_reader::open(path);
  std::string line;
  while (lines && lines->next(line)) {
  }
  return lines && lines->line_number() > 0 ? lines->line_number() - 1 : 0;
}

}  // namespace

fasti::result<std::unique_ptr<replay_source>> replay_source::open(replay_options options,
                                                                  bad_row_sink on_bad_row) {
  auto lines = line_reader::open(options.path);
  if (!lines) {
    return fasti::error{fasti::errc::invalid, "unreadable-file", options.path};
  }
  std::unique_ptr<replay_source> source(
      new replay_source(std::move(options), *std::move(lines), std::move(on_bad_row)));
  if (auto header = source->read_header(); !header) return std::move(header).error();
  return source;
}

replay_source::replay_source(replay_options options, line_reader lines, bad_row_sink on_bad_row)
    : options_(std::move(options)),
      lines_(std::move(lines)),
      on_bad_row_(std::move(on_bad_row)),
      rows_total_(count_rows(options_.path)) {}

fasti::result<void> replay_source::read_header() {
  std::string line;
  if (!lines_.next(line)) {
    const std::string reason(lines_.problem().empty() ? "empty-file" : lines_.problem());
    return fasti::error{fasti::errc::invalid, reason, options_.path};
  }
  if (!split_csv(line, fields_)) fields_.clear();
  std::string missing;
  for (std::size_t c = 0; c < columns; ++c) {
    const auto found = std::find(fields_.begin(), fields_.end(), column_names.at(c));
    places_.at(c) =
        found == fields_.end() ? nowhere : static_cast<std::size_t>(found - fields_.begin());
    if (found != fields_.end() || c >= columns_needed) continue;
    missing += (missing.empty() ? "" : ", ") + std::string(column_names.at(c));
  }
  if (missing.empty()) return {};
  return fasti::error{fasti::errc::invalid, "missing-column",
                      options_.path + ": the header line has no column " + missing};
}

std::string_view replay_source::field(column c) const {
  const auto place = places_.at(c);
  return place < fields_.size() ? std::string_view(fields_[place]) : std::string_view{};
}

bad_row replay_source::bad(std::string_view reason, column c) const {
  return {lines_.line_number(), std::string(reason),
          std::string(column_names.at(c)) + " is \"" + std::string(field(c)) + '"'};
}

std::optional<bad_row> replay_source::parse(booking& b) const {
  for (std::size_t c = 0; c < columns_needed; ++c) {
    if (places_.at(c) < fields_.size()) continue;
    return bad_row{lines_.line_number(), "missing-column",
                   "the row ends before " + std::string(column_names.at(c))};
  }
  if (field(case_id).empty()) return bad("missing-value", case_id);
  if (field(transaction_id).empty()) return bad("missing-value", transaction_id);
  const auto kind = kind_of(field(activity), field(purpose));
  if (!kind) return bad("unknown-activity", activity);
  const auto time = parse_time(field(timestamp));
  if (!time) return bad("bad-timestamp", timestamp);
  const auto cents = parse_cents(field(amount));
  if (!cents || *cents < 0) return bad("bad-number", amount);
  const auto balance = parse_cents(field(balance_after));
  if (!balance) return bad("bad-number", balance_after);

  b.kind = *kind;
  b.account = field(case_id);
  b.id = fasti::command_id::of("bank-txn-" + std::string(field(transaction_id)));
  b.amount = *cents;
  b.booked_at_ms = *time;
  b.purpose = field(purpose);
  b.partner = field(partner_bank);
  if (!field(partner_account).empty()) b.partner.append("/").append(field(partner_account));
  b.stated_balance = *balance;
  b.line = lines_.line_number();
  return std::nullopt;
}

booking replay_source::open_account(const booking& first) const {
  booking b;
  b.kind = booking_kind::open;
  b.account = first.account;
  b.id = fasti::command_id::of("bank-open-" + first.account);
  b.amount = options_.overdraft_cents;
  b.booked_at_ms = first.booked_at_ms;
  b.line = first.line;
  return b;
}

std::optional<booking> replay_source::next() {
  if (waiting_) return std::exchange(waiting_, std::nullopt);
  std::string line;
  while (!ended_ && lines_.next(line)) {
    if (line.empty()) continue;
    booking b;
    const bool closed = split_csv(line, fields_);
    auto problem = closed ? parse(b)
                          : std::optional(bad_row{lines_.line_number(), "open-quote",
                                                  "a double quote is not closed"});
    if (problem) {
      ended_ = !on_bad_row_(*problem);
      continue;
    }
    if (!opened_.insert(b.account).second) return b;
    auto opening = open_account(b);
    waiting_ = std::move(b);
    return opening;
  }
  if (!ended_ && !lines_.problem().empty()) {
    on_bad_row_({lines_.line_number() + 1, std::string(lines_.problem()),
                 "the file ends here; what should follow is not in it"});
  }
  ended_ = true;
  return std::nullopt;
}

std::uint64_t replay_source::commands_total() const { return rows_total_ + opened_.size(); }

}  // namespace bank
