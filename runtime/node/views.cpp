// Projections of a runtime: how they are added, asked, read, and looked after.

#include "actors/caf/send.hpp"
#include "runtime/core/stored_rows.hpp"
#include "runtime/core/view_difference.hpp"
#include "runtime/node/deadline.hpp"
#include "runtime/node/node.hpp"

namespace fasti {
namespace {

result<void> check_lanes(const detail::projection_port& port, const projection_options& how) {
  if (how.lanes < 1 || how.lanes > projection_lanes_max) {
    return error{errc::invalid, "lanes-out-of-range",
                 "projection \"" + port.name + "\" wants " + std::to_string(how.lanes) +
                     " lanes; it may have 1 to " + std::to_string(projection_lanes_max)};
  }
  if (how.lanes == 1 || port.order_key) return {};
  return error{errc::invalid, "no-order-key",
               "projection \"" + port.name + "\" wants " + std::to_string(how.lanes) +
                   " lanes; its type needs a static std::string order_key(const "
                   "fasti::recorded_event&) for that"};
}

}  // namespace

result<void> runtime::node::add_projection(detail::projection_port port,
                                           const projection_options& options) {
  const visit_guard visit(*this);
  if (visit.is_too_late()) return closed_error();
  if (auto good = core::check_view_name(port.name); !good) return good;
  const std::unique_lock lock(mutex_);
  return start_projection(std::move(port), options);
}

result<void> runtime::node::start_projection(detail::projection_port port,
                                             const projection_options& options,
                                             std::function<void()> on_shown) {
  if (auto good = check_lanes(port, options); !good) return good;
  const auto found = projections_.find(port.name);
  if (found != projections_.end()) {
    return error{errc::invalid, "name-taken",
                 "there is a projection called \"" + port.name + "\" already"};
  }
  auto p = std::make_unique<projection>();
  p->port = std::move(port);
  p->views = (options.kept == view_place::memory ? storage_.memory_views : storage_.views).get();
  auto machine = std::make_unique<core::projection_machine>(
      core::projection_surroundings{
          p->port, *storage_.journal, *p->views, options_,
          [this](std::size_t n, const auto& one) { readers_.run_each(n, one); }},
      options);
  if (auto opened = machine->open(); !opened) return opened;
  p->board = std::make_shared<actors::projection_board>(p->port.name, options_.queries_waiting_max,
                                                        std::move(on_shown));
  p->actor = world_->host().spawn<actors::projection_actor_impl>(std::move(machine), p->board, bus_,
                                                                 services_);
  tell_of_the_head(p->actor);
  projections_.emplace(p->port.name, std::move(p));
  return {};
}

result<runtime::node::projection*> runtime::node::find_projection(std::string_view name) const {
  const std::shared_lock lock(mutex_);
  const auto found = projections_.find(name);
  if (found != projections_.end()) return found->second.get();
  return error{errc::invalid, "unknown-projection",
               "no projection called \"" + std::string(name) + "\" was added"};
}

// -- asking ---------------------------------------------------------------------------------------

void runtime::node::query_view(std::string_view name, type_id query, std::vector<word> body,
                               query_options options, view_callback callback) {
  const visit_guard visit(*this);
  if (visit.is_too_late()) return callback(closed_error());
  auto found = find_projection(name);
  if (!found) return callback(std::move(found).error());
  const auto& p = **found;
  const auto allowed = may(access_request::kind::query_of_view, options.principal, name, query);
  if (!allowed) return callback(allowed.error());
  core::view_query q{query, std::move(body), options.visible_at,
                     fasti::node::deadline_in(options.timeout),
                     std::make_unique<core::view_reply>(std::move(callback))};
  // NOLINTBEGIN(bugprone-use-after-move): refused, `put` leaves it untouched
  switch (p.board->queries.put(std::move(q))) {
    case actors::put_result::wake:
      return actors::send(p.actor, actors::queries_ready{});
    case actors::put_result::queued:
      return;
    case actors::put_result::full:
      return q.reply->answer(error{errc::unavailable, "queue-full",
                                   "view " + p.port.name + " has too many queries waiting"});
    case actors::put_result::closed:
      return q.reply->answer(closed_error());
  }
  // NOLINTEND(bugprone-use-after-move)
}

result<position> runtime::node::look_at_view(
    std::string_view name, const std::function<void(const detail::row_reader&)>& look,
    query_options options) {
  std::promise<result<detail::view_words>> promise;
  auto visible = promise.get_future();
  query_view(name, type_id{}, {}, std::move(options),
             [&promise](result<detail::view_words> r) { promise.set_value(std::move(r)); });
  if (auto seen = visible.get(); !seen) return std::move(seen).error();

  std::shared_ptr<const view_reader> snapshot;
  {
    const visit_guard visit(*this);
    if (visit.is_too_late()) return closed_error();
    auto p = find_projection(name);
    if (!p) return std::move(p).error();
    snapshot = (*p)->views->snapshot();
  }
  auto generations = core::load_generations(*snapshot, name);
  if (!generations) return std::move(generations).error();
  const auto view = core::name_in_store(name, generations->serving);
  auto as_of = snapshot->checkpoint(view);
  if (!as_of) return as_of;
  try {
    look(core::stored_rows(*snapshot, view));
  } catch (const core::row_error& damaged) {
    return damaged.what_failed;
  }
  return as_of;
}

// -- looking after them ---------------------------------------------------------------------------

template <class T>
result<T> runtime::node::between_steps(std::string_view name,
                                       std::function<result<T>(core::projection_machine&)> act) {
  const visit_guard visit(*this);
  if (visit.is_too_late()) return closed_error();
  auto p = find_projection(name);
  if (!p) return std::move(p).error();
  auto promise = std::make_shared<std::promise<result<T>>>();
  auto done = promise->get_future();
  auto came_to = std::make_shared<std::optional<result<T>>>();
  actors::send((*p)->actor, actors::between_steps{
                                [act = std::move(act), came_to](auto& m) { *came_to = act(m); },
                                [promise, came_to] { promise->set_value(**came_to); }});
  promise.reset();
  try {
    return done.get();
  } catch (const std::future_error&) {
    return closed_error();  // dropped undone: the runtime closed meanwhile
  }
}

class runtime::node::rebuild_control final : public detail::rebuild_control {
 public:
  rebuild_control(std::string view, std::shared_ptr<actors::projection_board> board,
                  std::shared_ptr<actors::door> way_in)
      : view_(std::move(view)),
        board_(std::move(board)),
        record_(board_->last_rebuild()),
        way_in_(std::move(way_in)) {}

