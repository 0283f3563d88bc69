#include "actors/registry.hpp"

#include <algorithm>

namespace fasti::actors {

aggregate_registry::aggregate_registry(const actor_host& host, const services& node)
    : host_(host), node_(node) {}

aggregate_registry::~aggregate_registry() { stop_all(); }

aggregate_actor& aggregate_registry::find_or_spawn(shard& in, const stream_id& stream,
                                                   std::size_t hash,
                                                   const fasti::detail::decider_port& decider) {
  auto* const found = in.aggregates.find(stream, hash);
  if (found != nullptr && !found->is_closed()) return *found;
  if (found != nullptr) {  // had a fault
    in.aggregates.remove(*found);
    --live_;
  }
  auto made = make_light<aggregate_actor>(host_, *this, stream, hash, decider, node_);
  aggregate_actor& spawned = *made;
  in.aggregates.add(std::move(made));
  ++live_;
  return spawned;
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
  const auto hash = hash_of(stream.text());
  const auto tick = now_tick_.load(std::memory_order_relaxed);
  shard& s = shard_of(hash);
  aggregate_ref to_wake;
  {
    const std::lock_guard lock(s.mutex);
    auto& to = find_or_spawn(s, stream, hash, decider);
    auto in_queue = to.put(std::move(arrival), tick);
    if (!in_queue) return std::move(in_queue).error();
    if (*in_queue == put_result::wake) to_wake = aggregate_ref(&to);
  }
  if (to_wake) to_wake->wake();
  return {};
}

void aggregate_registry::overtake(const stream_id& stream, version v) {
  const auto hash = hash_of(stream.text());
  shard& s = shard_of(hash);
  const std::lock_guard lock(s.mutex);
  if (auto* found = s.aggregates.find(stream, hash)) found->overtake(v);
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
    s.aggregates.for_each([&used](const aggregate_actor& a) {
      if (a.is_idle()) used.push_back(a.used_at());
    });
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
    s.aggregates.take_out(leaving, [&](const aggregate_actor& a) {
      return leaving.size() < count_max && a.is_idle() && a.used_at() < used_before;
    });
  }
  live_ -= leaving.size();
  for (const auto& owner : leaving) owner->stop();
  return leaving.size();
}

void aggregate_registry::stop_all() {
  stopped_ = true;
  for (auto& s : shards_) {
    std::vector<aggregate_ref> leaving;
    {
      const std::lock_guard lock(s.mutex);
      s.aggregates.take_out(leaving, [](const aggregate_actor&) { return true; });
    }
    live_ -= leaving.size();
    for (const auto& owner : leaving) owner->stop();
  }
}

}  // namespace fasti::actors
