// Subscriptions of a runtime: where they begin, who owns them, and the feed that waits.

#include <algorithm>
#include <condition_variable>
#include <deque>

#include "actors/caf/send.hpp"
#include "actors/subscription_actor.hpp"
#include "runtime/node/deadline.hpp"
#include "runtime/node/node.hpp"

namespace fasti {
namespace {

/// The position that is meant, if the journal has it.
struct place_finder {
  const journal& in;

  result<position> operator()(position p) const {
    if (p <= in.head()) return p;
    return error{errc::invalid, "checkpoint-ahead",
                 "position " + std::to_string(count_of(p)) + " is behind the journal's end, " +
                     std::to_string(count_of(in.head())) +
                     ": the journal was restored from an older copy; begin anew, or where both "
                     "were the same"};
  }
  result<position> operator()(const checkpoint& c) const {
    if (c.journal == in.id()) return (*this)(c.position);
    return error{errc::invalid, "foreign-checkpoint",
                 c.to_string() + " is of another journal than this one, " + in.id().to_string() +
                     ": open that one, or begin anew"};
  }
  result<position> operator()(timestamp t) const { return in.position_before(t); }
  result<position> operator()(start_at::the_head) const { return in.head(); }
};

}  // namespace

result<checkpoint> runtime::node::place_of(const start_at& from) const {
  const visit_guard visit(*this);
  if (visit.is_too_late()) return closed_error();
  auto at = std::visit(place_finder{*storage_.journal}, from.where());
  if (!at) return std::move(at).error();
  return checkpoint{storage_.journal->id(), *at};
}

result<std::optional<timestamp>> runtime::node::time_behind(position p) const {
  const visit_guard guard(*this);
  if (guard.is_too_late()) return closed_error();
  std::optional<timestamp> written;
  auto read = storage_.journal->read({.after = p, .events_max = 1}, [&](const recorded_event& e) {
    written = e.time;
    return visit::stop;
  });
  if (!read) return std::move(read).error();
  return written;
}

result<subscription> runtime::node::subscribe(subscription_options options,
                                              batch_callback callback) {
  const visit_guard visit(*this);
  if (visit.is_too_late()) return closed_error();
  if (!options.only.stream.empty()) {
    if (auto id = stream_id::parse(options.only.stream); !id) return std::move(id).error();
  }
  const auto from = place_of(options.from);
  if (!from) return from.error();

  auto board = std::make_shared<actors::subscription_board>(options.name, options.batches_held_max,
                                                            std::move(callback));
  auto actor = world_->host().spawn<actors::subscription_actor_impl>(
      std::move(options), from->position, board, bus_, services_);
  board->wake_by([actor] { actors::send(actor, actors::demand_changed{}); });
  {
    const std::unique_lock lock(mutex_);
    subscribers_.push_back({board, actor});
  }
  tell_of_the_head(actor);
  return subscription(std::move(board));
}

void runtime::node::forget_subscribers_who_left() {
  const auto has_left = [](const subscriber& s) { return s.board->is_over(); };
  {
    const std::shared_lock lock(mutex_);
    if (std::none_of(subscribers_.begin(), subscribers_.end(), has_left)) return;
  }
  const std::unique_lock lock(mutex_);
  std::erase_if(subscribers_, has_left);
}

result<std::optional<timestamp>> runtime::time_behind(position p) const {
  return node_->time_behind(p);
}

result<subscription> runtime::subscribe(subscription_options options, batch_callback callback) {
  return node_->subscribe(std::move(options), std::move(callback));
}

struct event_feed::queue {
  void put(result<event_batch> came) {
    {
      const std::lock_guard lock(mutex);
      if (came) {
        batches.push_back(*std::move(came));
      } else {
        end = std::move(came).error();
      }
    }
    came_one.notify_one();
  }

  result<event_batch> take(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(mutex);
    came_one.wait_until(lock, deadline, [this] { return !batches.empty() || end; });
    if (batches.empty()) return end ? result<event_batch>(*end) : event_batch({}, up_to, nullptr);
    auto batch = std::move(batches.front());
    batches.pop_front();
    up_to = batch.up_to();
    return batch;
  }

  std::mutex mutex;
  std::condition_variable came_one;
  // Protected by mutex:
  std::deque<event_batch> batches;
  std::optional<error> end;
  checkpoint up_to;  // of the batch taken last
};

event_feed::event_feed(std::shared_ptr<queue> from, subscription filled_by)
    : queue_(std::move(from)), subscription_(std::move(filled_by)) {}
event_feed::event_feed(event_feed&&) noexcept = default;
event_feed& event_feed::operator=(event_feed&&) noexcept = default;
event_feed::~event_feed() = default;

result<event_batch> event_feed::next(std::chrono::milliseconds wait_at_most) {
  return queue_->take(node::deadline_in(wait_at_most));
}

result<event_feed> runtime::subscribe(subscription_options options) {
  auto queue = std::make_shared<event_feed::queue>();
  auto place = node_->place_of(options.from);
  if (!place) return std::move(place).error();
  queue->up_to = *place;
  options.from = start_at::behind(*place);
  auto filled_by = node_->subscribe(
      std::move(options), [queue](result<event_batch> came) { queue->put(std::move(came)); });
  if (!filled_by) return std::move(filled_by).error();
  return event_feed(std::move(queue), *std::move(filled_by));
}

}  // namespace fasti
