#include "runtime/core/recovery.hpp"

#include "runtime/core/guard.hpp"

namespace fasti::core {
namespace {

void load_snapshot(recovered_aggregate& into, const detail::decider_port& decider,
                   const stream_id& stream, const snapshot_store& snapshots, const log_sink& log) {
  if (!decider.snapshot) return;
  auto found = snapshots.load(stream, latest_version);
  if (!found) {
    log(log_level::warning, "snapshot passed over: " + found.error().to_string());
    return;
  }
  if (!*found || (*found)->type != *decider.snapshot) return;
  const snapshot& s = **found;
  if (auto thrown = thrown_by([&] { into.state->load(s.body); })) {
    log(log_level::warning, "snapshot of " + std::string(stream.text()) + " at version " +
                                std::to_string(count_of(s.version)) + " passed over: load threw " +
                                *thrown);
    into.state = decider.make();
    return;
  }
  into.version = s.version;
  into.snapshot_version = s.version;
}

error evolve_error(const recorded_event& e, const std::string& thrown) {
  return {errc::corrupt, "evolve-failed",
          std::string(e.stream) + " version " + std::to_string(count_of(e.version)) +
              " at position " + std::to_string(count_of(e.position)) + ": " + thrown};
}

/// Folds what comes after `into.version`; returns the stream's version.
result<version> fold_tail(recovered_aggregate& into, const stream_id& stream,
                          const journal& events) {
  std::optional<error> failed;
  auto read = events.read_stream(
      stream, {.from = next(into.version)}, [&into, &failed](const recorded_event& e) {
        auto thrown = thrown_by([&] { into.state->evolve(e.type, e.body); });
        if (thrown) {
          failed = evolve_error(e, *thrown);
          return visit::stop;
        }
        into.version = e.version;
        return visit::more;
      });
  if (failed) return *std::move(failed);
  return read;
}

}  // namespace

result<recovered_aggregate> recover(const detail::decider_port& decider, const stream_id& stream,
                                    const journal& events, const snapshot_store& snapshots,
                                    const log_sink& log) {
  recovered_aggregate aggregate{decider.make(), no_version, no_version};
  load_snapshot(aggregate, decider, stream, snapshots, log);
  auto reached = fold_tail(aggregate, stream, events);
  if (reached && *reached < aggregate.version) {
    log(log_level::warning,
        "snapshot of " + std::string(stream.text()) + " is newer than its stream; replaying");
    aggregate = {decider.make(), no_version, no_version};
    reached = fold_tail(aggregate, stream, events);
  }
  if (!reached) return std::move(reached).error();
  if (*reached != aggregate.version) {
    return error{errc::corrupt, "stream-incomplete",
                 std::string(stream.text()) + " has version " + std::to_string(count_of(*reached)) +
                     ", but reading ended at " + std::to_string(count_of(aggregate.version))};
  }
  return aggregate;
}

}  // namespace fasti::core
