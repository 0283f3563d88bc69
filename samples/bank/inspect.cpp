#include "inspect.hpp"

#include <algorithm>
#include <deque>
#include <future>
#include <map>
#include <utility>

#include "money.hpp"
#include "views.hpp"

namespace bank {
namespace {

constexpr auto patience = std::chrono::minutes{5};
constexpr std::uint32_t largest_count = 10;
constexpr std::size_t questions_in_flight = 1024;

template <class... Events>
void evolve(account& a, const fasti::recorded_event& e, fasti::types<Events...>) {
  fasti::body_reader body(e.body);
  ((e.type == fasti::type_id_of<Events> ? a.evolve(body.root<Events>()) : void()), ...);
}

fasti::query_options at_head(fasti::runtime& rt) {
  return {.visible_at = rt.journal().head(), .timeout = patience};
}

double seconds_since(steady::time_point start) {
  return std::chrono::duration<double>(steady::now() - start).count();
}

/// Counts differences and words the first.
class difference_log {
 public:
  void add(const std::string& account, std::int64_t expected, std::int64_t found) {
    if (count_++ > 0) return;
    first_ = account + " should have " + money_text(expected) + ", has " + money_text(found);
  }
  void add(std::string text) {
    if (count_++ == 0) first_ = std::move(text);
  }
  [[nodiscard]] check verdict(std::string what, std::string when_fine) const {
    if (count_ == 0) return {std::move(what), true, std::move(when_fine)};
    return {std::move(what), false, count_text(count_) + " differ; first: " + first_};
  }

