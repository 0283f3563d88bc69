#include <algorithm>
#include <nlohmann/json.hpp>

#include "figures.hpp"

namespace bank {
namespace {

using json = nlohmann::ordered_json;

json commands_json(const drive_result& d) {
  const auto us = [&d](double q) { return static_cast<double>(d.latency_ns.quantile(q)) / 1000; };
  const auto settled = static_cast<double>(d.committed + d.rejected_in_all());
  return {
      {"committed", d.committed},
      {"of_an_earlier_run", d.repeated},
      {"rejected", d.rejected_in_all()},
      {"rejected_by_reason", d.rejected},
      {"pushed_back", d.pushed_back},
      {"in_flight_max", d.in_flight_seen},
      {"seconds", d.seconds},
      {"per_second", settled / std::max(d.seconds, 1e-6)},
      {"latency_us", {{"p50", us(0.5)}, {"p99", us(0.99)}, {"p99_9", us(0.999)}, {"max", us(1)}}}};
}

json turnover_json(const std::vector<turnover_figure>& rows, const char* label) {
  auto list = json::array();
  for (const auto& row : rows) {
    list.push_back({{label, row.label},
                    {"paid_in_cents", row.paid_in},
                    {"paid_out_cents", row.paid_out},
                    {"movements", row.movements}});
  }
  return list;
}

json accounts_json(const std::vector<account_figure>& rows) {
  auto list = json::array();
  for (const auto& row : rows) {
    list.push_back(
        {{"account", row.account}, {"balance_cents", row.balance}, {"movements", row.movements}});
  }
  return list;
}

json checks_json(const std::vector<check>& checks) {
  auto list = json::array();
  for (const auto& c : checks) {
    list.push_back({{"what", c.what}, {"holds", c.holds}, {"detail", c.detail}});
  }
  return list;
}

}  // namespace

std::string report_json(const figures& f) {
  const auto& v = f.views;
  const auto& j = f.journal;
  const auto& r = f.recovery;
  json all{{"source", f.source}, {"directory", f.directory}};
  all["commands"] = commands_json(f.drive);
  if (f.is_replay) {
    all["rows"] = {
        {"exact", v.exact}, {"within_rounding", v.corrected}, {"unexplained", v.disputed}};
    all["bad_rows"] = f.bad_rows;
  }
  all["accounts"] = v.accounts;
  all["bank_accounts"] = v.bank_accounts;
  all["money_cents"] = v.money;
  const auto events = static_cast<double>(std::max<std::uint64_t>(j.events, 1));
  all["journal"] = {{"events", j.events},
                    {"bytes", j.bytes},
                    {"bytes_per_event", static_cast<double>(j.bytes) / events},
                    {"commits", j.commits},
                    {"syncs", j.syncs},
                    {"views_behind_seconds", v.seconds_behind}};
  all["recovery"] = {{"open_seconds", r.open_seconds},
                     {"views_seconds", r.views_seconds},
                     {"accounts", r.accounts},
                     {"accounts_seconds", r.accounts_seconds},
                     {"snapshots_loaded", r.snapshots_loaded},
                     {"events_replayed", r.events_replayed}};
  all["largest_accounts"] = accounts_json(v.largest);
  all["turnover"] = {{"months", turnover_json(v.months, "month")},
                     {"purposes", turnover_json(v.purposes, "purpose")}};
  all["checks"] = checks_json(f.checks);
  return all.dump(2);
}

}  // namespace bank
