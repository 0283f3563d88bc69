#pragma once
/// What a projection or a process manager does with an event that it cannot handle: stop there
/// (unless told otherwise), try it again, or park it and go on.
///
///     rt.add<invoices>({.on_failure = {.retries_max = 5, .then = fasti::when_failing::park}});
///     …
///     for (const auto& p : *rt.parked<invoices>()) std::cout << p.reason << '\n';
///     rt.replay_parked<invoices>();            // with a program that was mended
///
/// A parked event is kept by its position, and with it all later ones of its key, which wait behind
/// it: events of one key are handled in their order, always. The key of a projection is the event's
/// stream, unless it has a `static std::string order_key(const recorded_event&)`; that of process
/// managers says which of them the event concerns. Other keys, and other projections and process
/// managers, go on.
///
/// (Peers call the place where such events go a dead letter queue; here nothing is copied there.)

#include <chrono>
#include <cstdint>
#include <string>

#include "fasti/ids.hpp"

namespace fasti {

enum class when_failing : std::uint8_t {
  stop,  ///< Nothing is skipped; what is before the event is handled.
  park   ///< Where one key's events do not need those of another.
};

struct failure_policy {
  /// So often an event that `apply` or `react` failed at is tried again before `then`, and so often
  /// a store that is `unavailable`. The projection waits meanwhile, and answers queries; of process
  /// managers only the one waits whose event it is.
  unsigned retries_max = 0;
  std::chrono::milliseconds backoff{100};  ///< Before the first retry; twice as long each time …
  std::chrono::milliseconds backoff_max{60'000};  ///< … up to this. Looked at every 100 ms.
  when_failing then = when_failing::stop;
  /// So many events are parked, those that wait included; at it nothing more is handled.
  std::size_t parked_max = 1000;
};

/// An event that was not handled.
struct parked_event {
  fasti::position position{};
  std::string stream;
  std::string key;     ///< Later events with this one wait behind it.
  std::string reason;  ///< What was thrown; empty: it waits behind an earlier one of its key.
  timestamp parked_at;
};

/// What came of a replay of parked events.
struct parked_replay {
  std::size_t applied = 0;  ///< Handled.
  std::size_t still_parked = 0;
};

}  // namespace fasti
