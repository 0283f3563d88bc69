#pragma once
/// The actor of one aggregate: takes from its queue, gives to the machine, carries out what the
/// machine asks for. All rules are in `runtime/core/aggregate_machine.hpp`.

#include "actors/arrival_queue.hpp"
#include "actors/caf/light_actor.hpp"
#include "actors/services.hpp"
#include "runtime/core/aggregate_machine.hpp"

namespace fasti::actors {

/// Where an arrival finds its aggregate, alive or not: the registry.
class aggregate_home {
 public:
  [[nodiscard]] virtual result<void> deliver(const stream_id& stream,
                                             const fasti::detail::decider_port& decider,
                                             core::incoming&& arrival) = 0;

 protected:
  ~aggregate_home() = default;
};

class aggregate_actor final : public light_actor,
                              private core::in_flight_owner,
                              private core::way_back,
                              private core::aggregate_world {
 public:
  static constexpr std::string_view actor_name = "aggregate";
  using load_outcome = result<core::recovered_aggregate>;

  /// `hash`: of the stream, for the registry. `home`, `decider` and `node` must outlive it.
  aggregate_actor(const actor_host& host, aggregate_home& home, stream_id stream, std::size_t hash,
                  const fasti::detail::decider_port& decider, const services& node);
  ~aggregate_actor() override;

  // From any thread:

  /// Counts it among those in flight (the node has done so already; a refusal gives that back) and
  /// queues it. At `wake` it is to be woken. Refused when too much of it is in flight or it lets go
  /// of what a fault left; then `arrival` is still the caller's to answer.
  [[nodiscard]] result<put_result> put(core::incoming&& arrival, std::uint64_t tick);
  /// It takes nothing any more: it was stopped, or had a fault.
  [[nodiscard]] bool is_closed() const noexcept { return arrivals_.is_closed(); }
  /// Nothing of it is in memory only: all that was sent is answered.
  [[nodiscard]] bool is_idle() const noexcept {
    return outstanding_.load(std::memory_order_acquire) == 0;  // pairs with the last answer
  }
  /// The tick at the last `put`.
  [[nodiscard]] std::uint64_t used_at() const noexcept {
    return used_at_.load(std::memory_order_relaxed);
  }
  /// Somebody else wrote to its stream, up to `v`.
  void overtake(version v) noexcept;
  /// Here is the state that it asked for.
  void on_read(load_outcome outcome);

  [[nodiscard]] const stream_id& stream() const noexcept { return machine_.stream(); }
  [[nodiscard]] std::size_t hash() const noexcept { return hash_; }

  light_ref<aggregate_actor> next_in_table;  ///< The registry's.

 private:
  turn take_turn() override;
  void on_stop() override;

  // core::in_flight_owner
  void on_answered() noexcept override;

  // core::way_back
  void again(core::incoming&& arrival, const error& why) noexcept override;

  // core::aggregate_world
  void load(core::load_when when) override;
  result<ticket> append(commit&& c, std::shared_ptr<commit_session> session,
                        std::unique_ptr<commit_observer>&& observer) override;
  ticket settled_ticket() const override;
  position head() const override;
  std::optional<command_record> find_command(command_id id) const override;
  void answer_as_before(std::unique_ptr<core::incoming_command> command,
                        const committed& first) override;
  version version_elsewhere() const override;
  void save_snapshot(snapshot&& s, const std::shared_ptr<commit_session>& session) override;
  timestamp now() const override;
  void log(log_level level, std::string_view line) override;

  // What others touch comes first, and close together.
  const std::size_t hash_;
  std::atomic<std::size_t> outstanding_{0};  // sent and not yet answered; while any is, it stays
  arrival_queue arrivals_;
  std::atomic<std::uint64_t> used_at_{0};
  std::atomic<std::uint64_t> version_elsewhere_{0};  // the newest that somebody was told of
  core::aggregate_machine machine_;
  const services& node_;
  const fasti::detail::decider_port& decider_;
  aggregate_home& home_;
  std::atomic<load_outcome*> read_{nullptr};  // owned; what came and was not looked at yet
};

using aggregate_ref = light_ref<aggregate_actor>;

}  // namespace fasti::actors
