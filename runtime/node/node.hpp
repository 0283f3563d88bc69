#pragma once
/// The composition root: builds all parts, hands them down, and ends them in the right order.
///
/// Start:  storage → reader threads → actor world → bus → tick → (deciders, projections, sinks as
///         added).
/// End:    refuse → answer what is in flight → head signal off → processes → sinks → subscribers,
///         bus → aggregates → reader threads → journal → actor world → stores. Each step leaves
///         nothing behind that the next one takes away.

#include <map>
#include <shared_mutex>

#include "actors/caf/world.hpp"
#include "actors/door.hpp"
#include "actors/projection_actor.hpp"
#include "actors/registry.hpp"
#include "actors/subscription_board.hpp"
#include "fasti/runtime.hpp"
#include "runtime/node/decider_table.hpp"
#include "runtime/node/process_link.hpp"
#include "runtime/node/reader_pool.hpp"
#include "runtime/node/sink_courier.hpp"
#include "runtime/node/storage.hpp"
#include "runtime/node/ticker.hpp"
#include "runtime/node/together.hpp"

namespace fasti::node {
class event_courier;
class outbox_courier;
}  // namespace fasti::node

namespace fasti {

class runtime::node final : public actors::runtime_port,
                            public fasti::node::process_link,
                            public fasti::node::sink_link {
 public:
  /// `on`: the actor_system to run on; none: one of its own.
  [[nodiscard]] static result<std::unique_ptr<node>> open(runtime_options options,
                                                          caf::actor_system* on = nullptr);
  node(runtime_options options, fasti::node::opened_storage storage);
  ~node() override;

  result<void> add_decider(detail::decider_port port);
  result<void> add_projection(detail::projection_port port, const projection_options& options);
  result<void> add_process(detail::process_port port, const process_options& options);
  result<subscription> subscribe(subscription_options options, batch_callback callback) override;
  result<void> add_sink(std::shared_ptr<sink> to, const sink_options& options);
  result<void> wait_for_sink(std::string_view name, position visible,
                             std::chrono::milliseconds timeout) const;
  /// Where that is, in this journal. Errors: those of `subscribe`.
  [[nodiscard]] result<checkpoint> place_of(const start_at& from) const;
  /// Something is sent to the stream as soon as it is built. Does nothing that can be seen.
  void expect(std::string_view stream) const noexcept { registry_->expect(stream); }
  void send(detail::sent_command&& command, receipt_callback&& callback) override;
  void send_together(std::vector<addressed_command> commands, command_origin origin,
                     conditions under, joint_callback callback) override;
  void query_view(std::string_view name, type_id query, std::vector<word> body,
                  query_options options, view_callback callback) override;
  result<position> look_at_view(std::string_view name,
                                const std::function<void(const detail::row_reader&)>& look,
                                query_options options);
  void query_aggregate(detail::sent_query query, words_callback callback) override;
  void log(log_level level, std::string_view line) const override { options_.log(level, line); }
  void deliver(std::string_view stream, type_id command, std::vector<word> body,
               command_origin origin, std::optional<std::string> principal,
               receipt_callback callback) override;
  void run_later(std::function<void()> task) override;
  [[nodiscard]] std::chrono::steady_clock::time_point steady_now() const override {
    return std::chrono::steady_clock::now();
  }
  [[nodiscard]] result<detail::past_state> past_state(const detail::decider_port& decider,
                                                      std::string_view stream,
                                                      const moment& when) const;
  [[nodiscard]] result<detail::supposed_outcome> suppose(detail::past_state& on,
                                                         std::string_view stream, type_id command,
                                                         body_view body) const;
  result<std::shared_ptr<detail::rebuild_control>> start_rebuild(std::string_view name,
                                                                 const rebuild_options& options);
  [[nodiscard]] std::shared_ptr<detail::rebuild_control> find_rebuild(std::string_view name) const;
  /// `act` is called between two steps of that projection. Errors: `invalid`
  /// ("unknown-projection"), `closed`, those of `act`.
  template <class T>
  result<T> between_steps(std::string_view name,
                          std::function<result<T>(core::projection_machine&)> act);
  result<std::vector<parked_event>> parked_by_process(std::string_view category) const;
  result<parked_replay> replay_parked_by_process(std::string_view category);
  result<void> skip_parked_by_process(std::string_view category, position at);
  result<void> forget_view(std::string_view name);
  result<truncation> truncate(std::string_view stream, version up_to, std::string_view reason);
  [[nodiscard]] fasti::journal& journal() noexcept { return *storage_.journal; }
  [[nodiscard]] runtime_stats stats() const;
  [[nodiscard]] result<std::optional<timestamp>> time_behind(position p) const;
  result<void> close();
  /// For those who may outlive it.
  [[nodiscard]] const std::shared_ptr<actors::door>& way_in() const noexcept { return way_in_; }

 private:
  struct projection {
    detail::projection_port port;
    view_store* views;  ///< The one that it is kept in.
    std::shared_ptr<actors::projection_board> board;
    actors::projection_actor actor;
  };
  class rebuild_control;
  struct process {
    std::shared_ptr<fasti::node::event_courier> courier;
    subscription fed_by;
  };
  struct subscriber {
    std::shared_ptr<actors::subscription_board> board;
    actors::subscription_actor actor;
  };
  /// One call from outside at work: `close` waits for it, and none begins after that.
  class visit_guard {
   public:
    explicit visit_guard(const node& n) : node_(n) { n.visitors_.fetch_add(1); }
    visit_guard(const visit_guard&) = delete;
    visit_guard& operator=(const visit_guard&) = delete;
    ~visit_guard() { node_.visitors_.fetch_sub(1); }
    [[nodiscard]] bool is_too_late() const noexcept { return node_.closing_; }

   private:
    const node& node_;
  };
  struct target {
    stream_id stream;
    const detail::decider_port* decider;
    const detail::command_type* command = nullptr;  ///< If one was asked for.
  };

  [[nodiscard]] static error closed_error();
  [[nodiscard]] result<void> may(access_request::kind what, std::string_view principal,
                                 std::string_view at, type_id type) const;
  result<void> start(caf::actor_system* on);
  [[nodiscard]] result<target> find_target(std::string_view stream) const;
  [[nodiscard]] result<target> find_target(std::string_view stream, type_id command,
                                           std::string_view principal) const;
  [[nodiscard]] result<std::vector<fasti::node::joint_command>> targets_of(
      std::vector<addressed_command> commands, std::string_view principal) const;
  [[nodiscard]] result<snapshot> proven_snapshot(const target& of, version up_to) const;
  [[nodiscard]] result<void> check_folded(const stream_id& stream, version up_to) const;
  [[nodiscard]] result<void> check_taken(const stream_id& stream, position last) const;
  [[nodiscard]] result<void> check_folded_in(const view_reader& views, const stream_id& stream,
                                             position last) const;
  void deliver(const stream_id& stream, const detail::decider_port& decider,
               core::incoming arrival);
  /// Precondition: `mutex_` is held. `on_shown`: called on a reader thread when its view has moved.
  result<void> start_projection(detail::projection_port port, const projection_options& options,
                                std::function<void()> on_shown = {});
  [[nodiscard]] result<std::shared_ptr<fasti::node::event_courier>> find_process(
      std::string_view category) const;
  [[nodiscard]] result<position> beginning_of(std::string_view category, const start_at& from);
  result<void> start_outbox();
  void tick_processes();
  void stop_processes();
  void stop_sinks();
  void add_process_stats(runtime_stats& to) const;
  void take_in(target&& to, core::command_request&& asks, receipt_callback&& callback);
  [[nodiscard]] result<projection*> find_projection(std::string_view name) const;
  /// The bus tells it how far the journal is, and goes on to.
  void tell_of_the_head(const actors::subscriber_actor& who);
  void forget_subscribers_who_left();
  void on_tick();
  void sample_rates();
  void wait_for_visitors() const;
  void wait_for_answers(std::chrono::steady_clock::time_point deadline);
  void stop_subscribers();
  void release();
  void wait_for_those_left();

  // Constant after construction.
  runtime_options options_;
  fasti::node::opened_storage storage_;
  actors::actor_figures figures_;
  fasti::node::reader_pool readers_;
  actors::services services_;
  std::unique_ptr<actors::actor_world> world_;
  std::unique_ptr<actors::aggregate_registry> registry_;  // there from the start to the end
  actors::bus_actor bus_;
  std::shared_ptr<actors::door> way_in_ = std::make_shared<actors::door>(*this);

  /// Nobody else wants to know how far the journal is.
  std::atomic<bool> has_subscribers_{false};

  fasti::node::decider_table deciders_;  // added to under mutex_

  // Protected by mutex_; projections are never moved or removed before the end.
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::unique_ptr<projection>, std::less<>> projections_;
  std::vector<subscriber> subscribers_;
  std::vector<process> processes_;
  std::shared_ptr<fasti::node::outbox_courier> outbox_;
  std::map<std::string, std::shared_ptr<fasti::node::sink_courier>, std::less<>> sinks_;

  mutable std::atomic<std::size_t> visitors_{0};
  std::atomic<bool> closing_{false};
  std::mutex close_mutex_;
  std::optional<result<void>> closed_;  // protected by close_mutex_
  std::unique_ptr<fasti::node::ticker> ticker_;
  std::uint64_t ticks_ = 0;  // the tick's own
};

}  // namespace fasti
