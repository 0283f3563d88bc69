#pragma once
/// What waits for one aggregate: a list that runs through the arrivals themselves, so that to put
/// one allocates nothing and takes no lock. Any thread puts; the owner takes.
///
///     put ─▶ newest ─▶ … ─▶ oldest      what came: a stack, which any thread puts onto
///                                       fetch: the owner takes it as a whole and turns it over
///     take ◀─ oldest ─▶ … ─▶ newest     what was fetched: the owner's alone
///
/// (CAF's own mailboxes are made like this.) It has no bound: who puts has counted before how much
/// is in flight.

#include <atomic>
#include <optional>

#include "actors/inbox.hpp"
#include "runtime/core/arrival.hpp"

namespace fasti::actors {

class arrival_queue {
 public:
  arrival_queue() = default;
  ~arrival_queue() {
    close();
    while (take()) {
    }
  }
  arrival_queue(const arrival_queue&) = delete;
  arrival_queue& operator=(const arrival_queue&) = delete;

  /// `wake`, `queued` or `closed`.
  [[nodiscard]] put_result put(core::incoming&& arrival) noexcept {
    core::arrival_link* const link =
        std::visit([](const auto& a) -> core::arrival_link* { return a.get(); }, arrival);
    auto* newest = newest_.load(std::memory_order_relaxed);
    do {
      if (newest == &closed) return put_result::closed;
      link->next = newest;
    } while (!newest_.compare_exchange_weak(newest, link, std::memory_order_release,
                                            std::memory_order_relaxed));
    std::visit([](auto& a) { static_cast<void>(a.release()); }, arrival);
    return newest == nullptr ? put_result::wake : put_result::queued;
  }

  // The owner's:

  /// Takes what came, behind what was fetched before. The next `put` wakes.
  void fetch() noexcept { append(newest_.exchange(nullptr, std::memory_order_acquire)); }
  /// The oldest of what was fetched.
  [[nodiscard]] std::optional<core::incoming> take() noexcept {
    if (oldest_ == nullptr) return std::nullopt;
    auto* const taken = std::exchange(oldest_, oldest_->next);
    if (oldest_ == nullptr) end_ = &oldest_;
    if (taken->what == core::arrival_link::kind::command) {
      return std::unique_ptr<core::incoming_command>(static_cast<core::incoming_command*>(taken));
    }
    return std::unique_ptr<core::incoming_query>(static_cast<core::incoming_query*>(taken));
  }
  [[nodiscard]] bool has_fetched() const noexcept { return oldest_ != nullptr; }
  /// Fetches the memory of what `take` gives next.
  void expect_take() const noexcept {
    if (oldest_ != nullptr && oldest_->what == core::arrival_link::kind::command) {
      fasti::detail::fetch(static_cast<const core::incoming_command*>(oldest_),
                           sizeof(core::incoming_command));
    }
  }
  /// Refuses from now on. What waits can be taken.
  void close() noexcept { append(newest_.exchange(&closed, std::memory_order_acquire)); }

  [[nodiscard]] bool is_closed() const noexcept {
    return newest_.load(std::memory_order_relaxed) == &closed;
  }

 private:
  /// A stack, which is turned over: its first is the newest.
  void append(core::arrival_link* stack) noexcept {
    if (stack == nullptr || stack == &closed) return;
    auto** const end = &stack->next;
    core::arrival_link* turned = nullptr;
    while (stack != nullptr) {
      auto* const older = std::exchange(stack->next, turned);
      turned = std::exchange(stack, older);
    }
    *end_ = turned;
    end_ = end;
  }

  static inline core::arrival_link closed{nullptr, core::arrival_link::kind::query};

  std::atomic<core::arrival_link*> newest_{nullptr};
  core::arrival_link* oldest_ = nullptr;
  core::arrival_link** end_ = &oldest_;
};

}  // namespace fasti::actors
