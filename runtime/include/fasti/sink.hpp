#pragma once
/// A sink takes recorded events out of fasti: into a database, a search index, a queue, mail.
///
///     class mailer final : public fasti::sink {
///      public:
///       std::string name() const override { return "mail"; }
///       fasti::event_filter only() const override { return {.types = {fasti::type_id_of<Lent>}}; }
///       fasti::result<std::optional<fasti::checkpoint>> reached() override;  // how far is it?
///       fasti::result<void> take(const fasti::event_batch& batch) override;  // do it, and keep
///     };                                                                     // batch.up_to()
///
///     rt.add_sink(std::make_unique<mailer>(…), {.on_failure = {.retries_max = 10}});
///     rt.wait_for_sink("mail", receipt.position, 5s);   // read your own write
///
/// The sink alone knows how far it is, so that what it did and its checkpoint can be kept in one
/// step. Who can do that has each event exactly once: the table in SQLite of `fasti/sqlite.hpp`
/// does. All others get each event **at least once**, in order (P9): after a crash or a failure
/// what is behind the checkpoint comes again, with the same `position` and the same `id`. That id,
/// a UUID, is the idempotency key: hand it to whoever can tell a repeat by it.
///
/// A sink has a thread of its own and may block on it. The journal is its buffer: in memory there
/// are the batch at work and the next one.

#include <optional>
#include <string>

#include "fasti/parking.hpp"
#include "fasti/subscription.hpp"

namespace fasti {

/// What a user writes for a place outside. `reached` and `take` are called on one thread, one call
/// at a time; what they throw counts as an error.
class sink {
 public:
  virtual ~sink() = default;

  /// For `stats()`, the log and `wait_for_sink`. The same at every call, as is the filter.
  [[nodiscard]] virtual std::string name() const = 0;
  /// The events that it wants.
  [[nodiscard]] virtual event_filter only() const { return {}; }

  /// The checkpoint that was kept last; none: there is none yet. Asked at the start and after each
  /// failure, which may have come behind the moment when a batch was kept: events come from behind
  /// it. One of another journal, or ahead of this one, stops the sink.
  [[nodiscard]] virtual result<std::optional<checkpoint>> reached() = 0;
  /// Takes the events of a batch, in their order, and keeps `batch.up_to()`; success says that both
  /// will survive. May take as long as it has to. A batch may be empty: then there is a checkpoint
  /// to keep, that is all. The first one is, for a sink that has none yet.
  [[nodiscard]] virtual result<void> take(const event_batch& batch) = 0;
};

struct sink_options {
  /// Where one begins that has no checkpoint yet.
  start_at from = start_at::beginning();
  /// When `reached` or `take` fails: so many tries in a row, then it stops, with the error; others
  /// go on. What is `corrupt` is not tried again. A sink cannot park events.
  failure_policy on_failure = {};
  /// A batch ends when it has so many events, or with the one that passes these bytes.
  std::size_t batch_events_max = 1024;
  std::size_t batch_bytes_max = 256U << 10;
};

/// How a sink is doing.
struct sink_status {
  std::string name;
  position checkpoint{};              ///< All that it wants up to here is in it.
  std::optional<error> stopped = {};  ///< Why it takes no more, if so.
  std::optional<error> failing = {};  ///< What it waits to try again, if so, for …
  unsigned retries = 0;               ///< … so many times.
  std::uint64_t events_taken = 0;     ///< Since it was added, repeats too …
  double events_per_second = 0;       ///< … and as of late: half of it is of the last 5 s.
};

}  // namespace fasti
