#pragma once
/// What arrives at an aggregate: a command or a query, in one piece with its way back. One object
/// goes all the way, from who sends through the aggregate and the journal to the thread that
/// answers and frees it; nothing on the way takes it apart, copies its body or allocates for it.

#include <memory>
#include <variant>

#include "fasti/conditions.hpp"
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

/// A command on its way, and the reply to it: a receipt.
class incoming_command final : public reply<receipt> {
 public:
  incoming_command(stream_id stream, command_request asks, callback to)
      : reply(std::move(to)), stream_(std::move(stream)), asks_(std::move(asks)) {}

  [[nodiscard]] const stream_id& stream() const noexcept { return stream_; }
  [[nodiscard]] const command_request& asks() const noexcept { return asks_; }

  void on_outcome(result<committed> outcome) noexcept override;
  /// What goes with an outcome of this kind: its own with a fresh one, the first one with a repeat.
  void keep_reply(command_reply made, committed::kind with) noexcept {
    reply_ = std::move(made);
    reply_goes_with_ = with;
  }
  [[nodiscard]] receipt receipt_of(const committed& c);
  /// Accepted, and nothing had to happen.
  [[nodiscard]] receipt receipt_at(version v, position head, timestamp now);

 private:
  const stream_id stream_;
  const command_request asks_;
  command_reply reply_;
  committed::kind reply_goes_with_ = committed::kind::barrier;
};

/// A query of an aggregate's state on its way, and the reply to it.
class incoming_query final : public query_reply {
 public:
  incoming_query(type_id type, std::vector<word> body, conditions under, callback to)
      : query_reply(std::move(to)), type_(type), body_(std::move(body)), under_(std::move(under)) {}

  [[nodiscard]] type_id type() const noexcept { return type_; }
  [[nodiscard]] body_view body() const noexcept { return body_; }
  [[nodiscard]] const conditions& under() const noexcept { return under_; }

 private:
  const type_id type_;
  const std::vector<word> body_;
  const conditions under_;
};

using incoming = std::variant<std::unique_ptr<incoming_command>, std::unique_ptr<incoming_query>>;

/// Answers whichever it is with an error.
inline void refuse(const incoming& arrival, const error& why) noexcept {
  std::visit([&why](const auto& a) { a->answer(why); }, arrival);
}

}  // namespace fasti::core
