#pragma once
/// Aggregates, found by the names of their streams. The chains run through the actors themselves:
/// to find one touches a word of the table and the actor, which is wanted anyway. That counts where
/// there are so many that none of them is in the processor's caches.

#include <vector>

#include "actors/aggregate_actor.hpp"

namespace fasti::actors {

/// Not thread-safe. Keeps its aggregates alive.
class aggregate_table {
 public:
  /// Null: it is not in there.
  [[nodiscard]] aggregate_actor* find(const stream_id& stream, std::size_t hash) const {
    if (heads_.empty()) return nullptr;
    auto* at = heads_[chain_of(hash)].get();
    fasti::detail::fetch(at, bytes_touched);
    while (at != nullptr && !(at->hash() == hash && at->stream() == stream)) {
      at = at->next_in_table.get();
    }
    return at;
  }

  /// Precondition: its stream is not in there.
  void add(aggregate_ref aggregate) {
    if (count_ >= heads_.size()) grow();
    link(std::move(aggregate));
    ++count_;
  }

  /// Takes out those for which `leaves(aggregate)` holds, in any order.
  template <class Leaves>
  void take_out(std::vector<aggregate_ref>& into, Leaves&& leaves) {
    for (auto& head : heads_) take_out_of(head, into, leaves);
  }
  /// Precondition: it is in there.
  void remove(const aggregate_actor& aggregate) {
    std::vector<aggregate_ref> removed;
    take_out_of(heads_[chain_of(aggregate.hash())], removed,
                [&aggregate](const aggregate_actor& a) { return &a == &aggregate; });
  }

  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const auto& head : heads_) {
      for (auto* at = head.get(); at != nullptr; at = at->next_in_table.get()) visit(*at);
    }
  }

 private:
  static constexpr std::size_t chains_min = 8;
  /// Of an aggregate, by who finds it and puts something into its queue: the first, as a rule.
  static constexpr std::size_t bytes_touched = 256;

  [[nodiscard]] std::size_t chain_of(std::size_t hash) const { return hash & (heads_.size() - 1); }

  void link(aggregate_ref aggregate) {
    auto& head = heads_[chain_of(aggregate->hash())];
    aggregate->next_in_table = std::move(head);
    head = std::move(aggregate);
  }

  void grow() {
    std::vector<aggregate_ref> all;
    all.reserve(count_);
    take_out(all, [](const aggregate_actor&) { return true; });
    heads_.resize(std::max(chains_min, 2 * heads_.size()));  // a power of two
    for (auto& a : all) link(std::move(a));
    count_ = all.size();
  }

  template <class Leaves>
  void take_out_of(aggregate_ref& head, std::vector<aggregate_ref>& into, Leaves&& leaves) {
    for (auto* at = &head; *at;) {
      if (leaves(static_cast<const aggregate_actor&>(**at))) {
        auto leaving = std::move(*at);
        *at = std::move(leaving->next_in_table);
        into.push_back(std::move(leaving));
        --count_;
      } else {
        at = &(*at)->next_in_table;
      }
    }
  }

  std::vector<aggregate_ref> heads_;
  std::size_t count_ = 0;
};

}  // namespace fasti::actors
