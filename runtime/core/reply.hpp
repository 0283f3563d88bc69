#pragma once
/// The way back of a command or a query. A reply is answered once, whatever happens: the one who
/// drops it unanswered answers `closed`. It is at the same time the observer of the commit that it
/// waits for, so that an outcome goes from the journal straight to who asked, past the aggregate.

#include <atomic>
#include <functional>
#include <optional>

#include "fasti/journal.hpp"

namespace fasti::core {

/// A place among the commands in flight, given back when the command is answered. The counters must
/// outlive it.
class in_flight_permit {
 public:
  in_flight_permit() = default;
  in_flight_permit(std::atomic<std::size_t>& node, std::atomic<std::size_t>& aggregate) noexcept
      : node_(&node), aggregate_(&aggregate) {}
  in_flight_permit(in_flight_permit&& other) noexcept
      : node_(std::exchange(other.node_, nullptr)),
        aggregate_(std::exchange(other.aggregate_, nullptr)) {}
  in_flight_permit& operator=(in_flight_permit&&) = delete;
  ~in_flight_permit() { give_back(); }

  void give_back() noexcept {
    // The aggregate's last: at zero its owner may take the aggregate out of memory.
    if (node_ != nullptr) node_->fetch_sub(1, std::memory_order_release);
    if (aggregate_ != nullptr) aggregate_->fetch_sub(1, std::memory_order_release);
    node_ = nullptr;
    aggregate_ = nullptr;
  }

 private:
  std::atomic<std::size_t>* node_ = nullptr;
  std::atomic<std::size_t>* aggregate_ = nullptr;
};

/// What both kinds of reply share: answered once, permit given back first, so that who is told may
/// send again at once.
template <class Answer>
class reply : public commit_observer {
 public:
  using callback = std::function<void(result<Answer>)>;

  reply(callback to, in_flight_permit permit) : to_(std::move(to)), permit_(std::move(permit)) {}
  reply(const reply&) = delete;
  reply& operator=(const reply&) = delete;
  ~reply() override { answer(error{errc::closed, "closed", "the runtime closed before it came"}); }

  void answer(result<Answer> a) noexcept {
    if (!to_) return;
    permit_.give_back();
    std::exchange(to_, nullptr)(std::move(a));
  }

  /// What to answer when the barrier that this observes is durable.
  void hold(result<Answer> a) { held_.emplace(std::move(a)); }

 protected:
  std::optional<result<Answer>> held_;

 private:
  callback to_;
  in_flight_permit permit_;
};

/// The reply to a command: a receipt.
class command_reply final : public reply<receipt> {
 public:
  command_reply(stream_id stream, command_id command, callback to, in_flight_permit permit)
      : reply(std::move(to), std::move(permit)), stream_(std::move(stream)), command_(command) {}

  void on_outcome(result<committed> outcome) noexcept override;
  [[nodiscard]] receipt receipt_of(const committed& c) const;
  /// Accepted, and nothing had to happen.
  [[nodiscard]] receipt receipt_at(version v, position head, timestamp now) const;

 private:
  stream_id stream_;
  command_id command_;
};

/// The reply to a query: the words of a Cap'n Proto message.
class query_reply final : public reply<std::vector<word>> {
 public:
  using reply::reply;
  void on_outcome(result<committed> outcome) noexcept override;
};

}  // namespace fasti::core
