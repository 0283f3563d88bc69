#include "views.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <utility>
#include <vector>

namespace bank {
namespace {

void move_balance(Balance::Builder row, Movement::Reader m, std::int64_t change) {
  row.setBalance(row.getBalance() + change);
  row.setMovements(row.getMovements() + 1);
  if (m.isStatedBalance()) row.setStated(row.getStated() + 1);
}

std::string_view text_of(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

/// The row that a customer's movement belongs to; none for the bank's own accounts.
std::optional<Turnover::Builder> month_row(Movement::Reader m, const fasti::recorded_event& at,
                                           fasti::rows<Turnover>& months) {
  if (at.key().starts_with("bank-")) return std::nullopt;
  const auto month = month_of(m.getBookedAt());
  std::string key = month;
  key += '|';
  key += text_of(m.getPurpose());
  auto row = months.at(key);
  if (row.getMovements() == 0) {
    row.setMonth(month);
    row.setPurpose(m.getPurpose());
  }
  row.setMovements(row.getMovements() + 1);
  return row;
}

void pay_in(Movement::Reader m, const fasti::recorded_event& at, fasti::rows<Turnover>& months) {
  auto row = month_row(m, at, months);
  if (row) row->setPaidIn(row->getPaidIn() + m.getAmount());
}

void pay_out(Movement::Reader m, const fasti::recorded_event& at, fasti::rows<Turnover>& months) {
  auto row = month_row(m, at, months);
  if (row) row->setPaidOut(row->getPaidOut() + m.getAmount());
}

}  // namespace

std::string month_of(std::int64_t booked_at_ms) {
  const std::chrono::sys_time<std::chrono::milliseconds> time{
      std::chrono::milliseconds{booked_at_ms}};
  const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(time)};
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u", static_cast<int>(day.year()),
                static_cast<unsigned>(day.month()));
  return text.data();
}

void balances::apply(Opened::Reader e, const fasti::recorded_event& at, changes& accounts) {
  auto entry = accounts.at(at.key());
  entry.setAccount(std::string(at.key()));
  entry.setOwner(e.getOwner());
}

void balances::apply(Deposited::Reader e, const fasti::recorded_event& at, changes& accounts) {
  move_balance(accounts.at(at.key()), e.getMovement(), e.getMovement().getAmount());
}

void balances::apply(Withdrawn::Reader e, const fasti::recorded_event& at, changes& accounts) {
  move_balance(accounts.at(at.key()), e.getMovement(), -e.getMovement().getAmount());
}

void balances::apply(InterestCredited::Reader e, const fasti::recorded_event& at,
                     changes& accounts) {
  move_balance(accounts.at(at.key()), e.getMovement(), e.getMovement().getAmount());
}

void balances::apply(FeeCharged::Reader e, const fasti::recorded_event& at, changes& accounts) {
  move_balance(accounts.at(at.key()), e.getMovement(), -e.getMovement().getAmount());
}

void balances::apply(Corrected::Reader e, const fasti::recorded_event& at, changes& accounts) {
  auto entry = accounts.at(at.key());
  entry.setBalance(entry.getBalance() + e.getDifference());
  entry.setCorrected(entry.getCorrected() + 1);
}

void balances::apply(Disputed::Reader e, const fasti::recorded_event& at, changes& accounts) {
  auto entry = accounts.at(at.key());
  entry.setGap(entry.getGap() + e.getDifference());
  entry.setDisputed(entry.getDisputed() + 1);
}

fasti::decision balances::answer(GetBalance::Reader q, const rows_now& all,
                                 Balance::Builder reply) const {
  const auto found = all.find(text_of(q.getAccount()));
  if (!found) return fasti::reject("no-such-account");
  reply.setAccount((*found)->getAccount());
  reply.setOwner((*found)->getOwner());
  reply.setBalance((*found)->getBalance());
  reply.setMovements((*found)->getMovements());
  reply.setStated((*found)->getStated());
  reply.setCorrected((*found)->getCorrected());
  reply.setDisputed((*found)->getDisputed());
  reply.setGap((*found)->getGap());
  return fasti::accept();
}

fasti::decision balances::answer(GetLargest::Reader q, const rows_now& all,
                                 Balances::Builder reply) const {
  std::vector<std::pair<std::int64_t, std::string>> found;
  all.scan("", [&](std::string_view key, Balance::Reader entry) {
    if (entry.getOwner() == Owner::CUSTOMER) found.emplace_back(entry.getBalance(), key);
  });
  const auto count = std::min<std::size_t>(q.getCount(), found.size());
  std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count), found.end(),
                    [](const auto& a, const auto& b) {
                      return a.first != b.first ? a.first > b.first : a.second < b.second;
                    });
  auto list = reply.initRows(static_cast<unsigned>(count));
  for (unsigned i = 0; i < count; ++i) {
    if (const auto entry = all.find(found[i].second)) list.setWithCaveats(i, **entry);
  }
  return fasti::accept();
}

fasti::decision balances::answer(GetAllBalances::Reader, const rows_now& all,
                                 Balances::Builder reply) const {
  unsigned count = 0;
  all.scan("", [&](std::string_view, Balance::Reader) { ++count; });
  auto list = reply.initRows(count);
  unsigned next = 0;
  all.scan("",
           [&](std::string_view, Balance::Reader entry) { list.setWithCaveats(next++, entry); });
  return fasti::accept();
}

fasti::decision balances::answer(GetSummary::Reader, const rows_now& all,
                                 Summary::Builder reply) const {
  all.scan("", [&](std::string_view, Balance::Reader entry) {
    if (entry.getOwner() == Owner::BANK) {
      reply.setBankAccounts(reply.getBankAccounts() + 1);
    } else {
      reply.setAccounts(reply.getAccounts() + 1);
    }
    reply.setMoney(reply.getMoney() + entry.getBalance());
    reply.setStated(reply.getStated() + entry.getStated());
    reply.setCorrected(reply.getCorrected() + entry.getCorrected());
    reply.setDisputed(reply.getDisputed() + entry.getDisputed());
  });
  return fasti::accept();
}

void turnover::apply(Deposited::Reader e, const fasti::recorded_event& at, changes& months) {
  pay_in(e.getMovement(), at, months);
}

void turnover::apply(Withdrawn::Reader e, const fasti::recorded_event& at, changes& months) {
  pay_out(e.getMovement(), at, months);
}

void turnover::apply(InterestCredited::Reader e, const fasti::recorded_event& at, changes& months) {
  pay_in(e.getMovement(), at, months);
}

void turnover::apply(FeeCharged::Reader e, const fasti::recorded_event& at, changes& months) {
  pay_out(e.getMovement(), at, months);
}

fasti::decision turnover::answer(GetTurnover::Reader q, const fasti::view<Turnover>& months,
                                 Turnovers::Builder reply) const {
  const std::string prefix(text_of(q.getMonth()));
  unsigned count = 0;
  months.scan(prefix, [&](std::string_view, Turnover::Reader) { ++count; });
  auto list = reply.initRows(count);
  unsigned next = 0;
  months.scan(prefix, [&](std::string_view, Turnover::Reader entry) {
    list.setWithCaveats(next++, entry);
  });
  return fasti::accept();
}

}  // namespace bank
