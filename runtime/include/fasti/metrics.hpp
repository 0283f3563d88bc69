#pragma once
/// The figures of a runtime for a scraper, in Prometheus' text format, and whether it is well. Link
/// `fasti::http`.
///
///     auto numbers = fasti::serve_metrics(rt, {.port = 9464});  // /metrics and /health
///
/// Positions rise, so their rates are the scraper's: `rate(fasti_journal_head_position[1m])` is
/// events a second, `rate(fasti_projection_checkpoint_position[1m])` is what a projection handles.

#include <map>

#include "fasti/http.hpp"
#include "fasti/runtime.hpp"

namespace fasti {

/// For those who stand at a position: how old the first event behind it is.
using lag_times = std::map<position, std::chrono::nanoseconds>;

/// … of each projection, sink and subscription in `stats`; who has all there is is not in it. Costs
/// a read of one event for each place where one of them stands. Errors: `closed`, `corrupt`.
[[nodiscard]] result<lag_times> lag_times_of(const runtime& rt, const runtime_stats& stats,
                                             timestamp now = system_now());

/// All of `stats`. Subscriptions of one name are one series: that of the one that is farthest
/// behind. Pure; any thread.
[[nodiscard]] std::string metrics_text(const runtime_stats& stats, const lag_times& late = {});

/// What an operator has to know at once, a sentence each; empty when all is well: the journal takes
/// nothing, a projection or a sink stands still. Pure; any thread.
[[nodiscard]] std::vector<std::string> troubles_of(const runtime_stats& stats);

/// `/metrics`. The runtime must stay where it is until the server has gone; when it is closed the
/// answer is 503.
[[nodiscard]] http_route metrics_route(const runtime& rt);
/// `/health`: 200 and "ok", or 503 and a line for each trouble.
[[nodiscard]] http_route health_route(const runtime& rt);
/// Both, on a server of their own. Errors: those of `http_server::open`.
[[nodiscard]] result<http_server> serve_metrics(const runtime& rt, http_options options = {});

}  // namespace fasti