 private:
  std::uint64_t count_ = 0;
  std::string first_;
};

}  // namespace

fasti::result<folded_bank> fold_journal(const fasti::journal& journal) {
  folded_bank folded;
  fasti::journal_range accounts;
  accounts.categories = {account::category};
  auto read = journal.read(accounts, [&folded](const fasti::recorded_event& e) {
    auto& a = folded[std::string(e.key())];
    evolve(a.state, e, account::events{});
    a.version = e.version;
    return fasti::visit::more;
  });
  if (!read) return std::move(read).error();
  return folded;
}

void take_turnover(Turnovers::Reader rows, view_figures& v) {
  std::map<std::string, turnover_figure> months;
  std::map<std::string, turnover_figure> purposes;
  auto add = [](std::map<std::string, turnover_figure>& to, std::string label,
                Turnover::Reader row) {
    auto& figure = to[label];
    figure.label = std::move(label);
    figure.paid_in += row.getPaidIn();
    figure.paid_out += row.getPaidOut();
    figure.movements += row.getMovements();
  };
  for (const auto row : rows.getRows()) {
    add(months, row.getMonth().cStr(), row);
    add(purposes, row.getPurpose().size() > 0 ? row.getPurpose().cStr() : "(none given)", row);
  }
  v.months.clear();
  v.purposes.clear();
  for (auto& [label, figure] : months) v.months.push_back(std::move(figure));
  for (auto& [label, figure] : purposes) v.purposes.push_back(std::move(figure));
  std::sort(v.purposes.begin(), v.purposes.end(), [](const auto& a, const auto& b) {
    return a.paid_in + a.paid_out > b.paid_in + b.paid_out;
  });
}

void take_summary(Summary::Reader sums, view_figures& v) {
  v.accounts = sums.getAccounts();
  v.bank_accounts = sums.getBankAccounts();
  v.money = sums.getMoney();
  v.exact = sums.getStated() - sums.getCorrected() - sums.getDisputed();
  v.corrected = sums.getCorrected();
  v.disputed = sums.getDisputed();
}

void take_largest(Balances::Reader rows, view_figures& v) {
  v.largest.clear();
  for (const auto row : rows.getRows()) {
    v.largest.push_back({row.getAccount().cStr(), row.getBalance(), row.getMovements()});
  }
}

fasti::result<view_figures> ask_views(fasti::runtime& rt) {
  const auto start = steady::now();
  view_figures v;
  auto nothing = [](auto) {};
  const auto summary = rt.query<balances, GetSummary>(nothing, at_head(rt)).get();
  if (!summary) return summary.error();
  const auto months = rt.query<turnover, GetTurnover>(nothing, at_head(rt)).get();
  if (!months) return months.error();
  v.seconds_behind = seconds_since(start);
  const auto largest =
      rt.query<balances, GetLargest>([](auto q) { q.setCount(largest_count); }, at_head(rt)).get();
  if (!largest) return largest.error();

  take_summary(**summary, v);
  take_largest(**largest, v);
  take_turnover(**months, v);
  return v;
}

fasti::result<check> compare_view(fasti::runtime& rt, const folded_bank& folded) {
  const auto all = rt.query<balances, GetAllBalances>([](auto) {}, at_head(rt)).get();
  if (!all) return all.error();
  difference_log differences;
  std::size_t seen = 0;
  for (const auto row : (*all)->getRows()) {
    ++seen;
    const auto found = folded.find(row.getAccount().cStr());
    const auto balance = found == folded.end() ? 0 : found->second.state.balance;
    if (found == folded.end() || balance != row.getBalance()) {
      differences.add(row.getAccount().cStr(), balance, row.getBalance());
    }
  }
  if (seen != folded.size()) {
    differences.add("the view has " + count_text(seen) + " accounts, the journal " +
                    count_text(folded.size()));
  }
  return differences.verdict("every balance in the view is the fold of its account's events",
                             count_text(seen) + " accounts");
}

fasti::result<check> compare_accounts(fasti::runtime& rt, const folded_bank& folded,
                                      std::size_t accounts_max, recovery_figures& recovery) {
  const auto start = steady::now();
  difference_log differences;
  std::deque<std::pair<folded_bank::const_iterator,
                       std::future<fasti::result<fasti::owned<AccountState>>>>>
      asked;
  auto take_answer = [&]() -> fasti::result<void> {
    auto [expected, future] = std::move(asked.front());
    asked.pop_front();
    const auto answer = future.get();
    const auto& state = expected->second.state;
    if (answer && (*answer)->getBalance() != state.balance) {
      differences.add(expected->first, state.balance, (*answer)->getBalance());
    } else if (!answer && answer.error().code == fasti::errc::rejected) {
      differences.add(expected->first + ": " + answer.error().reason);
    } else if (!answer) {
      return answer.error();
    }
    return {};
  };
  for (auto a = folded.begin(); a != folded.end() && recovery.accounts < accounts_max; ++a) {
    asked.emplace_back(a, rt.query<account, AskAccount>("account-" + a->first, [](auto) {}));
    ++recovery.accounts;
    if (asked.size() < questions_in_flight) continue;
    if (auto taken = take_answer(); !taken) return std::move(taken).error();
  }
  while (!asked.empty()) {
    if (auto taken = take_answer(); !taken) return std::move(taken).error();
  }
  recovery.accounts_seconds = seconds_since(start);
  const auto stats = rt.stats();
  recovery.snapshots_loaded = stats.snapshots_loaded;
  recovery.events_replayed = stats.events_replayed;
  return differences.verdict("accounts brought back from snapshot and events hold the same",
                             count_text(recovery.accounts) + " accounts");
}

check money_is_conserved(const drive_result& drive, const view_figures& views) {
  const auto there = views.money + drive.in_transit;
  const auto expected = drive.cash_in - drive.cash_out;
  const auto detail = "paid in " + money_text(drive.cash_in) + " − paid out " +
                      money_text(drive.cash_out) + " = on accounts " + money_text(views.money) +
                      " + in transit " + money_text(drive.in_transit);
  return {"money is conserved", there == expected, detail};
}

check ends_on_stated_balances(const drive_result& drive, const folded_bank& folded) {
  difference_log differences;
  std::uint64_t compared = 0;
  for (const auto& [key, trace] : drive.accounts) {
    const auto found = folded.find(key);
    if (found == folded.end()) {
      differences.add(key + " is not in the journal");
      continue;
    }
    if (found->second.version != trace.version) continue;  // newer rows, from another input
    ++compared;
    const auto& state = found->second.state;
    const auto ours = state.balance + state.gap;
    if (ours != *trace.stated_balance) differences.add(key, *trace.stated_balance, ours);
  }
  return differences.verdict("every account ends on the bank's own balance",
                             count_text(compared) + " accounts");
}

}  // namespace bank