  [[nodiscard]] bool is_there() const noexcept { return record_ != nullptr; }

  rebuild_status status() const override { return board_->status_of(record_); }
  result<rebuild_status> wait(std::chrono::milliseconds at_most) const override {
    return board_->wait_for(record_, fasti::node::deadline_in(at_most));
  }
  result<view_difference> compare(const visitor& visit) override {
    auto both = ask<core::view_pair>(
        [g = record_->generation](auto& machine) { return machine.snapshot_of_both(g); });
    if (!both) return std::move(both).error();
    return core::difference_of(*both, visit);
  }
  result<void> switch_over() override {
    return ask<void>([g = record_->generation](auto& machine) { return machine.switch_over(g); });
  }
  result<void> cancel() override {
    return ask<void>(
        [g = record_->generation](auto& machine) { return machine.cancel_rebuild(g); });
  }

 private:
  template <class T>
  result<T> ask(std::function<result<T>(core::projection_machine&)> act) {
    result<T> came_to = closed_error();
    const bool entered = way_in_->enter([&](actors::runtime_port& to) {
      came_to = static_cast<node&>(to).between_steps<T>(view_, std::move(act));
    });
    return entered ? came_to : closed_error();
  }

  const std::string view_;
  const std::shared_ptr<actors::projection_board> board_;
  const actors::projection_board::rebuild_ptr record_;
  const std::shared_ptr<actors::door> way_in_;
};

result<std::shared_ptr<detail::rebuild_control>> runtime::node::start_rebuild(
    std::string_view name, const rebuild_options& options) {
  const auto from = place_of(options.from);
  if (!from) return from.error();
  auto started = between_steps<void>(name, [&](core::projection_machine& machine) {
    return machine.start_rebuild(from->position, options.then);
  });
  if (!started) return std::move(started).error();
  return find_rebuild(name);
}

std::shared_ptr<detail::rebuild_control> runtime::node::find_rebuild(std::string_view name) const {
  auto p = find_projection(name);
  if (!p) return nullptr;
  auto made = std::make_shared<rebuild_control>(std::string(name), (*p)->board, way_in_);
  return made->is_there() ? made : nullptr;
}

result<std::vector<parked_event>> runtime::parked_of(const detail::parker& who) {
  if (who.is_process) return node_->parked_by_process(who.name);
  return node_->between_steps<std::vector<parked_event>>(
      who.name, [](core::projection_machine& machine) -> result<std::vector<parked_event>> {
        std::vector<parked_event> all;
        for (const auto& [at, e] : machine.serving().parked().all()) all.push_back(e);
        return all;
      });
}

result<parked_replay> runtime::replay_parked_of(const detail::parker& who) {
  if (who.is_process) return node_->replay_parked_by_process(who.name);
  return node_->between_steps<parked_replay>(
      who.name, [](core::projection_machine& machine) { return machine.replay_parked(); });
}

result<void> runtime::skip_parked_of(const detail::parker& who, position at) {
  if (who.is_process) return node_->skip_parked_by_process(who.name, at);
  return node_->between_steps<void>(
      who.name, [at](core::projection_machine& machine) { return machine.skip_parked(at); });
}

}  // namespace fasti
