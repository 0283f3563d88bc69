#include "runtime/core/recovery.hpp"

#include <algorithm>
#include <limits>

#include "runtime/core/guard.hpp"

namespace fasti::core {
namespace {

/// How far to fold: not beyond either.
struct limit {
  version to = latest_version;
  position until{std::numeric_limits<std::uint64_t>::max()};
};

/// The newest one within the limit.
result<std::optional<snapshot>> find_snapshot(const stream_id& stream,
                                              const snapshot_store& snapshots, limit up_to) {
  while (true) {
    auto found = snapshots.load(stream, up_to.to);
    if (!found || !*found || (*found)->position <= up_to.until) return found;
    up_to.to = version{count_of((*found)->version) - 1};
    if (up_to.to == no_version) return std::optional<snapshot>();
  }
}

/// Why it is of no use, if so.
std::optional<std::string> load_from(recovered_aggregate& into, const snapshot& s,
                                     const detail::decider_port& decider) {
  if (s.type != decider.snapshot->type) {
    return "it is of another type than the decider's `snapshot`";
  }
  if (s.schema != decider.snapshot->schema) return "its struct has changed since it was saved";
  if (auto thrown = thrown_by([&] { into.state->load(s.body); })) {
    into.state = decider.make();
    return "load threw " + *thrown;
  }
  into.version = s.version;
  into.snapshot_version = s.version;
  return std::nullopt;
}

/// The newest one within the limit that is of use.
void load_snapshot(recovered_aggregate& into, const detail::decider_port& decider,
                   const stream_id& stream, const snapshot_store& snapshots, const log_sink& log,
                   limit up_to = {}) {
  if (!decider.snapshot) return;
  const std::string passed_over = "snapshot of " + std::string(stream.text());
  while (up_to.to != no_version) {
    auto found = find_snapshot(stream, snapshots, up_to);
    if (!found) return log(log_level::warning, passed_over + ": " + found.error().to_string());
    if (!*found) return;
    const auto why = load_from(into, **found, decider);
    if (!why) return;
    const auto v = count_of((*found)->version);
    log(log_level::warning,
        passed_over + " at version " + std::to_string(v) + " passed over: " + *why);
    up_to.to = version{v - 1};
  }
}

error evolve_error(const recorded_event& e, const std::string& thrown) {
  return {errc::corrupt, "evolve-failed",
          std::string(e.stream) + " version " + std::to_string(count_of(e.version)) +
              " at position " + std::to_string(count_of(e.position)) + ": " + thrown};
}

/// How far the journal went.
struct folded {
  version reached{};  // the stream's version
  bool met_truncated = false;
};

/// Folds what comes after `into.version`, up to the limit, or to the first truncated event.
result<folded> fold_events(recovered_aggregate& into, const stream_id& stream,
                           const journal& events, limit up_to) {
  std::optional<error> failed;
  folded done;
  auto read = events.read_stream(
      stream, {.from = next(into.version), .to = up_to.to}, [&](const recorded_event& e) {
        if (e.position > up_to.until) return visit::stop;
        if (e.is_truncated()) {
          done.met_truncated = true;
          return visit::stop;
        }
        auto thrown = thrown_by([&] { into.state->evolve(e.type, e.body); });
        if (thrown) {
          failed = evolve_error(e, *thrown);
          return visit::stop;
        }
        into.version = e.version;
        into.tail_bytes += e.body.size_bytes();
        return visit::more;
      });
  if (failed) return *std::move(failed);
  if (!read) return std::move(read).error();
  done.reached = *read;
  return done;
}

error base_error(const stream_id& stream, const std::string& what) {
  return {errc::corrupt, "base-unusable",
          "what is left of " + std::string(stream.text()) + " rests on a saved state: " + what};
}

/// The state that a truncated stream begins with.
result<recovered_aggregate> base_of(const detail::decider_port& decider, const stream_id& stream,
                                    const journal& events, limit up_to) {
  auto cut = events.truncation_of(stream);
  if (!cut) return std::move(cut).error();
  if (!*cut) return base_error(stream, "nothing says where it is");
  const snapshot& base = (*cut)->base;
  if (!decider.snapshot || base.type != decider.snapshot->type) {
    return base_error(stream, "its type is not the decider's `snapshot`; give that its id back");
  }
  recovered_aggregate aggregate{decider.make(), base.version, base.version};
  if (base.version > up_to.to || base.position > up_to.until) {
    return error{errc::invalid, "truncated",
                 std::string(stream.text()) + " begins at version " +
                     std::to_string(count_of(base.version)) + " now: " + (*cut)->reason};
  }
  if (auto thrown = thrown_by([&] { aggregate.state->load(base.body); })) {
    return base_error(stream, "load threw " + *thrown);
  }
  return aggregate;
}

/// Folds what comes after `into.version`, up to the limit; starts over from the stream's base when
/// that is not all there. Returns the stream's version.
result<version> fold_tail(recovered_aggregate& into, const detail::decider_port& decider,
                          const stream_id& stream, const journal& events, limit up_to = {}) {
  auto done = fold_events(into, stream, events, up_to);
  if (!done) return std::move(done).error();
  if (!done->met_truncated) return done->reached;
  auto base = base_of(decider, stream, events, up_to);
  if (!base) return std::move(base).error();
  into = *std::move(base);
  done = fold_events(into, stream, events, up_to);
  if (!done) return std::move(done).error();
  if (done->met_truncated) return base_error(stream, "events behind it are truncated, too");
  return done->reached;
}

error incomplete(const stream_id& stream, version has, version reached) {
  return {errc::corrupt, "stream-incomplete",
          std::string(stream.text()) + " has version " + std::to_string(count_of(has)) +
              ", but reading ended at " + std::to_string(count_of(reached))};
}

}  // namespace

result<recovered_aggregate> recover(const detail::decider_port& decider, const stream_id& stream,
                                    const journal& events, const snapshot_store& snapshots,
                                    const log_sink& log) {
  recovered_aggregate aggregate{decider.make(), no_version, no_version};
  load_snapshot(aggregate, decider, stream, snapshots, log);
  auto reached = fold_tail(aggregate, decider, stream, events);
  if (reached && *reached < aggregate.version) {
    log(log_level::warning, "snapshot of " + std::string(stream.text()) + " at version " +
                                std::to_string(count_of(aggregate.version)) +
                                " passed over: it is newer than its stream");
    const limit up_to{.to = *reached};
    aggregate = {decider.make(), no_version, no_version};
    load_snapshot(aggregate, decider, stream, snapshots, log, up_to);
    reached = fold_tail(aggregate, decider, stream, events);
  }
  if (!reached) return std::move(reached).error();
  if (*reached != aggregate.version) return incomplete(stream, *reached, aggregate.version);
  return aggregate;
}

result<recovered_aggregate> recover_at(const detail::decider_port& decider, const stream_id& stream,
                                       const journal& events, const snapshot_store& snapshots,
                                       const log_sink& log, const moment& when) {
  limit up_to{.to = when.version};
  if (when.time < timestamp::max()) {
    auto last = events.position_before(when.time + timestamp::duration{1});
    if (!last) return std::move(last).error();
    up_to.until = *last;
  }
  auto has = events.stream_version(stream);
  if (!has) return std::move(has).error();
  if (when.version != latest_version && when.version > *has) {
    return error{
        errc::invalid, "no-such-version",
        std::string(stream.text()) + " has come to version " + std::to_string(count_of(*has))};
  }
  up_to.to = std::min(up_to.to, *has);  // a snapshot that is newer is none of this stream's
  recovered_aggregate aggregate{decider.make(), no_version, no_version};
  load_snapshot(aggregate, decider, stream, snapshots, log, up_to);
  auto reached = fold_tail(aggregate, decider, stream, events, up_to);
  if (!reached) return std::move(reached).error();
  const bool by_time = when.time < timestamp::max();
  if (!by_time && aggregate.version != up_to.to) {
    return incomplete(stream, *reached, aggregate.version);
  }
  return aggregate;
}

result<recovered_aggregate> replay(const detail::decider_port& decider, const stream_id& stream,
                                   const journal& events, version to) {
  recovered_aggregate aggregate{decider.make(), no_version, no_version};
  auto reached = fold_tail(aggregate, decider, stream, events, {.to = to});
  if (!reached) return std::move(reached).error();
  if (aggregate.version != to) return incomplete(stream, *reached, aggregate.version);
  return aggregate;
}

}  // namespace fasti::core
