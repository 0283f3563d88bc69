#pragma once
/// Who is alive: the owner of every aggregate's handle (CAF destroys an actor that nobody holds).
/// Spawns on the first arrival, takes out of memory what has been idle (passivation). Any thread.
///
/// An aggregate leaves only when nothing of it is outstanding: then all its events are durable, and
/// the next arrival finds them in the journal.

#include <array>
#include <limits>
#include <mutex>

#include "actors/aggregate_table.hpp"

namespace fasti::actors {

class aggregate_registry final : public aggregate_home {
 public:
  /// `node` must outlive it.
  aggregate_registry(const actor_host& host, const services& node);
  ~aggregate_registry();

  /// Puts what arrived into the queue of its aggregate and wakes that; until it is answered the
  /// aggregate stays in memory. Refused with `unavailable` when the node ("node-busy") or the
  /// aggregate ("queue-full") has as many in flight as it may, or lets go just now of what a fault
  /// left of it ("aggregate-restarting"); then `arrival` is still the caller's to answer. `decider`
  /// must outlive the registry.
  [[nodiscard]] result<void> deliver(const stream_id& stream,
                                     const fasti::detail::decider_port& decider,
                                     core::incoming&& arrival) override;

  /// Something will be delivered to this stream in some hundred nanoseconds: fetches the memory
  /// that says where its aggregate is … (Any thread, whatever else happens.)
  void expect(std::string_view stream) const noexcept {
    const auto hash = hash_of(stream);
    shard_of(hash).aggregates.fetch_head(hash);
  }
  /// … and so much later that of the aggregate.
  void expect_soon(std::string_view stream) const noexcept {
    const auto hash = hash_of(stream);
    shard_of(hash).aggregates.fetch_first(hash);
  }

  /// Somebody wrote to the stream past its aggregate, up to `v`: what that answers from now on
  /// shows it.
  void overtake(const stream_id& stream, version v);

  /// A place among those in flight for something that is no aggregate's alone; none when the node
  /// is busy.
  [[nodiscard]] std::optional<core::in_flight_permit> admit();

  /// Time goes on: who has been idle for `idle_ticks_max` ticks leaves, and the longest idle ones
  /// when there are too many.
  void tick(std::uint64_t idle_ticks_max);

  /// Stops all and lets go of them.
  void stop_all();

  [[nodiscard]] std::size_t live() const noexcept { return live_.load(); }
  [[nodiscard]] std::size_t in_flight() const noexcept { return node_.figures.in_flight; }

 private:
  struct alignas(fasti::detail::cache_line) shard {
    std::mutex mutex;
    aggregate_table aggregates;  // protected by mutex
  };
  static constexpr std::size_t shards_count = 64;
  static constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

  static std::size_t hash_of(std::string_view stream) noexcept {
    return std::hash<std::string_view>{}(stream);
  }
  /// By the upper half of the hash: a shard's table goes by the lower.
  shard& shard_of(std::size_t hash) { return shards_[(hash >> 32) % shards_count]; }
  const shard& shard_of(std::size_t hash) const { return shards_[(hash >> 32) % shards_count]; }
  /// With the shard's mutex: who is alive, or comes to life now.
  aggregate_actor& find_or_spawn(shard& in, const stream_id& stream, std::size_t hash,
                                 const fasti::detail::decider_port& decider);
  /// Idle ones last used before that tick leave, at most `count_max`; returns how many did.
  std::size_t release_idle(std::uint64_t used_before, std::size_t count_max);
  void release_longest_idle(std::size_t count);

  const actor_host& host_;
  const services& node_;
  std::array<shard, shards_count> shards_;
  std::atomic<std::size_t> live_{0};
  std::atomic<std::uint64_t> now_tick_{0};
  std::atomic<bool> stopped_{false};
};

}  // namespace fasti::actors
