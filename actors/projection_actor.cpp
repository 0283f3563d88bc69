#include "actors/projection_actor.hpp"

#include <algorithm>

#include "actors/caf/send.hpp"

namespace fasti::actors {
namespace {

constexpr std::size_t queries_per_step = 1024;

}  // namespace

projection_board::projection_board(std::string name, std::size_t queries_max,
                                   std::function<void()> on_moved)
    : queries(queries_max), on_moved_(std::move(on_moved)) {
  status_.name = std::move(name);
}

projection_status projection_board::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void projection_board::sample_rate(std::chrono::steady_clock::time_point now) {
  const std::lock_guard lock(mutex_);
  rate_.sample(status_.events_folded, now);
  status_.events_per_second = rate_.per_second();
}

projection_board::rebuild_ptr projection_board::last_rebuild() const {
  const std::lock_guard lock(mutex_);
  return rebuild_;
}

rebuild_status projection_board::status_of(const rebuild_ptr& of) const {
  const std::lock_guard lock(mutex_);
  return of->status;
}

result<rebuild_status> projection_board::wait_for(
    const rebuild_ptr& of, std::chrono::steady_clock::time_point deadline) const {
  std::unique_lock lock(mutex_);
  const auto is_over = [&of] { return of->status.phase != rebuild_phase::folding; };
  changed_.wait_until(lock, deadline, [&] { return is_closed_ || is_over(); });
  if (is_over()) return of->status;
  if (is_closed_) return error{errc::closed, "closed", "the runtime is closing"};
  return error{errc::unavailable, "still-folding",
               "view " + status_.name + " is rebuilt up to position " +
                   std::to_string(count_of(of->status.at)) + " of " +
                   std::to_string(count_of(of->status.goal))};
}

std::vector<std::string> projection_board::show(const core::projection_machine& machine) {
  const auto& fold = machine.serving();
  std::vector<std::string> news;
  const std::lock_guard lock(mutex_);
  const auto failure_of = [](const std::optional<rebuild_status>& r) {
    return r ? r->failure : std::nullopt;
  };
  const auto rebuild = machine.rebuild();
  if (fold.stopped() && !status_.stopped) news.push_back(fold.stopped()->to_string());
  if (fold.failing() && !status_.failing && !fold.stopped()) {
    news.push_back("is tried again: " + fold.failing()->to_string());
  }
  if (fold.parked().size() > status_.parked) {
    news.push_back("view " + status_.name + " has " + std::to_string(fold.parked().size()) +
                   " parked events");
  }
  if (failure_of(rebuild) && !failure_of(status_.rebuild)) {
    news.push_back("rebuild: " + rebuild->failure->to_string());
  }
  status_.checkpoint = fold.checkpoint();
  status_.stopped = fold.stopped();
  status_.failing = fold.failing();
  status_.retries = fold.failing() ? fold.retries() : 0;
  status_.parked = fold.parked().size();
  status_.events_folded = fold.events_folded();
  status_.queries_waiting = machine.queries_waiting();
  status_.rebuild = rebuild;
  if (rebuild) {
    if (!rebuild_ || rebuild_->generation != machine.rebuild_generation()) {
      rebuild_ = std::make_shared<rebuild_record>();
      rebuild_->generation = machine.rebuild_generation();
    }
    rebuild_->status = *rebuild;
  }
  wants_ticks_ = machine.queries_waiting() > 0 || machine.waits_for_retry();
  changed_.notify_all();
  return news;
}

void projection_board::say_whether_it_moved(position shown) {
  if (on_moved_ && std::exchange(told_of_, shown) != shown) on_moved_();
}

void projection_board::close() {
  const std::lock_guard lock(mutex_);
  is_closed_ = true;
  changed_.notify_all();
}

/// One step at a time works on it: no lock.
struct projection_actor_impl::workbench {
  using clock = core::projection_machine::clock;

  workbench(std::unique_ptr<core::projection_machine> m, std::shared_ptr<projection_board> b,
            const services& n)
      : node(n), board(std::move(b)), machine(std::move(m)) {
    static_cast<void>(board->show(*machine));  // nobody is there yet who could be told
  }

  void step(position head, const std::vector<between_steps>& to_do) {
    for (const auto& one : to_do) {
      one.act(*machine);
      show();
      one.done();
    }
    take_queries();
    machine->step(head, clock::now());
    show();  // who is answered finds it on the board
    machine->answer_waiting(clock::now());
    show();
    board->say_whether_it_moved(machine->checkpoint());
  }

  void take_queries() {
    std::vector<core::view_query> queries;
    more_queries = board->queries.take(queries, queries_per_step);
    for (auto& q : queries) machine->on_query(std::move(q));
  }

  void show() {
    for (const auto& line : board->show(*machine)) node.options.log(log_level::error, line);
  }

  const services& node;
  const std::shared_ptr<projection_board> board;
  const std::unique_ptr<core::projection_machine> machine;
  bool more_queries = false;
};

projection_actor_impl::projection_actor_impl(const actor_setup& setup,
                                             std::unique_ptr<core::projection_machine> machine,
                                             std::shared_ptr<projection_board> board, bus_actor bus,
                                             const services& node)
    : actor_base(setup),
      node_(node),
      bus_(std::move(bus)),
      bench_(std::make_shared<workbench>(std::move(machine), std::move(board), node)) {}

projection_actor_impl::behavior projection_actor_impl::make_behavior() {
  return handlers(&projection_actor_impl::on_head_rose, &projection_actor_impl::on_queries_ready,
                  &projection_actor_impl::on_step_done, &projection_actor_impl::on_deadline_tick,
                  &projection_actor_impl::on_between_steps);
}

void projection_actor_impl::on_stop() {
  // A step may still be at work on the bench; it answers what it has, the rest answers "closed"
  // when the bench goes with the last who holds it.
  for (auto& q : bench_->board->queries.close()) {
    q.reply->answer(error{errc::closed, "closed", "the runtime is closing"});
  }
  bench_->board->close();
  to_do_.clear();
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

void projection_actor_impl::on_between_steps(const between_steps& message) {
  to_do_.push_back(message);
  start_step();
}

void projection_actor_impl::start_step() {
  if (at_work_) return;
  at_work_ = true;
  queries_came_ = false;
  tick_came_ = false;
  // Without `self()` in the task the actor could end under its step's feet.
  const bool started = node_.readers.run(
      [bench = bench_, head = head_, to_do = std::exchange(to_do_, {}), me = self()] {
        bench->step(head, to_do);
        actors::send(me, step_done{});
      });
  if (!started) at_work_ = false;  // closing: `on_stop` answers who waits
}

void projection_actor_impl::on_step_done(const step_done&) {
  at_work_ = false;
  const auto& machine = *bench_->machine;
  // First: under queries without end there is always another step.
  if (owes_the_bus_ && (machine.stopped() || machine.checkpoint() >= head_)) {
    owes_the_bus_ = false;
    actors::send(bus_, caught_up{self(), head_});
  }
  const bool behind = machine.wants_step(head_, workbench::clock::now());
  if (behind || bench_->more_queries || queries_came_ || tick_came_ || !to_do_.empty()) {
    start_step();
  }
}

}  // namespace fasti::actors
