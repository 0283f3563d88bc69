#pragma once
/// Who is alive: the owner of every aggregate's handle (CAF destroys an actor that nobody holds).
/// Spawns on the first arrival, takes out of memory what has been idle (passivation). Any thread.
///
/// An aggregate leaves only when nothing of it is outstanding: then all its events are durable, and
/// the next arrival finds them in the journal.

#include <array>
#include <limits>
#include <mutex>
#include <unordered_map>

#include "actors/aggregate_actor.hpp"

namespace fasti::actors {

class aggregate_registry {
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
                                     core::incoming&& arrival);

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
  /// An aggregate's slot, which what was overtaken comes back to.
  struct home final : aggregate_slot, core::way_back {
    home(aggregate_registry& of, stream_id stream, const fasti::detail::decider_port& decider);
    void again(core::incoming&& arrival, const error& why) noexcept override;

    aggregate_registry& of;
    const stream_id stream;
    const fasti::detail::decider_port& decider;
  };
  struct entry {
    std::shared_ptr<home> slot;
    aggregate_ref owner;
  };
  struct shard {
    std::mutex mutex;
    std::unordered_map<stream_id, entry> entries;  // protected by mutex
  };
  static constexpr std::size_t shards_count = 64;
  static constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

  shard& shard_of(const stream_id& stream);
  /// With the shard's mutex, and counted among those in flight: a refusal gives that back.
  result<put_result> put(entry& e, const stream_id& stream, core::incoming&& arrival);
  void spawn(entry& into, const stream_id& stream, const fasti::detail::decider_port& decider);
  /// Idle ones last used before that tick leave, at most `count_max`; returns how many did.
  std::size_t release_idle(std::uint64_t used_before, std::size_t count_max);
  void release_longest_idle(std::size_t count);
  /// Who is outstanding stays: acquire pairs with the permit's release.
  static bool is_idle(const entry& e) {
    return e.slot->outstanding.load(std::memory_order_acquire) == 0;
  }

  const actor_host& host_;
  const services& node_;
  std::array<shard, shards_count> shards_;
  std::atomic<std::size_t> live_{0};
  std::atomic<std::uint64_t> now_tick_{0};
  std::atomic<bool> stopped_{false};
};

}  // namespace fasti::actors
