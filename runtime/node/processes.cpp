// Process managers of a runtime: their aggregates, what brings events to them, and their outbox.

#include <limits>

#include "runtime/core/outbox.hpp"
#include "runtime/node/event_courier.hpp"
#include "runtime/node/node.hpp"
#include "runtime/node/outbox_courier.hpp"

namespace fasti {

result<void> runtime::node::add_process(detail::process_port port, const process_options& options) {
  const visit_guard visit(*this);
  if (visit.is_too_late()) return closed_error();
  if (auto there = start_outbox(); !there) return there;
  const auto name = fasti::node::event_courier::checkpoint_name(port.category);
  const auto began = beginning_of(port.category, options.from);
  if (!began) return began.error();
  const auto handled = storage_.views->checkpoint(name);
  if (!handled) return handled.error();
  const auto place =
      place_of(start_at::behind(checkpoint{storage_.journal->id(), std::max(*began, *handled)}));
  if (!place) return place.error();
  // From now on it is known that it has not handled what comes.
  if (auto kept = storage_.views->write(name, {{}, place->position}); !kept) return kept;
  auto courier = std::make_shared<fasti::node::event_courier>(
      port, options.on_failure,
      fasti::node::event_courier::surroundings{*storage_.views, *storage_.journal, *this,
                                               options_.clock});
  if (auto started = courier->start_behind(place->position); !started) return started;
  if (auto added = add_decider(core::decider_of(port)); !added) return added;

  subscription_options wants;
  wants.from = start_at::behind(*place);
  for (const auto& t : port.reacts_to) wants.only.types.push_back(t.type);
  wants.name = name;
  wants.batches_held_max = 1;
  auto fed = subscribe(std::move(wants),
                       [courier](result<event_batch> batch) { courier->take(std::move(batch)); });
  if (!fed) return std::move(fed).error();
  const std::unique_lock lock(mutex_);
  processes_.push_back({std::move(courier), *std::move(fed)});
  return {};
}

/// Where they began for the first time. Unless that is where the journal does, the journal itself
/// keeps it: what they have not handled must not be passed over when a checkpoint is lost.
result<position> runtime::node::beginning_of(std::string_view category, const start_at& from) {
  const auto stream = stream_id::of("fasti", "process-" + std::string(category));
  std::optional<position> began;
  auto read = storage_.journal->read_stream(stream, {}, [&began](const recorded_event& e) {
    began = core::process_beginning_in(e.body);
    return visit::stop;
  });
  if (!read) return std::move(read).error();
  if (began) return *began;
  const auto* given = std::get_if<position>(&from.where());
  if (given != nullptr && *given == no_position) return no_position;
  const auto place = place_of(from);
  if (!place) return place.error();
  commit says_so;
  says_so.origin.id = command_id::generate();
  says_so.parts.push_back({stream, expected_version::no_stream(), 1});
  says_so.bodies = core::process_began(place->position);
  says_so.events.push_back(
      {core::process_began_type(), static_cast<std::uint32_t>(says_so.bodies.size())});
  if (auto kept = append_and_wait(*storage_.journal, std::move(says_so)); !kept) {
    return std::move(kept).error();
  }
  return place->position;
}

/// One for all of them.
result<void> runtime::node::start_outbox() {
  const std::unique_lock lock(mutex_);
  if (outbox_) return {};
  auto courier = std::make_shared<fasti::node::outbox_courier>(
      *storage_.views, *this, options_.clock, storage_.journal->head());
  // It goes on when the disk does: nobody is there to mend it.
  constexpr projection_options how{
      .on_failure = {.retries_max = std::numeric_limits<unsigned>::max()}};
  auto started = start_projection(core::outbox_port(), how, [courier] { courier->look_soon(); });
  if (started) outbox_ = std::move(courier);
  return started;
}

void runtime::node::deliver(std::string_view stream, type_id command, std::vector<word> body,
                            command_origin origin, std::optional<std::string> principal,
                            receipt_callback callback) {
  const visit_guard visit(*this);
  if (visit.is_too_late()) return callback(closed_error());
  if (principal) {
    // Who issued it must be there to be told; until then it is not delivered.
    if (auto from = find_target(*principal); !from) return callback(std::move(from).error());
  }
  // What has had its effect is a repeat, whoever may do what now.
  const bool is_asked_about = principal && !storage_.journal->find_command(origin.id);
  auto to = is_asked_about ? find_target(stream, command, *principal) : find_target(stream);
  if (!to) return callback(std::move(to).error());
  core::command_request asks{command, std::move(body), std::move(origin)};
  if (principal) asks.id_from = core::id_origin::chosen;
  take_in(*std::move(to), std::move(asks), std::move(callback));
}

void runtime::node::run_later(std::function<void()> task) {
  static_cast<void>(readers_.run(std::move(task)));  // else it is closing
}

void runtime::node::tick_processes() {
  std::vector<std::pair<std::shared_ptr<fasti::node::event_courier>, position>> couriers;
  std::shared_ptr<fasti::node::outbox_courier> outbox;
  {
    const std::shared_lock lock(mutex_);
    for (const auto& p : processes_) {
      couriers.emplace_back(p.courier, p.fed_by.status().given_up_to);
    }
    outbox = outbox_;
  }
  for (const auto& [courier, given_up_to] : couriers) courier->tick(given_up_to);
  if (outbox) outbox->tick();
}

/// Their subscriptions wait for calls at work, which look things up: not under the lock.
void runtime::node::stop_processes() {
  std::vector<process> ended;
  {
    const std::unique_lock lock(mutex_);
    ended.swap(processes_);
  }
  for (const auto& p : ended) p.courier->end();
}

// -- their parked events --------------------------------------------------------------------------

result<std::shared_ptr<fasti::node::event_courier>> runtime::node::find_process(
    std::string_view category) const {
  const std::shared_lock lock(mutex_);
  for (const auto& p : processes_) {
    if (p.courier->port().category == category) return p.courier;
  }
  return error{errc::invalid, "unknown-process",
               "no process managers of category \"" + std::string(category) + "\" were added"};
}

result<std::vector<parked_event>> runtime::node::parked_by_process(
    std::string_view category) const {
  const visit_guard visit(*this);
  if (visit.is_too_late()) return closed_error();
  const auto of = find_process(category);
  if (!of) return of.error();
  return (*of)->parked();
}

result<parked_replay> runtime::node::replay_parked_by_process(std::string_view category) {
  auto promise = std::make_shared<std::promise<result<parked_replay>>>();
  auto ended = promise->get_future();
  {
    const visit_guard visit(*this);
    if (visit.is_too_late()) return closed_error();
    const auto of = find_process(category);
    if (!of) return of.error();
    (*of)->replay_parked([promise](result<parked_replay> r) { promise->set_value(std::move(r)); });
  }
  return ended.get();  // no visit: `close` does not wait for it, but ends it
}

result<void> runtime::node::skip_parked_by_process(std::string_view category, position at) {
  const visit_guard visit(*this);
  if (visit.is_too_late()) return closed_error();
  const auto of = find_process(category);
  if (!of) return of.error();
  return (*of)->skip_parked(at);
}

/// With the mutex.
void runtime::node::add_process_stats(runtime_stats& to) const {
  for (const auto& p : processes_) to.processes.push_back(p.courier->status());
  if (outbox_) to.outbox = outbox_->status();
}

}  // namespace fasti
