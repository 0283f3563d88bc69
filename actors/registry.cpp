#include "actors/registry.hpp"

#include <algorithm>

#include "actors/caf/send.hpp"

namespace fasti::actors {

aggregate_registry::aggregate_registry(const actor_host& host, const services& node)
    : host_(host), node_(node) {}

aggregate_registry::~aggregate_registry() { stop_all(); }

aggregate_registry::shard& aggregate_registry::shard_of(const stream_id& stream) {
  return shards_[std::hash<stream_id>{}(stream) % shards_count];
}

void aggregate_registry::spawn(entry& into, const stream_id& stream,
                               const fasti::detail::decider_port& decider) {
  into.slot = std::make_shared<aggregate_slot>(node_.options.aggregate_queue_max);
  into.owner = host_.spawn<aggregate_actor_impl>(stream, decider, into.slot, node_);
}

result<aggregate_registry::place> aggregate_registry::enter(
    const stream_id& stream, const fasti::detail::decider_port& decider) {
  const auto in_flight = in_flight_.fetch_add(1);
  if (in_flight >= node_.options.commands_in_flight_max) {
    in_flight_.fetch_sub(1);
    return error{errc::unavailable, "node-busy",
                 std::to_string(in_flight) + " commands are in flight"};
  }
  shard& s = shard_of(stream);
  const std::lock_guard lock(s.mutex);
  auto [found, is_new] = s.entries.try_emplace(stream);
  entry& e = found->second;
  if (is_new) ++live_;
  if (is_new || e.slot->arrivals.is_closed()) spawn(e, stream, decider);  // new, or it had a fault
  const auto outstanding = e.slot->outstanding.fetch_add(1);
  if (outstanding >= node_.options.aggregate_queue_max) {
    e.slot->outstanding.fetch_sub(1);
    in_flight_.fetch_sub(1);
    return error{errc::unavailable, "queue-full",
                 std::string(stream.text()) + " has " + std::to_string(outstanding) +
                     " commands in flight"};
  }
  e.slot->used_at.store(now_tick_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  return place{e.slot, e.owner, core::in_flight_permit(in_flight_, e.slot->outstanding)};
}

result<void> aggregate_registry::deliver(const place& at, core::incoming&& arrival) {
  switch (at.slot->arrivals.put(std::move(arrival))) {
    case put_result::wake:
      actors::send(at.owner, inbox_ready{});
      return {};
    case put_result::queued:
      return {};
    case put_result::full:
      return error{errc::unavailable, "queue-full", "the aggregate's inbox is full"};
    case put_result::closed:
      break;
  }
  return error{errc::unavailable, "aggregate-restarting", "send again"};
}

void aggregate_registry::tick(std::uint64_t idle_ticks_max) {
  ++now_tick_;
  const std::size_t entries_max = node_.options.aggregates_max / shards_count + 1;
  for (auto& s : shards_) sweep(s, idle_ticks_max, entries_max);
}

void aggregate_registry::sweep(shard& s, std::uint64_t idle_ticks_max, std::size_t entries_max) {
  const auto now = now_tick_.load();
  std::vector<aggregate_actor> leaving;
  {
    const std::lock_guard lock(s.mutex);
    // Who is outstanding stays: acquire pairs with the permit's release.
    const auto is_idle = [](const entry& e) {
      return e.slot->outstanding.load(std::memory_order_acquire) == 0;
    };
    auto idle_since_max = now >= idle_ticks_max ? now - idle_ticks_max : 0;
    if (s.entries.size() > entries_max) {
      std::vector<std::uint64_t> used;
      for (const auto& [stream, e] : s.entries) {
        if (is_idle(e)) used.push_back(e.slot->used_at.load());
      }
      const auto excess = std::min(s.entries.size() - entries_max, used.size());
      if (excess > 0) {
        std::nth_element(used.begin(), used.begin() + static_cast<std::ptrdiff_t>(excess - 1),
                         used.end());
        idle_since_max = std::max(idle_since_max, used[excess - 1] + 1);
      }
    }
    for (auto it = s.entries.begin(); it != s.entries.end();) {
      if (is_idle(it->second) && it->second.slot->used_at.load() < idle_since_max) {
        leaving.push_back(std::move(it->second.owner));
        it = s.entries.erase(it);
      } else {
        ++it;
      }
    }
  }
  live_ -= leaving.size();
  for (const auto& owner : leaving) actors::stop(owner);
}

void aggregate_registry::stop_all() {
  for (auto& s : shards_) {
    std::unordered_map<stream_id, entry> leaving;
    {
      const std::lock_guard lock(s.mutex);
      leaving.swap(s.entries);
    }
    live_ -= leaving.size();
    for (auto& [stream, e] : leaving) stop(e.owner);
  }
}

}  // namespace fasti::actors
