#include "actors/subscription_actor.hpp"

#include "actors/caf/send.hpp"

namespace fasti::actors {
namespace {

constexpr int batches_per_turn = 16;

}  // namespace

/// One read at a time works on it: no lock.
struct subscription_actor_impl::workbench {
  workbench(subscription_options options, position at, std::shared_ptr<subscription_board> b,
            const services& n)
      : node(n),
        name(std::move(options.name)),
        board(std::move(b)),
        reader(std::move(options.only), at, {options.batch_events_max, options.batch_bytes_max}) {}
  workbench(const workbench&) = delete;
  workbench& operator=(const workbench&) = delete;
  /// It goes when nobody reads any more, so this is the last call.
  ~workbench() { say(board->fail({errc::closed, "closed", "the runtime is closing"})); }

  /// Batch after batch, as long as they are wanted, and until others should have their turn.
  void read(position head) {
    for (int n = 0; n < batches_per_turn && reader.at() < head && board->is_wanted(); ++n) {
      read_batch(head);
      if (board->is_over()) return;
    }
  }

  void read_batch(position head) {
    auto batch = reader.read(node.journal, head);
    if (!batch) {
      node.options.log(log_level::error, "subscription " + name + ": " + batch.error().to_string());
      return say(board->fail(std::move(batch).error()));
    }
    say(board->hand_out(*batch, node.journal.id()));
  }

  void say(const std::optional<std::string>& thrown) const {
    if (!thrown) return;
    node.options.log(log_level::error, "subscription " + name + ": its callback threw " + *thrown);
  }

  const services& node;
  const std::string name;
  const std::shared_ptr<subscription_board> board;
  core::event_reader reader;
};

subscription_actor_impl::subscription_actor_impl(const actor_setup& setup,
                                                 subscription_options options, position at,
                                                 std::shared_ptr<subscription_board> board,
                                                 bus_actor bus, const services& node)
    : actor_base(setup),
      node_(node),
      bus_(std::move(bus)),
      machine_(at),
      bench_(std::make_shared<workbench>(std::move(options), at, std::move(board), node)) {}

subscription_actor_impl::behavior subscription_actor_impl::make_behavior() {
  return handlers(&subscription_actor_impl::on_head_rose, &subscription_actor_impl::on_step_done,
                  &subscription_actor_impl::on_demand_changed);
}

void subscription_actor_impl::on_stop() {
  if (bench_) bench_->board->wake_by({});
  bench_.reset();
  bus_ = bus_actor();
}

void subscription_actor_impl::on_head_rose(const head_rose& message) {
  machine_.on_head(message.head);
  look();
}

void subscription_actor_impl::on_step_done(const step_done&) {
  machine_.on_read(bench_->reader.at());
  look();
}

void subscription_actor_impl::on_demand_changed(const demand_changed&) {
  bench_->board->on_look();
  look();
}

void subscription_actor_impl::look() {
  using todo = core::subscription_machine::todo;
  if (bench_->board->is_over()) return leave();
  switch (machine_.next(bench_->board->is_wanted())) {
    case todo::read:
      return start_read();
    case todo::say_caught_up:
      return actors::send(bus_, caught_up{self(), machine_.seen()});
    case todo::nothing:
      return;
  }
}

void subscription_actor_impl::start_read() {
  // Refused: closing, and `on_stop` is on its way.
  static_cast<void>(node_.readers.run([bench = bench_, to = machine_.head(), me = self()] {
    bench->read(to);
    actors::send(me, step_done{});
  }));
}

void subscription_actor_impl::leave() {
  actors::send(bus_, unsubscribe{self()});
  stop_self();
}

}  // namespace fasti::actors
