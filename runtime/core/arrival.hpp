#pragma once
/// What arrives at an aggregate: a command or a query, in one piece with its way back. One object
/// goes all the way, from who sends through the aggregate and the journal to the thread that
/// answers and frees it; nothing on the way takes it apart, copies its body or allocates for it.

#include <memory>
#include <variant>

#include "fasti/conditions.hpp"
#include "fasti/detail/fetch.hpp"
#include "runtime/core/reply.hpp"

namespace fasti::core {

/// Who chose the id of a command: only a chosen one can be a repeat.
enum class id_origin : std::uint8_t { chosen, generated };

/// What a command asks for.
struct command_request {
  type_id type{};
  std::vector<word> body;
  command_origin origin;  ///< Its id is set.
  id_origin id_from = id_origin::generated;
  std::optional<type_id> reply = std::nullopt;  ///< What its decider declared.
  conditions under = {};
};

/// Why something is not taken up any more, if so. `now` is asked only if it matters.
template <class Clock>
[[nodiscard]] std::optional<error> why_lapsed(const conditions& under, Clock&& now) {
  if (under.cancelled_by.is_cancelled()) {
    return error{errc::unavailable, "cancelled", "it was cancelled before it was taken up"};
  }
  if (under.deadline == timestamp::max() || now() <= under.deadline) return std::nullopt;
  return error{errc::unavailable, "deadline-passed", "its time was up before it was taken up"};
}

/// What makes a list of arrivals; for the queue that they wait in.
struct arrival_link {
  enum class kind : std::uint8_t { command, query };
  arrival_link* next = nullptr;
  kind what;
};

class incoming_command;
class incoming_query;
using incoming = std::variant<std::unique_ptr<incoming_command>, std::unique_ptr<incoming_query>>;

/// Back into the queue of an aggregate.
class way_back {
 public:
  virtual ~way_back() = default;
  /// Takes it in once more, or answers it with `why`.
  virtual void again(incoming&& arrival, const error& why) noexcept = 0;
};

/// What is left of the times that something may be taken up anew, because somebody else wrote to
/// the stream meanwhile.
class second_chances {
 public:
  void give(way_back& by, unsigned times) noexcept {
    if (by_ == nullptr) left_ = times;
    by_ = &by;
  }
  /// Null: this error is for who waits.
  [[nodiscard]] way_back* take(const error& e) noexcept {
    if (e.code != errc::conflict || left_ == 0) return nullptr;
    --left_;
    return by_;
  }

 private:
  way_back* by_ = nullptr;
  unsigned left_ = 0;
};

/// A command on its way, and the reply to it: a receipt.
class incoming_command final : public reply<receipt>, public arrival_link {
 public:
  incoming_command(stream_id stream, command_request&& asks, callback&& to)
      : reply(std::move(to)),
        arrival_link{nullptr, kind::command},
        stream_(std::move(stream)),
        asks_(std::move(asks)) {}

  /// Being overtaken it goes back by this way, at most so many times. It must be there until the
  /// answer.
  void may_go_again(way_back& by, unsigned times) noexcept { chances_.give(by, times); }
  [[nodiscard]] const stream_id& stream() const noexcept { return stream_; }
  [[nodiscard]] const command_request& asks() const noexcept { return asks_; }

  void on_outcome(result<committed> outcome) noexcept override;
  void on_outcome_soon() const noexcept override {
    detail::fetch(this, sizeof *this);
    fetch_permit();
  }
  /// What goes with an outcome of this kind: its own with a fresh one, the first one with a repeat.
  void keep_reply(command_reply made, committed::kind with) noexcept {
    reply_ = std::move(made);
    reply_goes_with_ = with;
  }
  [[nodiscard]] receipt receipt_of(const committed& c);
  /// Accepted, and nothing had to happen.
  [[nodiscard]] receipt receipt_at(version v, position head, timestamp now);

 private:
  incoming_command(incoming_command&&) noexcept = default;

  stream_id stream_;
  command_request asks_;
  second_chances chances_;
  command_reply reply_;
  committed::kind reply_goes_with_ = committed::kind::barrier;
};

/// A query of an aggregate's state on its way, and the reply to it.
class incoming_query final : public query_reply, public arrival_link {
 public:
  incoming_query(type_id type, std::vector<word> body, conditions under, callback to)
      : query_reply(std::move(to)),
        arrival_link{nullptr, kind::query},
        type_(type),
        body_(std::move(body)),
        under_(std::move(under)) {}

  void may_go_again(way_back& by, unsigned times) noexcept { chances_.give(by, times); }
  void on_outcome(result<committed> outcome) noexcept override;
  [[nodiscard]] type_id type() const noexcept { return type_; }
  [[nodiscard]] body_view body() const noexcept { return body_; }
  [[nodiscard]] const conditions& under() const noexcept { return under_; }

 private:
  incoming_query(incoming_query&&) noexcept = default;

  type_id type_;
  std::vector<word> body_;
  conditions under_;
  second_chances chances_;
};

/// Answers whichever it is with an error.
inline void refuse(const incoming& arrival, const error& why) noexcept {
  std::visit([&why](const auto& a) { a->answer(why); }, arrival);
}

}  // namespace fasti::core
