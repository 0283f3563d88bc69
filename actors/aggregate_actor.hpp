#pragma once
/// The actor of one aggregate: takes from its inbox, gives to the machine, carries out what the
/// machine asks for. All rules are in `runtime/core/aggregate_machine.hpp`.

#include "actors/caf/light_actor.hpp"
#include "actors/inbox.hpp"
#include "actors/services.hpp"
#include "runtime/core/aggregate_machine.hpp"

namespace fasti::actors {

/// What an aggregate and those who send to it share. Its owner is the registry; the actor and every
/// sender at work hold it too.
struct aggregate_slot {
  explicit aggregate_slot(std::size_t queue_max) : arrivals(queue_max) {}
  inbox<core::incoming> arrivals;
  /// Sent and not yet answered. At 0 nothing of this aggregate is in memory only.
  std::atomic<std::size_t> outstanding{0};
  /// The newest version that somebody else wrote and was told of.
  std::atomic<std::uint64_t> version_elsewhere{0};
  /// The registry's tick at the last arrival.
  std::atomic<std::uint64_t> used_at{0};
};

class aggregate_actor final : public light_actor, private core::aggregate_world {
 public:
  static constexpr std::string_view actor_name = "aggregate";
  using load_outcome = result<core::recovered_aggregate>;

  aggregate_actor(const actor_host& host, stream_id stream,
                  const fasti::detail::decider_port& decider, std::shared_ptr<aggregate_slot> slot,
                  const services& node);
  ~aggregate_actor() override;

  /// Here is the state that it asked for; from any thread.
  void on_read(load_outcome outcome);

 private:
  turn take_turn() override;
  void on_stop() override;

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

  const services& node_;
  const fasti::detail::decider_port& decider_;
  const std::shared_ptr<aggregate_slot> slot_;
  core::aggregate_machine machine_;
  std::vector<core::incoming> taken_;         // reused
  std::atomic<load_outcome*> read_{nullptr};  // owned; what came and was not looked at yet
};

using aggregate_ref = light_ref<aggregate_actor>;

}  // namespace fasti::actors
