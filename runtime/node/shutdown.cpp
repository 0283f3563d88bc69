// The end of a node, step by step; see node.hpp for the order and why.

#include <thread>

#include "actors/caf/send.hpp"
#include "runtime/node/node.hpp"

namespace fasti {

void runtime::node::wait_for_visitors() const {
  while (visitors_ > 0) std::this_thread::yield();
}

void runtime::node::wait_for_answers(std::chrono::steady_clock::time_point deadline) {
  // A command in flight is at most some syncs away from its answer: looking again is enough.
  while (registry_->in_flight() > 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

void runtime::node::stop_subscribers() {
  const std::unique_lock lock(mutex_);
  for (const auto& s : subscribers_) actors::stop(s.actor);
  subscribers_.clear();
  for (auto& [name, p] : projections_) {
    actors::stop(p->actor);
    p->actor = actors::projection_actor();
  }
  if (bus_) actors::stop(bus_);
  bus_ = actors::bus_actor();
}

/// Nobody uses it any more. Files are released here: the same process may open them again. (The
/// registry is empty, and stays: senders `expect` of it without asking whether the node is closed.)
void runtime::node::release() {
  if (registry_) registry_->stop_all();
  storage_ = {};
}

/// On a system of the application's those who did not stop in time go on running, so what they use
/// must stay until they do.
void runtime::node::wait_for_those_left() {
  if (!world_ || world_->is_over()) return;
  log(log_level::error, "the application's actor_system has not ended fasti's actors; waiting");
  while (!world_->await_all(std::chrono::seconds{1}).empty()) {
  }
  release();
}

result<void> runtime::node::close() {
  const std::lock_guard lock(close_mutex_);
  if (closed_) return *closed_;
  closing_ = true;
  const auto deadline = std::chrono::steady_clock::now() + options_.shutdown_timeout;
  std::string left;
  wait_for_visitors();
  if (world_) {
    wait_for_answers(deadline);
    if (const auto n = registry_->in_flight(); n > 0) {
      left += std::to_string(n) + " commands without an answer";
    }
    ticker_.reset();
    storage_.journal->on_head({});
    stop_processes();
    stop_sinks();
    stop_subscribers();
    registry_->stop_all();
  }
  readers_.close();
  auto ended = storage_.journal->close();
  if (world_) {
    const auto now = std::chrono::steady_clock::now();
    const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::max(deadline - now, std::chrono::steady_clock::duration{std::chrono::seconds{1}}));
    for (const auto& who : world_->shutdown(limit)) {
      left += (left.empty() ? "" : ", ") + std::to_string(who.count) + " × " + who.name;
    }
  }
  if (!world_ || world_->is_over()) release();
  if (ended && !left.empty()) {
    ended = error{errc::unavailable, "shutdown-incomplete", "left behind: " + left};
  }
  closed_ = ended;
  return ended;
}

}  // namespace fasti
