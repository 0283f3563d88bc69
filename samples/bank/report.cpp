#include <algorithm>
#include <string>

#include "figures.hpp"
#include "money.hpp"
#include "text.hpp"

namespace bank {
namespace {

constexpr std::size_t label_width = 24;
constexpr std::size_t number_width = 16;
constexpr std::size_t bar_width = 24;
constexpr std::size_t purposes_max = 12;

class page {
 public:
  explicit page(bool colour) : colour_(colour) {}

  void heading(std::string_view title, std::string_view more = {}) {
    text_ += '\n' + paint("1", title);
    if (!more.empty()) text_.append("  ").append(paint("2", more));
    text_ += '\n';
  }
  void line(std::string_view label, std::string_view number, std::string_view more = {}) {
    text_ += "  " + pad_right(label, label_width) + pad_left(number, number_width);
    if (!more.empty()) text_.append("   ").append(paint("2", more));
    text_ += '\n';
  }
  void count(std::string_view label, std::uint64_t n, std::string_view more = {}) {
    line(label, count_text(n), more);
  }
  void raw(std::string_view text) { text_.append(text).append("\n"); }
  [[nodiscard]] std::string paint(std::string_view code, std::string_view text) const {
    if (!colour_) return std::string(text);
    return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  bool colour_;
  std::string text_;
};

std::string latency_text(const histogram& h, double q) {
  return duration_text(static_cast<double>(h.quantile(q)) * 1e-9);
}

void add_commands(page& p, const figures& f) {
  const auto& d = f.drive;
  p.heading("Commands");
  const auto before =
      d.repeated == 0 ? std::string{} : count_text(d.repeated) + " of them by an earlier run";
  p.count("committed", d.committed, before);
  p.count("rejected", d.rejected_in_all());
  for (const auto& [reason, count] : d.rejected) p.count("  " + reason, count);
  if (d.pushed_back > 0) p.count("pushed back, sent again", d.pushed_back);
  for (const auto& [reason, count] : f.bad_rows) p.count("bad rows: " + reason, count);
  const auto settled = static_cast<double>(d.committed + d.rejected_in_all());
  p.count(
      "commands/s", static_cast<std::uint64_t>(settled / std::max(d.seconds, 1e-6)),
      "in " + duration_text(d.seconds) + ", up to " + count_text(d.in_flight_seen) + " in flight");
  p.line("latency p50", latency_text(d.latency_ns, 0.5), "from sending to durable");
  p.line("latency p99", latency_text(d.latency_ns, 0.99));
  p.line("latency p99.9", latency_text(d.latency_ns, 0.999));
}

void add_comparison(page& p, const view_figures& v) {
  p.heading("Balance after each row", "ours against the bank's own");
  p.count("exact", v.exact);
  p.count("within rounding", v.corrected, "off by 0.10 at most; re-based by an event Corrected");
  p.count("unexplained", v.disputed, v.disputed == 0 ? "" : "noted by an event Disputed");
}

void add_journal(page& p, const figures& f) {
  const auto& j = f.journal;
  p.heading("Journal", f.directory);
  p.count("events", j.events);
  p.line("size", bytes_text(j.bytes),
         count_text(j.bytes / std::max<std::uint64_t>(j.events, 1)) + " bytes per event");
  if (j.syncs > 0) {
    p.count("syncs", j.syncs, count_text(j.commits / j.syncs) + " commits each");
  }
  p.line("views behind by", duration_text(f.views.seconds_behind), "when the last receipt came");
}

void add_recovery(page& p, const recovery_figures& r) {
  p.heading("Closed and opened again");
  p.line("taking commands after", duration_text(r.open_seconds));
  p.line("views answer after", duration_text(r.views_seconds));
  p.line("accounts back after", duration_text(r.accounts_seconds),
         count_text(r.accounts) + " from " + count_text(r.snapshots_loaded) + " snapshots and " +
             count_text(r.events_replayed) + " events");
}

void add_largest(page& p, const view_figures& v) {
  p.heading("The largest accounts", "of " + count_text(v.accounts));
  for (const auto& a : v.largest) {
    p.line(a.account, money_text(a.balance), count_text(a.movements) + " movements");
  }
}

void add_turnover(page& p, std::string_view title, const std::vector<turnover_figure>& rows) {
  std::int64_t most = 1;
  for (const auto& row : rows) most = std::max(most, row.paid_in + row.paid_out);
  p.heading(title);
  p.raw(p.paint("2", "  " + std::string(16 + bar_width, ' ') + pad_left("paid in", number_width) +
                         pad_left("paid out", number_width) + pad_left("movements", 12)));
  for (const auto& row : rows) {
    const auto share = static_cast<double>(row.paid_in + row.paid_out) / static_cast<double>(most);
    p.raw("  " + pad_right(row.label, 16) + pad_right(bar(share, bar_width), bar_width) +
          pad_left(money_text(row.paid_in), number_width) +
          pad_left(money_text(row.paid_out), number_width) +
          pad_left(count_text(row.movements), 12));
  }
}

void add_checks(page& p, const std::vector<check>& checks) {
  p.heading("Checks");
  for (const auto& c : checks) {
    p.raw("  " + (c.holds ? p.paint("32", "✓") : p.paint("31", "✗")) + ' ' + c.what);
    if (!c.detail.empty()) p.raw("    " + p.paint("2", c.detail));
  }
}

}  // namespace

std::string report_text(const figures& f, bool colour) {
  page p(colour);
  p.raw(p.paint("1", "bank") + "  " + f.source);
  add_commands(p, f);
  if (f.is_replay) add_comparison(p, f.views);
  add_journal(p, f);
  add_recovery(p, f.recovery);
  add_largest(p, f.views);
  add_turnover(p, "Turnover per month", f.views.months);
  auto purposes = f.views.purposes;
  if (purposes.size() > purposes_max) purposes.resize(purposes_max);
  add_turnover(p, "Turnover per purpose", purposes);
  add_checks(p, f.checks);
  return p.take();
}

}  // namespace bank
