#pragma once
/// The deciders by their categories. Asked at each command, by any thread, without a lock: whoever
/// adds something to the runtime, or takes a view away, holds up nobody. None ever leaves.

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "fasti/detail/port.hpp"

namespace fasti::node {

class decider_table {
 public:
  /// Null: there is none.
  [[nodiscard]] const detail::decider_port* find(std::string_view category) const noexcept {
    const auto* all = newest_.load(std::memory_order_acquire);
    if (all == nullptr) return nullptr;
    const auto at = place_of(category, *all);
    return at != all->end() && (*at)->category == category ? *at : nullptr;
  }

  /// One thread at a time. False: the category is taken.
  [[nodiscard]] bool add(detail::decider_port port) {
    if (find(port.category) != nullptr) return false;
    ports_.push_back(std::make_unique<const detail::decider_port>(std::move(port)));
    const auto* added = ports_.back().get();
    auto longer = std::make_unique<by_category>();
    if (!tables_.empty()) *longer = *tables_.back();
    longer->insert(place_of(added->category, *longer), added);
    newest_.store(longer.get(), std::memory_order_release);
    tables_.push_back(std::move(longer));
    return true;
  }

 private:
  using by_category = std::vector<const detail::decider_port*>;  // sorted

  static by_category::const_iterator place_of(std::string_view category, const by_category& in) {
    return std::lower_bound(
        in.begin(), in.end(), category,
        [](const auto* port, std::string_view c) { return port->category < c; });
  }

  std::vector<std::unique_ptr<const detail::decider_port>> ports_;
  std::vector<std::unique_ptr<by_category>> tables_;  // somebody may still look at an older one
  std::atomic<const by_category*> newest_{nullptr};
};

}  // namespace fasti::node
