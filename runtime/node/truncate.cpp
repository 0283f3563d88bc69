#include "runtime/core/guard.hpp"
#include "runtime/core/outbox.hpp"
#include "runtime/core/parked_events.hpp"
#include "runtime/core/recovery.hpp"
#include "runtime/core/stored_rows.hpp"
#include "runtime/core/view_generations.hpp"
#include "runtime/node/node.hpp"

namespace fasti {
namespace {

error refused(const stream_id& stream, const char* reason, const std::string& why) {
  return {errc::conflict, reason, std::string(stream.text()) + " is not truncated: " + why};
}

/// What `save` makes of it; none when it throws.
std::optional<std::vector<word>> saved(const detail::aggregate_state& state) {
  message_scratch scratch;
  std::vector<word> words;
  const auto thrown = core::thrown_by([&] {
    state.save(scratch.begin());
    scratch.finish(words);
  });
  if (thrown) return std::nullopt;
  return words;
}

}  // namespace

result<truncation> runtime::node::truncate(std::string_view stream, version up_to,
                                           std::string_view reason) {
  const visit_guard visit(*this);
  if (visit.is_too_late()) return closed_error();
  auto of = find_target(stream);
  if (!of) return std::move(of).error();
  auto base = proven_snapshot(*of, up_to);
  if (!base) return std::move(base).error();
  if (auto folded = check_folded(of->stream, up_to); !folded) return std::move(folded).error();
  truncation t;
  t.stream = of->stream;
  t.up_to = up_to;
  t.base = *std::move(base);
  t.reason = reason;
  return storage_.journal->truncate(std::move(t));
}

result<void> runtime::node::forget_view(std::string_view name) {
  const visit_guard visit(*this);
  if (visit.is_too_late()) return closed_error();
  const std::unique_lock lock(mutex_);  // none is added meanwhile
  if (projections_.find(name) != projections_.end()) {
    return error{errc::invalid, "projection-in-use",
                 "\"" + std::string(name) + "\" was added to this runtime"};
  }
  return core::clear_all(*storage_.views, name);
}

/// The newest snapshot, read again and held against a replay.
result<snapshot> runtime::node::proven_snapshot(const target& of, version up_to) const {
  auto loaded = storage_.snapshots->load(of.stream, latest_version);
  if (!loaded) return std::move(loaded).error();
  auto actual = storage_.journal->stream_version(of.stream);
  if (!actual) return std::move(actual).error();
  const auto& port = *of.decider;
  const bool is_usable = *loaded && port.snapshot && (*loaded)->type == port.snapshot->type &&
                         (*loaded)->version >= up_to && (*loaded)->version <= *actual;
  if (!is_usable) {
    return refused(of.stream, "no-snapshot",
                   *loaded ? "its newest snapshot is of version " +
                                 std::to_string(count_of((*loaded)->version))
                           : "it has no snapshot");
  }
  snapshot found = **std::move(loaded);
  auto replayed = core::replay(port, of.stream, *storage_.journal, found.version);
  if (!replayed) return std::move(replayed).error();
  const auto from_snapshot = port.make();
  const auto thrown = core::thrown_by([&] { from_snapshot->load(found.body); });
  const auto expected = saved(*replayed->state);
  if (thrown || !expected || saved(*from_snapshot) != expected) {
    return refused(of.stream, "snapshot-differs",
                   "its newest snapshot does not equal a replay of its events");
  }
  return found;
}

/// Every view has folded the events up to that version.
result<void> runtime::node::check_folded(const stream_id& stream, version up_to) const {
  position last{};
  auto read = storage_.journal->read_stream(stream, {.from = up_to, .to = up_to},
                                            [&last](const recorded_event& e) {
                                              last = e.position;
                                              return visit::stop;
                                            });
  if (!read) return std::move(read).error();
  for (const auto* views : {storage_.views.get(), storage_.memory_views.get()}) {
    if (auto folded = check_folded_in(*views, stream, last); !folded) return folded;
  }
  if (auto taken = check_taken(stream, last); !taken) return taken;
  const core::stored_rows outbox(*storage_.views, std::string(core::outbox_view));
  bool pending = false;
  const auto thrown = core::thrown_by([&] { pending = is_pending(outbox, stream.text(), last); });
  if (thrown) return error{errc::corrupt, "outbox-unreadable", *thrown};
  if (pending) {
    return refused(stream, "outbox-pending",
                   "a command or a timer that stands there is not settled yet");
  }
  // What they have folded must not be taken back by a crash: the events are gone then.
  return storage_.views->sync();
}

/// Every sink of this program has taken them.
result<void> runtime::node::check_taken(const stream_id& stream, position last) const {
  const std::shared_lock lock(mutex_);
  for (const auto& [name, courier] : sinks_) {
    const auto at = courier->reached();
    if (at >= last) continue;
    return refused(stream, "sink-behind",
                   "sink " + name + " has taken what it wants up to position " +
                       std::to_string(count_of(at)) + ", these events end at " +
                       std::to_string(count_of(last)) + "; let it catch up");
  }
  return {};
}

/// … in that store, and none of them has one parked.
result<void> runtime::node::check_folded_in(const view_reader& views, const stream_id& stream,
                                            position last) const {
  auto checkpoints = views.checkpoints();
  if (!checkpoints) return std::move(checkpoints).error();
  for (const auto& [name, at] : *checkpoints) {
    const std::string view(core::view_named(name));
    if (view == core::generations_view) continue;
    if (at < last) {
      return refused(stream, "view-behind",
                     "view " + view + " has folded up to position " + std::to_string(count_of(at)) +
                         ", these events end at " + std::to_string(count_of(last)) +
                         "; let it catch up, or forget_view");
    }
    core::parked_events parked;
    if (auto loaded = parked.load(views, name); !loaded) return loaded;
    for (const auto& [position, e] : parked.all()) {
      if (position > last || e.stream != stream.text()) continue;
      return refused(stream, "view-behind",
                     "view " + view + " has parked the event at position " +
                         std::to_string(count_of(position)) + "; replay or skip it");
    }
  }
  return {};
}

}  // namespace fasti
