#include "board_figures.hpp"

#include <nlohmann/json.hpp>

#include "inspect.hpp"
#include "views.hpp"

namespace bank {
namespace {

using json_value = nlohmann::ordered_json;

constexpr auto answers_are_fresh_for = std::chrono::milliseconds{500};
/// Older ones are not shown: nobody has looked for a while.
constexpr auto answers_are_shown_for = std::chrono::seconds{5};
constexpr std::uint32_t largest_shown = 10;

json_value json_of(const fasti::projection_status& p, fasti::position head,
                   const fasti::lag_times& late) {
  const auto behind = std::max(head, p.checkpoint);
  json_value seconds = 0;
  if (p.checkpoint < head) {
    const auto known = late.find(p.checkpoint);
    seconds = nullptr;
    if (known != late.end()) seconds = std::chrono::duration<double>(known->second).count();
  }
  return {{"name", p.name},
          {"position", fasti::count_of(p.checkpoint)},
          {"events_behind", fasti::count_of(behind) - fasti::count_of(p.checkpoint)},
          {"seconds_behind", seconds},
          {"stopped", p.stopped ? p.stopped->to_string() : ""}};
}

void add_views(json_value& to, const view_figures& v) {
  to["accounts"] = v.accounts;
  to["money_cents"] = v.money;
  to["largest"] = json_value::array();
  for (const auto& a : v.largest) {
    to["largest"].push_back(
        {{"account", a.account}, {"balance_cents", a.balance}, {"movements", a.movements}});
  }
  to["months"] = json_value::array();
  for (const auto& m : v.months) {
    to["months"].push_back({{"month", m.label},
                            {"paid_in_cents", m.paid_in},
                            {"paid_out_cents", m.paid_out},
                            {"movements", m.movements}});
  }
}

}  // namespace

fasti::result<std::string> board_figures::json() {
  const auto stats = rt_.stats();
  const auto late = fasti::lag_times_of(rt_, stats);
  if (!late) return late.error();
  ask_views();
  const auto uptime = std::chrono::duration_cast<std::chrono::milliseconds>(steady::now() - start_);
  json_value all{{"uptime_ms", uptime.count()},
                 {"commands", settled_.load()},
                 {"expected", expected_.load()},
                 {"position", fasti::count_of(stats.journal.head)}};
  all["views"] = json_value::array();
  for (const auto& p : stats.projections) {
    all["views"].push_back(json_of(p, stats.journal.head, *late));
  }
  const std::lock_guard lock(mutex_);
  all["accounts"] = nullptr;
  const bool is_known = answered_at_ && steady::now() - *answered_at_ < answers_are_shown_for;
  if (is_known) add_views(all, views_);
  return all.dump();
}

void board_figures::ask_views() {
  {
    const std::lock_guard lock(mutex_);
    const auto now = steady::now();
    if (to_come_ > 0 || (answered_at_ && now - asked_at_ < answers_are_fresh_for)) return;
    to_come_ = 3;
    asked_at_ = now;
  }
  // The callbacks may come after the board has gone: they keep what they need.
  const auto self = shared_from_this();
  auto nothing = [](auto) {};
  rt_.query_then<balances, GetSummary>(nothing, [self](auto answer) {
    const std::lock_guard lock(self->mutex_);
    if (answer) take_summary(**answer, self->views_);
    self->on_answer();
  });
  rt_.query_then<balances, GetLargest>([](auto q) { q.setCount(largest_shown); },
                                       [self](auto answer) {
                                         const std::lock_guard lock(self->mutex_);
                                         if (answer) take_largest(**answer, self->views_);
                                         self->on_answer();
                                       });
  rt_.query_then<turnover, GetTurnover>(nothing, [self](auto answer) {
    const std::lock_guard lock(self->mutex_);
    if (answer) take_turnover(**answer, self->views_);
    self->on_answer();
  });
}

/// With the mutex.
void board_figures::on_answer() {
  if (--to_come_ == 0) answered_at_ = steady::now();
}

}  // namespace bank
