#include "actors/caf/host.hpp"

namespace fasti::actors {

void actor_census::report(const actor_fault& fault) const noexcept {
  if (!on_fault_) return;
  try {
    on_fault_(fault);
  } catch (...) {  // NOLINT(bugprone-empty-catch): there is nobody left to tell
  }
}

actor_census::counter& actor_census::counter_of(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = counters_.find(name);
  if (found != counters_.end()) return found->second;
  return counters_.try_emplace(std::string(name), 0).first->second;
}

void actor_census::enter(counter& of) noexcept {
  of.fetch_add(1);
  total_.fetch_add(1);
}

void actor_census::leave(counter& of) noexcept {
  of.fetch_sub(1);
  if (total_.fetch_sub(1) != 1) return;
  // The lock makes sure that a waiter has either seen the zero or is asleep already.
  { const std::lock_guard lock(mutex_); }
  emptied_.notify_all();
}

std::vector<actor_count> actor_census::running() const {
  std::vector<actor_count> result;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, number] : counters_) {
    if (const std::size_t count = number.load(); count > 0) result.push_back({name, count});
  }
  return result;
}

bool actor_census::wait_until_empty(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  return emptied_.wait_for(lock, limit, [this] { return total_.load() == 0; });
}

}  // namespace fasti::actors
