#pragma once
/// Aggregates, found by the names of their streams. The chains run through the actors themselves:
/// to find one touches a word of the table and the actor, which is wanted anyway. That counts where
/// there are so many that none of them is in the processor's caches.
///
/// Who will look for an aggregate may ask for the memory that it takes before, without the lock
/// that all else needs: so an array of heads that became too small stays where it is.

#include <algorithm>
#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "actors/aggregate_actor.hpp"

namespace fasti::actors {

/// Keeps its aggregates alive. Not thread-safe but for `fetch_head` and `fetch_first`.
class aggregate_table {
 public:
  aggregate_table() = default;
  ~aggregate_table() {
    std::vector<aggregate_ref> all;
    take_out(all, [](const aggregate_actor&) { return true; });
  }
  aggregate_table(const aggregate_table&) = delete;
  aggregate_table& operator=(const aggregate_table&) = delete;

  /// Null: it is not in there.
  [[nodiscard]] aggregate_actor* find(const stream_id& stream, std::size_t hash) const {
    if (chains_ == 0) return nullptr;
    auto* at = head_of(hash).load(std::memory_order_relaxed);
    fasti::detail::fetch(at, bytes_touched);
    while (at != nullptr && !(at->hash() == hash && at->stream() == stream)) {
      at = at->next_in_table.get();
    }
    return at;
  }
  /// It will be looked for in some hundred nanoseconds …
  void fetch_head(std::size_t hash) const noexcept {
    const auto chains = chains_.load(std::memory_order_acquire);
    if (chains > 0) fasti::detail::fetch_to_read(&head_of(hash, chains));
  }
  /// … and so much later this. The aggregate may be gone by now: nothing of it is read.
  void fetch_first(std::size_t hash) const noexcept {
    const auto chains = chains_.load(std::memory_order_acquire);
    if (chains == 0) return;
    fasti::detail::fetch(head_of(hash, chains).load(std::memory_order_relaxed), bytes_touched);
  }

  /// Precondition: its stream is not in there.
  void add(aggregate_ref aggregate) {
    if (count_ >= chains_) grow();
    link(std::move(aggregate));
    ++count_;
  }

  /// Takes out those for which `leaves(aggregate)` holds, in any order.
  template <class Leaves>
  void take_out(std::vector<aggregate_ref>& into, Leaves&& leaves) {
    for (auto& h : heads()) take_out_of(h, into, leaves);
  }
  /// Precondition: it is in there.
  void remove(const aggregate_actor& aggregate) {
    std::vector<aggregate_ref> removed;
    take_out_of(head_of(aggregate.hash()), removed,
                [&aggregate](const aggregate_actor& a) { return &a == &aggregate; });
  }

  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const auto& h : heads()) {
      for (auto* at = h.load(); at != nullptr; at = at->next_in_table.get()) visit(*at);
    }
  }

 private:
  /// Holds a reference of its own.
  using head = std::atomic<aggregate_actor*>;

  static constexpr std::size_t chains_min = 8;
  /// Of an aggregate, by who finds it and puts something into its queue: the first, as a rule.
  static constexpr std::size_t bytes_touched = 256;

  /// Precondition: there are chains. What was seen of their number before fits the array.
  [[nodiscard]] head& head_of(std::size_t hash, std::size_t chains) const noexcept {
    return heads_.load(std::memory_order_acquire)[hash & (chains - 1)];
  }
  [[nodiscard]] head& head_of(std::size_t hash) const noexcept {
    return head_of(hash, chains_.load(std::memory_order_relaxed));
  }
  [[nodiscard]] std::span<head> heads() const noexcept { return {heads_.load(), chains_.load()}; }

  void link(aggregate_ref aggregate) {
    auto& first = head_of(aggregate->hash());
    aggregate->next_in_table = aggregate_ref(first.load(), false);
    first = aggregate.detach();
  }

  void grow() {
    std::vector<aggregate_ref> all;
    all.reserve(count_);
    take_out(all, [](const aggregate_actor&) { return true; });
    const auto chains = std::max(chains_min, 2 * heads().size());  // a power of two
    arrays_.push_back(std::make_unique<head[]>(chains));
    heads_.store(arrays_.back().get(), std::memory_order_release);
    chains_.store(chains, std::memory_order_release);  // never more than the array has
    count_ = all.size();
    for (auto& a : all) link(std::move(a));
  }

  template <class Leaves>
  void take_out_of(head& from, std::vector<aggregate_ref>& into, Leaves&& leaves) {
    aggregate_ref chain(from.load(), false);
    for (auto* at = &chain; *at;) {
      if (leaves(static_cast<const aggregate_actor&>(**at))) {
        auto leaving = std::move(*at);
        *at = std::move(leaving->next_in_table);
        into.push_back(std::move(leaving));
        --count_;
      } else {
        at = &(*at)->next_in_table;
      }
    }
    from = chain.detach();
  }

  std::atomic<head*> heads_{nullptr};  // the newest array
  std::atomic<std::size_t> chains_{0};
  std::size_t count_ = 0;
  /// All there were: the older ones together are as large as the newest.
  std::vector<std::unique_ptr<head[]>> arrays_;
};

}  // namespace fasti::actors
