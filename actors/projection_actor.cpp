#include "actors/projection_actor.hpp"

#include <algorithm>

#include "actors/caf/send.hpp"

namespace fasti::actors {
namespace {

constexpr std::size_t queries_per_step = 1024;

}  // namespace

std::optional<error> projection_board::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

void projection_board::set_stopped(std::optional<error> why) {
  const std::lock_guard lock(mutex_);
  stopped_ = std::move(why);
}

/// One step at a time works on it: no lock.
struct projection_actor_impl::workbench {
  workbench(const fasti::detail::projection_port& p, position checkpoint,
            std::shared_ptr<projection_board> b, const services& n)
      : port(p),
        node(n),
        board(std::move(b)),
        machine(p, n.views, n.options.queries_waiting_max, n.options.view_bytes_kept_max) {
    machine.start_at(checkpoint);
    board->checkpoint = count_of(checkpoint);
  }

  void step(position head, const std::vector<rebuild_view>& rebuilds) {
    for (const auto& r : rebuilds) r.done(rebuild());
    take_queries();
    fold(head);
    publish();  // who is answered finds it on the board
    machine.answer_waiting(core::projection_machine::clock::now());
    publish();
  }

  result<void> rebuild() {
    auto cleared = node.views.clear(port.name);
    if (cleared) machine.start_at(no_position);
    publish();
    return cleared;
  }

  void take_queries() {
    std::vector<core::view_query> queries;
    more_queries = board->queries.take(queries, queries_per_step);
    for (auto& q : queries) machine.on_query(std::move(q));
  }

  void fold(position head) {
    if (machine.stopped() || machine.checkpoint() >= head) return;
    journal_range range;
    range.after = machine.checkpoint();
    range.to = std::min(head, machine.read_limit());
    range.events_max = node.options.projection_batch_events;
    range.types = machine.types();
    bool applied = true;
    auto looked_at = node.journal.read(range, [this, &applied](const recorded_event& e) {
      applied = machine.apply(e);
      return applied ? visit::more : visit::stop;
    });
    if (!looked_at) return machine.stop(std::move(looked_at).error());
    if (!applied) return;  // again from the checkpoint, or stopped
    auto batch = machine.take_batch(*looked_at);
    if (batch) machine.on_written(node.views.write(port.name, *batch), batch->checkpoint);
  }

  void publish() {
    if (machine.stopped() && !board->stopped()) {
      node.options.log(log_level::error, machine.stopped()->to_string());
    }
    board->set_stopped(machine.stopped());
    board->queries_waiting = machine.queries_waiting();
    board->checkpoint = count_of(machine.checkpoint());
  }

  const fasti::detail::projection_port& port;
  const services& node;
  const std::shared_ptr<projection_board> board;
  core::projection_machine machine;
  bool more_queries = false;
};

projection_actor_impl::projection_actor_impl(const actor_setup& setup,
                                             const fasti::detail::projection_port& port,
                                             position checkpoint,
                                             std::shared_ptr<projection_board> board, bus_actor bus,
                                             const services& node)
    : actor_base(setup),
      node_(node),
      bus_(std::move(bus)),
      bench_(std::make_shared<workbench>(port, checkpoint, std::move(board), node)) {}

projection_actor_impl::behavior projection_actor_impl::make_behavior() {
  return handlers(&projection_actor_impl::on_head_rose, &projection_actor_impl::on_queries_ready,
                  &projection_actor_impl::on_step_done, &projection_actor_impl::on_deadline_tick,
                  &projection_actor_impl::on_rebuild);
}

void projection_actor_impl::on_stop() {
  // A step may still be at work on the bench; it answers what it has, the rest answers "closed"
  // when the bench goes with the last who holds it.
  for (auto& q : bench_->board->queries.close()) {
    q.reply->answer(error{errc::closed, "closed", "the runtime is closing"});
  }
  bench_.reset();
  bus_ = bus_actor();
}

void projection_actor_impl::on_head_rose(const head_rose& message) {
  head_ = std::max(head_, message.head);
  owes_the_bus_ = true;
  start_step();
}

void projection_actor_impl::on_queries_ready(const queries_ready&) {
  queries_came_ = true;
  start_step();
}

void projection_actor_impl::on_deadline_tick(const deadline_tick&) {
  tick_came_ = true;
  start_step();
}

void projection_actor_impl::on_rebuild(const rebuild_view& message) {
  rebuilds_.push_back(message);
  start_step();
}

void projection_actor_impl::start_step() {
  if (at_work_) return;
  at_work_ = true;
  queries_came_ = false;
  tick_came_ = false;
  // Without `self()` in the task the actor could end under its step's feet.
  const bool started = node_.readers.run(
      [bench = bench_, head = head_, rebuilds = std::exchange(rebuilds_, {}), me = self()] {
        bench->step(head, rebuilds);
        actors::send(me, step_done{});
      });
  if (!started) at_work_ = false;  // closing: `on_stop` answers who waits
}

void projection_actor_impl::on_step_done(const step_done&) {
  at_work_ = false;
  const auto& machine = bench_->machine;
  const bool behind = !machine.stopped() && machine.checkpoint() < head_;
  if (behind || bench_->more_queries || queries_came_ || tick_came_ || !rebuilds_.empty()) {
    return start_step();
  }
  if (owes_the_bus_ && !machine.stopped()) {
    owes_the_bus_ = false;
    actors::send(bus_, caught_up{self(), head_});
  }
}

}  // namespace fasti::actors
