#include <algorithm>

#include "fasti/metrics.hpp"

namespace fasti {
namespace {

constexpr auto metrics_type = "text/plain; version=0.0.4; charset=utf-8";

http_reply unavailable(const error& why) { return {.status = 503, .body = why.to_string() + "\n"}; }

http_reply metrics_of(const runtime& rt) {
  const auto stats = rt.stats();
  const auto late = lag_times_of(rt, stats);
  if (!late && late.error().code == errc::closed) return unavailable(late.error());
  // A damaged event is no reason to hide all other figures.
  return {.content_type = metrics_type, .body = metrics_text(stats, late ? *late : lag_times())};
}

http_reply health_of(const runtime& rt) {
  const auto stats = rt.stats();
  if (const auto open = rt.time_behind(stats.journal.head); !open) return unavailable(open.error());
  std::string text;
  for (const auto& line : troubles_of(stats)) text += line + "\n";
  if (text.empty()) return {.body = "ok\n"};
  return {.status = 503, .body = std::move(text)};
}

}  // namespace

result<lag_times> lag_times_of(const runtime& rt, const runtime_stats& stats, timestamp now) {
  lag_times late;
  const auto look = [&](position at) -> result<void> {
    if (late.contains(at)) return {};
    const auto written = rt.time_behind(at);
    if (!written) return written.error();
    if (*written) late[at] = std::max(now - **written, timestamp::duration::zero());
    return {};
  };
  for (const auto& p : stats.projections) {
    if (auto seen = look(p.checkpoint); !seen) return std::move(seen).error();
  }
  for (const auto& s : stats.sinks) {
    if (auto seen = look(s.checkpoint); !seen) return std::move(seen).error();
  }
  for (const auto& s : stats.subscriptions) {
    if (auto seen = look(s.given_up_to); !seen) return std::move(seen).error();
  }
  // Without anybody who could be late the question is still whether it is open.
  if (auto seen = look(stats.journal.head); !seen) return std::move(seen).error();
  return late;
}

http_route metrics_route(const runtime& rt) {
  return {"/metrics", [&rt](const http_request&) { return metrics_of(rt); }};
}

http_route health_route(const runtime& rt) {
  return {"/health", [&rt](const http_request&) { return health_of(rt); }};
}

result<http_server> serve_metrics(const runtime& rt, http_options options) {
  return http_server::open({metrics_route(rt), health_route(rt)}, std::move(options));
}

}  // namespace fasti
