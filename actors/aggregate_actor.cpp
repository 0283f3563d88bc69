#include "actors/aggregate_actor.hpp"

#include "actors/caf/send.hpp"

namespace fasti::actors {
namespace {

/// Arrivals handled before other actors get their turn.
constexpr std::size_t arrivals_per_turn = 256;
/// Room that an aggregate keeps for them.
constexpr std::size_t arrivals_kept = 64;

using load_outcome = result<core::recovered_aggregate>;

void tell_loaded(const aggregate_actor& to, load_outcome outcome) {
  actors::send(to, aggregate_loaded{std::make_shared<load_outcome>(std::move(outcome))});
}

/// Reads the aggregate on a reader thread.
void start_load(const services& node, const fasti::detail::decider_port& decider,
                const stream_id& stream, const aggregate_actor& to) {
  const bool started = node.readers.run([&node, &decider, stream, to] {
    auto loaded = core::recover(decider, stream, node.journal, node.snapshots, node.options.log);
    if (loaded) {
      const auto tail = count_of(loaded->version) - count_of(loaded->snapshot_version);
      node.figures.events_replayed += tail;
      if (loaded->version != no_version) ++node.figures.aggregates_recovered;
      if (loaded->snapshot_version != no_version) ++node.figures.snapshots_loaded;
    }
    tell_loaded(to, std::move(loaded));
  });
  if (!started) tell_loaded(to, error{errc::closed, "closed", "the runtime is closing"});
}

/// Waits behind everything that was handed to the journal before, then loads.
class load_barrier final : public commit_observer {
 public:
  load_barrier(const services& node, const fasti::detail::decider_port& decider, stream_id stream,
               aggregate_actor to)
      : node_(node), decider_(decider), stream_(std::move(stream)), to_(std::move(to)) {}
  void on_outcome(result<committed> outcome) noexcept override {
    if (!outcome) return tell_loaded(to_, std::move(outcome).error());
    start_load(node_, decider_, stream_, to_);
  }

 private:
  const services& node_;
  const fasti::detail::decider_port& decider_;
  const stream_id stream_;
  const aggregate_actor to_;
};

/// Saves a snapshot once what it shows is durable.
class snapshot_barrier final : public commit_observer {
 public:
  snapshot_barrier(const services& node, snapshot&& s)
      : node_(node), snapshot_(std::make_shared<snapshot>(std::move(s))) {}
  void on_outcome(result<committed> outcome) noexcept override {
    if (!outcome) return;
    snapshot_->position = outcome->last_position;
    // Much to do: left out, the next one comes.
    static_cast<void>(node_.readers.run_if_idle([&node = node_, s = snapshot_] {
      if (auto saved = node.snapshots.save(*s)) {
        ++node.figures.snapshots_saved;
      } else {
        node.options.log(log_level::warning, "snapshot not saved: " + saved.error().to_string());
      }
    }));
  }

 private:
  const services& node_;
  std::shared_ptr<snapshot> snapshot_;
};

}  // namespace

aggregate_actor_impl::aggregate_actor_impl(const actor_setup& setup, stream_id stream,
                                           const fasti::detail::decider_port& decider,
                                           std::shared_ptr<aggregate_slot> slot,
                                           const services& node)
    : actor_base(setup),
      node_(node),
      decider_(decider),
      slot_(std::move(slot)),
      machine_(std::move(stream), decider, *this,
               {node.options.snapshot_every_events, node.options.snapshot_every_bytes}) {}

aggregate_actor_impl::behavior aggregate_actor_impl::make_behavior() {
  return handlers(&aggregate_actor_impl::on_inbox_ready, &aggregate_actor_impl::on_loaded);
}

void aggregate_actor_impl::on_stop() {
  const error why{errc::closed, "closed", "the aggregate left memory; send again"};
  machine_.drop(why);
  for (auto& arrival : slot_->arrivals.close()) {
    core::refuse(arrival, why);
  }
}

void aggregate_actor_impl::on_inbox_ready(const inbox_ready& message) {
  const bool more = slot_->arrivals.take(taken_, arrivals_per_turn);
  for (auto& arrival : taken_) machine_.on_arrival(std::move(arrival));
  taken_.clear();
  if (taken_.capacity() > arrivals_kept) taken_.shrink_to_fit();
  if (more) actors::send(self(), message);
}

void aggregate_actor_impl::on_loaded(const aggregate_loaded& message) {
  machine_.on_loaded(std::move(*message.loaded));
}

void aggregate_actor_impl::load(core::load_when when) {
  if (when == core::load_when::now) {
    return start_load(node_, decider_, machine_.stream(), self());
  }
  std::unique_ptr<commit_observer> barrier =
      std::make_unique<load_barrier>(node_, decider_, machine_.stream(), self());
  auto accepted = node_.journal.append(commit{}, nullptr, std::move(barrier));
  if (!accepted) tell_loaded(self(), std::move(accepted).error());
}

result<ticket> aggregate_actor_impl::append(commit&& c, std::shared_ptr<commit_session> session,
                                            std::unique_ptr<commit_observer>&& observer) {
  return node_.journal.append(std::move(c), std::move(session), std::move(observer));
}

ticket aggregate_actor_impl::settled_ticket() const { return node_.journal.settled_ticket(); }
position aggregate_actor_impl::head() const { return node_.journal.head(); }

std::optional<command_record> aggregate_actor_impl::find_command(command_id id) const {
  return node_.journal.find_command(id);
}

void aggregate_actor_impl::answer_as_before(std::unique_ptr<core::incoming_command> command,
                                            const committed& first) {
  // Shared only because a task is copyable.
  const std::shared_ptr<core::incoming_command> waiting = std::move(command);
  const bool started = node_.readers.run([&node = node_, waiting, first] {
    auto reply = node.journal.read_reply(first.last_position);
    if (!reply) return waiting->answer(std::move(reply).error());
    waiting->keep_reply(*std::move(reply), committed::kind::repeat);
    waiting->answer(waiting->receipt_of(first));
  });
  if (!started) waiting->answer(error{errc::closed, "closed", "the runtime is closing"});
}

version aggregate_actor_impl::version_elsewhere() const {
  return version{slot_->version_elsewhere.load(std::memory_order_acquire)};
}

void aggregate_actor_impl::save_snapshot(snapshot&& s,
                                         const std::shared_ptr<commit_session>& session) {
  std::unique_ptr<commit_observer> barrier =
      std::make_unique<snapshot_barrier>(node_, std::move(s));
  // Refused: left out, it is a cache.
  static_cast<void>(node_.journal.append(commit{}, session, std::move(barrier)).has_value());
}

timestamp aggregate_actor_impl::now() const { return node_.options.clock(); }

void aggregate_actor_impl::log(log_level level, std::string_view line) {
  node_.options.log(level, line);
}

}  // namespace fasti::actors
