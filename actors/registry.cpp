#include "actors/registry.hpp"

#include <algorithm>

namespace fasti::actors {

aggregate_registry::home::home(aggregate_registry& registry, stream_id name,
                               const fasti::detail::decider_port& port)
    : aggregate_slot(registry.node_.options.aggregate_queue_max),
      of(registry),
      stream(std::move(name)),
      decider(port) {}

void aggregate_registry::home::again(core::incoming&& arrival, const error& why) noexcept {
  auto delivered = of.deliver(stream, decider, std::move(arrival));
  // NOLINTNEXTLINE(bugprone-use-after-move): refused, `deliver` leaves it to be answered
  if (!delivered) core::refuse(arrival, why);
}

aggregate_registry::aggregate_registry(const actor_host& host, const services& node)
    : host_(host), node_(node) {}

aggregate_registry::~aggregate_registry() { stop_all(); }

aggregate_registry::shard& aggregate_registry::shard_of(const stream_id& stream) {
  return shards_[std::hash<stream_id>{}(stream) % shards_count];
}

void aggregate_registry::spawn(entry& into, const stream_id& stream,
                               const fasti::detail::decider_port& decider) {
  into.slot = std::make_shared<home>(*this, stream, decider);
  into.owner = make_light<aggregate_actor>(host_, stream, decider, into.slot, node_);
}

result<void> aggregate_registry::deliver(const stream_id& stream,
                                         const fasti::detail::decider_port& decider,
                                         core::incoming&& arrival) {
  if (stopped_) return error{errc::closed, "closed", "the runtime is closing"};
  const auto in_flight = node_.figures.in_flight.fetch_add(1);
  if (in_flight >= node_.options.commands_in_flight_max) {
    node_.figures.in_flight.fetch_sub(1);
    return error{errc::unavailable, "node-busy",
                 std::to_string(in_flight) + " commands are in flight"};
  }
  aggregate_ref to_wake;
  {
    shard& s = shard_of(stream);
    const std::lock_guard lock(s.mutex);
    auto [found, is_new] = s.entries.try_emplace(stream);
    entry& e = found->second;
    if (is_new) ++live_;
    if (is_new || e.slot->arrivals.is_closed()) spawn(e, stream, decider);  // new, or had a fault
    auto in_queue = put(e, stream, std::move(arrival));
    if (!in_queue) return std::move(in_queue).error();
    if (*in_queue == put_result::wake) to_wake = e.owner;
  }
  if (to_wake) to_wake->wake();
  return {};
}

result<put_result> aggregate_registry::put(entry& e, const stream_id& stream,
                                           core::incoming&& arrival) {
  home& slot = *e.slot;
  const auto outstanding = slot.outstanding.fetch_add(1);
  core::in_flight_permit permit(node_.figures.in_flight, {e.slot, &slot.outstanding});
  if (outstanding >= node_.options.aggregate_queue_max) {
    return error{
        errc::unavailable, "queue-full",
        std::string(stream.text()) + " has " + std::to_string(outstanding) + " commands in flight"};
  }
  slot.used_at.store(now_tick_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  std::visit(
      [&](const auto& a) {
        a->admit(std::move(permit));
        a->may_go_again(slot, node_.options.conflict_retries_max);
      },
      arrival);
  const auto in_queue = slot.arrivals.put(std::move(arrival));
  if (in_queue == put_result::closed) {
    return error{errc::unavailable, "aggregate-restarting", "send again"};
  }
  if (in_queue == put_result::full) {
    return error{errc::unavailable, "queue-full", "the aggregate's inbox is full"};
  }
  return in_queue;
}

void aggregate_registry::overtake(const stream_id& stream, version v) {
  shard& s = shard_of(stream);
  const std::lock_guard lock(s.mutex);
  const auto found = s.entries.find(stream);
  if (found == s.entries.end()) return;
  auto& known = found->second.slot->version_elsewhere;
  for (auto seen = known.load();
       seen < count_of(v) && !known.compare_exchange_weak(seen, count_of(v));) {
  }
}

std::optional<core::in_flight_permit> aggregate_registry::admit() {
  const auto in_flight = node_.figures.in_flight.fetch_add(1);
  core::in_flight_permit permit(node_.figures.in_flight, nullptr);
  if (stopped_ || in_flight >= node_.options.commands_in_flight_max) return std::nullopt;
  return permit;
}

void aggregate_registry::tick(std::uint64_t idle_ticks_max) {
  const auto now = ++now_tick_;
  if (now > idle_ticks_max) release_idle(now - idle_ticks_max, no_limit);
  const auto live = live_.load();
  if (live > node_.options.aggregates_max)
    release_longest_idle(live - node_.options.aggregates_max);
}

void aggregate_registry::release_longest_idle(std::size_t count) {
  std::vector<std::uint64_t> used;
  for (auto& s : shards_) {
    const std::lock_guard lock(s.mutex);
    for (const auto& [stream, e] : s.entries) {
      if (is_idle(e)) used.push_back(e.slot->used_at.load());
    }
  }
  count = std::min(count, used.size());
  if (count == 0) return;
  const auto last = used.begin() + static_cast<std::ptrdiff_t>(count - 1);
  std::nth_element(used.begin(), last, used.end());
  const auto released = release_idle(*last, count);
  release_idle(*last + 1, count - released);  // of those used in the same tick, as many as must
}

std::size_t aggregate_registry::release_idle(std::uint64_t used_before, std::size_t count_max) {
  std::vector<aggregate_ref> leaving;
  for (auto& s : shards_) {
    const std::lock_guard lock(s.mutex);
    for (auto it = s.entries.begin(); it != s.entries.end() && leaving.size() < count_max;) {
      if (is_idle(it->second) && it->second.slot->used_at.load() < used_before) {
        leaving.push_back(std::move(it->second.owner));
        it = s.entries.erase(it);
      } else {
        ++it;
      }
    }
  }
  live_ -= leaving.size();
  for (const auto& owner : leaving) owner->stop();
  return leaving.size();
}

void aggregate_registry::stop_all() {
  stopped_ = true;
  for (auto& s : shards_) {
    std::unordered_map<stream_id, entry> leaving;
    {
      const std::lock_guard lock(s.mutex);
      leaving.swap(s.entries);
    }
    live_ -= leaving.size();
    for (auto& [stream, e] : leaving) e.owner->stop();
  }
}

}  // namespace fasti::actors
