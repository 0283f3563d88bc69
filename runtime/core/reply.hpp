#pragma once
/// The way back of a command or a query. A reply is answered once, whatever happens: the one who
/// drops it unanswered answers `closed`. It is at the same time the observer of the commit that it
/// waits for, so that an outcome goes from the journal straight to who asked, past the aggregate.

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "fasti/detail/fetch.hpp"
#include "fasti/journal.hpp"

namespace fasti::core {

/// Who counts what of it is in flight, and stays in memory until all of it is answered.
class in_flight_owner {
 public:
  /// One is answered. From any thread; the last one may be its end.
  virtual void on_answered() noexcept = 0;

 protected:
  ~in_flight_owner() = default;
};

/// A place among the commands in flight, given back when the command is answered. The node's
/// counter must outlive it.
class in_flight_permit {
 public:
  using counter = std::atomic<std::size_t>;

  in_flight_permit() = default;
  /// Both have counted it already. `aggregate` may be null: it is no aggregate's alone.
  in_flight_permit(counter& node, in_flight_owner* aggregate) noexcept
      : node_(&node), aggregate_(aggregate) {}
  in_flight_permit(in_flight_permit&& other) noexcept
      : node_(std::exchange(other.node_, nullptr)),
        aggregate_(std::exchange(other.aggregate_, nullptr)) {}
  in_flight_permit& operator=(in_flight_permit&& other) noexcept {
    give_back();
    node_ = std::exchange(other.node_, nullptr);
    aggregate_ = std::exchange(other.aggregate_, nullptr);
    return *this;
  }
  ~in_flight_permit() { give_back(); }

  /// It is given back soon. An actor's count of handles, which is touched then, lies before what is
  /// known of it here.
  void fetch_owner() const noexcept { detail::fetch_with_line_before(aggregate_); }

  void give_back() noexcept {
    // The aggregate's last: with none its owner may take the aggregate out of memory.
    if (auto* node = std::exchange(node_, nullptr)) node->fetch_sub(1, std::memory_order_release);
    if (auto* aggregate = std::exchange(aggregate_, nullptr)) aggregate->on_answered();
  }

 private:
  counter* node_ = nullptr;
  in_flight_owner* aggregate_ = nullptr;
};

/// What all kinds of reply share: answered once, permit given back first, so that who is told may
/// send again at once.
template <class Answer>
class reply : public commit_observer {
 public:
  using callback = std::function<void(result<Answer>)>;

  explicit reply(callback&& to) : to_(std::move(to)) {}
  reply(const reply&) = delete;
  reply& operator=(const reply&) = delete;
  ~reply() override {
    if (to_) answer(error{errc::closed, "closed", "the runtime closed before it came"});
  }

  /// Keeps a place among those in flight until the answer.
  void admit(in_flight_permit permit) noexcept { permit_ = std::move(permit); }

  void answer(result<Answer> a) noexcept {
    if (!to_) return;
    permit_.give_back();
    std::exchange(to_, nullptr)(std::move(a));
  }

  /// What to answer when the barrier that this observes is durable.
  void hold(result<Answer> a) { held_ = std::make_unique<result<Answer>>(std::move(a)); }

 protected:
  /// Who waits goes on waiting for this one instead.
  reply(reply&& other) noexcept
      : to_(std::exchange(other.to_, nullptr)), permit_(std::move(other.permit_)) {}

  /// It is answered soon.
  void fetch_permit() const noexcept { permit_.fetch_owner(); }

  std::unique_ptr<result<Answer>> held_;  // rarely there: commands in flight are many

 private:
  callback to_;
  in_flight_permit permit_;
};

/// The reply to a query: the words of a Cap'n Proto message.
class query_reply : public reply<std::vector<word>> {
 public:
  using reply::reply;
  void on_outcome(result<committed> outcome) noexcept override {
    if (!outcome) return answer(std::move(outcome).error());
    answer(std::move(*held_));
  }
};

}  // namespace fasti::core
