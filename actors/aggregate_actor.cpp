#include "actors/aggregate_actor.hpp"

namespace fasti::actors {
namespace {

/// Arrivals handled before other actors get their turn.
constexpr std::size_t arrivals_per_turn = 256;

/// Reads the aggregate on a reader thread.
void start_load(const services& node, const fasti::detail::decider_port& decider,
                const stream_id& stream, const aggregate_ref& to) {
  const bool started = node.readers.run([&node, &decider, stream, to] {
    auto loaded = core::recover(decider, stream, node.journal, node.snapshots, node.options.log);
    if (loaded) {
      const auto tail = count_of(loaded->version) - count_of(loaded->snapshot_version);
      node.figures.events_replayed += tail;
      if (loaded->version != no_version) ++node.figures.aggregates_recovered;
      if (loaded->snapshot_version != no_version) ++node.figures.snapshots_loaded;
    }
    to->on_read(std::move(loaded));
  });
  if (!started) to->on_read(error{errc::closed, "closed", "the runtime is closing"});
}

/// Waits behind everything that was handed to the journal before, then loads.
class load_barrier final : public commit_observer {
 public:
  load_barrier(const services& node, const fasti::detail::decider_port& decider, stream_id stream,
               aggregate_ref to)
      : node_(node), decider_(decider), stream_(std::move(stream)), to_(std::move(to)) {}
  void on_outcome(result<committed> outcome) noexcept override {
    if (!outcome) return to_->on_read(std::move(outcome).error());
    start_load(node_, decider_, stream_, to_);
  }

 private:
  const services& node_;
  const fasti::detail::decider_port& decider_;
  const stream_id stream_;
  const aggregate_ref to_;
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

aggregate_actor::aggregate_actor(const actor_host& host, aggregate_home& home, stream_id stream,
                                 std::size_t hash, const fasti::detail::decider_port& decider,
                                 const services& node)
    : light_actor(host, actor_name),
      hash_(hash),
      machine_(std::move(stream), decider, *this,
               {node.options.snapshot_every_events, node.options.snapshot_every_bytes}),
      node_(node),
      decider_(decider),
      home_(home) {}

aggregate_actor::~aggregate_actor() { delete read_.load(); }

result<put_result> aggregate_actor::put(core::incoming&& arrival, std::uint64_t tick) {
  const auto outstanding = outstanding_.fetch_add(1);
  if (outstanding == 0) ref();  // until the last is answered
  core::in_flight_permit permit(node_.figures.in_flight, this);
  if (outstanding >= node_.options.aggregate_queue_max) {
    return error{errc::unavailable, "queue-full",
                 std::string(stream().text()) + " has " + std::to_string(outstanding) +
                     " commands in flight"};
  }
  used_at_.store(tick, std::memory_order_relaxed);
  std::visit(
      [&](const auto& a) {
        a->admit(std::move(permit));
        a->may_go_again(*this, node_.options.conflict_retries_max);
      },
      arrival);
  const auto in_queue = arrivals_.put(std::move(arrival));
  if (in_queue == put_result::closed) {
    return error{errc::unavailable, "aggregate-restarting", "send again"};
  }
  return in_queue;
}

void aggregate_actor::on_answered() noexcept {
  // Nothing of it may be touched after the count, but by who was the last.
  if (outstanding_.fetch_sub(1, std::memory_order_acq_rel) == 1) deref();
}

void aggregate_actor::again(core::incoming&& arrival, const error& why) noexcept {
  const aggregate_ref stays(this);  // the arrival, which may have kept it, goes to another
  auto delivered = home_.deliver(stream(), decider_, std::move(arrival));
  // NOLINTNEXTLINE(bugprone-use-after-move): refused, `deliver` leaves it to be answered
  if (!delivered) core::refuse(arrival, why);
}

void aggregate_actor::overtake(version v) noexcept {
  for (auto seen = version_elsewhere_.load();
       seen < count_of(v) && !version_elsewhere_.compare_exchange_weak(seen, count_of(v));) {
  }
}

void aggregate_actor::on_stop() {
  const error why{errc::closed, "closed", "the aggregate left memory; send again"};
  machine_.drop(why);
  arrivals_.close();
  while (const auto arrival = arrivals_.take()) core::refuse(*arrival, why);
}

aggregate_actor::turn aggregate_actor::take_turn() {
  if (read_.load() != nullptr) {  // rarely; to look first costs less
    const std::unique_ptr<load_outcome> read(read_.exchange(nullptr));
    machine_.on_loaded(std::move(*read));
  }
  machine_.expect_arrival();
  arrivals_.fetch();
  for (std::size_t i = 0; i < arrivals_per_turn; ++i) {
    arrivals_.expect_take();
    auto arrival = arrivals_.take();
    if (!arrival) return turn::rest;
    machine_.on_arrival(*std::move(arrival));
  }
  return arrivals_.has_fetched() ? turn::again : turn::rest;
}

void aggregate_actor::on_read(load_outcome outcome) {
  delete read_.exchange(
      new load_outcome(std::move(outcome)));  // one load at a time: none was there
  wake();
}

void aggregate_actor::load(core::load_when when) {
  if (when == core::load_when::now) {
    return start_load(node_, decider_, machine_.stream(), aggregate_ref(this));
  }
  std::unique_ptr<commit_observer> barrier =
      std::make_unique<load_barrier>(node_, decider_, machine_.stream(), aggregate_ref(this));
  auto accepted = node_.journal.append(commit{}, nullptr, std::move(barrier));
  if (!accepted) on_read(std::move(accepted).error());
}

result<ticket> aggregate_actor::append(commit&& c, std::shared_ptr<commit_session> session,
                                       std::unique_ptr<commit_observer>&& observer) {
  const bool is_alone = node_.alone == when_alone::writes_itself && node_.figures.in_flight == 1;
  return is_alone
             ? node_.journal.append_in_person(std::move(c), std::move(session), std::move(observer))
             : node_.journal.append(std::move(c), std::move(session), std::move(observer));
}

ticket aggregate_actor::settled_ticket() const { return node_.journal.settled_ticket(); }
position aggregate_actor::head() const { return node_.journal.head(); }

std::optional<command_record> aggregate_actor::find_command(command_id id) const {
  return node_.journal.find_command(id);
}

void aggregate_actor::answer_as_before(std::unique_ptr<core::incoming_command> command,
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

version aggregate_actor::version_elsewhere() const {
  return version{version_elsewhere_.load(std::memory_order_acquire)};
}

void aggregate_actor::save_snapshot(snapshot&& s, const std::shared_ptr<commit_session>& session) {
  std::unique_ptr<commit_observer> barrier =
      std::make_unique<snapshot_barrier>(node_, std::move(s));
  // Refused: left out, it is a cache.
  static_cast<void>(node_.journal.append(commit{}, session, std::move(barrier)).has_value());
}

timestamp aggregate_actor::now() const { return node_.options.clock(); }

void aggregate_actor::log(log_level level, std::string_view line) {
  node_.options.log(level, line);
}

}  // namespace fasti::actors
