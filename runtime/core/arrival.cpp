#include "runtime/core/arrival.hpp"

namespace fasti::core {

receipt incoming_command::receipt_of(const committed& c) {
  receipt r;
  r.stream = stream_;
  r.version = c.version;
  r.position = c.last_position;
  r.command = asks_.origin.id;
  r.events = static_cast<std::uint32_t>(count_of(c.last_position) - count_of(c.first_position) + 1);
  r.what = c.what;
  r.time = c.time;
  if (reply_goes_with_ == c.what) r.reply = std::move(reply_);
  return r;
}

receipt incoming_command::receipt_at(version v, position head, timestamp now) {
  return {stream_, v, head, asks_.origin.id, 0, committed::kind::barrier, now, std::move(reply_)};
}

void incoming_command::on_outcome(result<committed> outcome) noexcept {
  if (!outcome) {
    const auto why = std::move(outcome).error();
    if (auto* back = chances_.take(why)) {
      // NOLINTNEXTLINE(bugprone-unhandled-exception-at-new): without memory the process ends
      return back->again(std::unique_ptr<incoming_command>(new incoming_command(std::move(*this))),
                         why);
    }
    return answer(why);
  }
  // A barrier stands for what was held, unless it found the first outcome of a repeated command.
  if (outcome->what == committed::kind::barrier && held_) {
    if (*held_ && (*held_)->events == 0) (*held_)->position = outcome->last_position;
    return answer(std::move(*held_));
  }
  if (asks_.reply && reply_goes_with_ != outcome->what) {
    // Stored meanwhile by somebody else, with a reply that only the journal has.
    return answer(error{errc::unknown, "repeat-in-between",
                        "command " + asks_.origin.id.to_string() +
                            " was stored by somebody else meanwhile; ask again for its reply"});
  }
  answer(receipt_of(*outcome));
}

void incoming_query::on_outcome(result<committed> outcome) noexcept {
  if (outcome) return query_reply::on_outcome(std::move(outcome));
  const auto why = std::move(outcome).error();
  if (auto* back = chances_.take(why)) {
    // NOLINTNEXTLINE(bugprone-unhandled-exception-at-new): as above
    return back->again(std::unique_ptr<incoming_query>(new incoming_query(std::move(*this))), why);
  }
  answer(why);
}

}  // namespace fasti::core
