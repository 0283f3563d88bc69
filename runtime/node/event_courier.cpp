#include "runtime/node/event_courier.hpp"

#include "runtime/core/guard.hpp"
#include "runtime/core/process_decider.hpp"

namespace fasti::node {

event_courier::event_courier(detail::process_port port, view_store& checkpoints, process_link& to)
    : port_(std::move(port)), checkpoints_(checkpoints), to_(to) {}

std::string event_courier::checkpoint_name(std::string_view category) {
  return "fasti.process." + std::string(category);
}

void event_courier::take(result<event_batch> came) {
  if (!came) {
    if (came.error().code != errc::closed) stop(std::move(came).error());
    return;
  }
  std::vector<parcel> first;
  std::optional<std::string> thrown;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    batch_ = *std::move(came);
    thrown = core::thrown_by([&] { first = sort_into_lanes(); });
  }
  if (thrown) return stop({errc::corrupt, "process-stopped", "key_of threw " + *thrown});
  if (first.empty()) return end_batch();
  for (const auto& p : first) send(p);
}

/// The first of each lane.
std::vector<event_courier::parcel> event_courier::sort_into_lanes() {
  lanes_.clear();
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    if (auto key = port_.key_of(batch_[i])) lanes_[*key].push_back(i);
  }
  std::vector<parcel> first;
  for (const auto& [key, events] : lanes_) first.push_back({key, events.front()});
  return first;
}

void event_courier::send(const parcel& p) {
  event_batch batch;
  {
    const std::lock_guard lock(mutex_);
    batch = batch_;
  }
  const auto& e = batch[p.event];
  command_origin origin;
  origin.id = command_id::generate();
  origin.correlation = e.correlation;
  origin.causation = e.id;
  origin.trace = e.trace;
  to_.deliver(port_.category + "-" + p.key, core::handle_event_type(), core::handle_event(e),
              std::move(origin), std::nullopt,
              [self = shared_from_this(), key = p.key](const result<receipt>& r) {
                self->on_answer(key, r);
              });
}

void event_courier::on_answer(const std::string& key, const result<receipt>& r) {
  std::optional<parcel> next;
  {
    const std::lock_guard lock(mutex_);
    const auto found = lanes_.find(key);
    if (stopped_ || found == lanes_.end()) return;
    if (!r) {
      if (may_pass(r.error())) return not_taken_.push_back(key);
    } else {
      found->second.pop_front();
      if (!found->second.empty()) {
        next = parcel{key, found->second.front()};
      } else {
        lanes_.erase(found);
        if (!lanes_.empty()) return;
      }
    }
  }
  if (!r) return stop(r.error());
  next ? send(*next) : end_batch();
}

void event_courier::end_batch() {
  event_batch done;  // let go of outside the lock: then the next one may come at once
  {
    const std::lock_guard lock(mutex_);
    std::swap(done, batch_);
  }
  keep(done.up_to().position);
}

/// Never goes back.
void event_courier::keep(position handled) {
  result<void> kept;
  {
    const std::lock_guard lock(keep_mutex_);
    if (count_of(handled) <= handled_) return;
    kept = checkpoints_.write(checkpoint_name(port_.category), {{}, handled});
    if (kept) handled_ = count_of(handled);
  }
  if (kept) return;
  if (kept.error().code != errc::unavailable) return stop(std::move(kept).error());
  // A later tick tries again; what comes twice its receivers know.
  to_.log(log_level::error, kept.error().to_string());
}

void event_courier::stop(error why) {
  why.detail = "process manager " + port_.category + ", behind position " +
               std::to_string(handled_.load()) + ": " + why.detail;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = why;
  }
  to_.log(log_level::error, why.to_string());
}

void event_courier::tick(position given_up_to) {
  std::vector<parcel> again;
  bool is_idle = false;
  {
    const std::lock_guard lock(mutex_);
    is_idle = lanes_.empty() && batch_.empty() && !stopped_;
    for (const auto& key : std::exchange(not_taken_, {})) {
      again.push_back({key, lanes_.at(key).front()});
    }
  }
  for (const auto& p : again) send(p);
  if (is_idle) keep(given_up_to);  // nothing concerned them behind the last batch
}

process_status event_courier::status() const {
  const std::lock_guard lock(mutex_);
  return {port_.category, position{handled_.load()}, lanes_.size(), stopped_};
}

}  // namespace fasti::node
