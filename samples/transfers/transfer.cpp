#include "transfer.hpp"

#include <stdexcept>

namespace transfers {
namespace {

constexpr auto no_answer = "no-answer";

std::string name_in(const fasti::reactions& out) { return std::string(out.at().process.key()); }

void resolve(Outcome how, std::string_view why, fasti::reactions& out) {
  auto e = out.event<Resolved>();
  e.setOutcome(how);
  e.setReason(std::string(why));
  out.cancel_timer(no_answer);
}

/// The money is held until we say what becomes of it.
[[noreturn]] void was_not_held(const fasti::refusal& why) {
  throw std::logic_error("money that was held is not: " + std::string(why.reason));
}

}  // namespace

void transfer::react(Ordered::Reader e, fasti::reactions& out) const {
  auto begun = out.event<Begun>();
  begun.setFrom(e.getFrom());
  begun.setTo(e.getTo());
  begun.setCents(e.getCents());
  begun.setPatienceMs(e.getPatienceMs());
  auto hold = out.command<Hold>("account-" + std::string(e.getFrom()));
  hold.setTransfer(name_in(out));
  hold.setCents(e.getCents());
}

void transfer::react(Held::Reader, fasti::reactions& out) const {
  if (out.at().stream != from) return;
  auto instruct = out.command<Instruct>(to);
  instruct.setTransfer(name_in(out));
  instruct.setCents(cents);
  out.set_timer(no_answer, out.at().time + patience);
}

void transfer::react(Confirmed::Reader, fasti::reactions& out) const {
  if (out.at().stream != to) return;
  resolve(is_overdue ? Outcome::COMPLETED_LATE : Outcome::COMPLETED, {}, out);
  out.command<Settle>(from).setTransfer(name_in(out));
}

void transfer::react(Recalled::Reader, fasti::reactions& out) const {
  if (out.at().stream == to) give_back(Outcome::RECALLED, no_answer, out);
}

void transfer::react(Settled::Reader, fasti::reactions& out) const {
  if (out.at().stream == from) end(outcome, reason, out);
}

void transfer::react(Released::Reader, fasti::reactions& out) const {
  if (out.at().stream == from) end(outcome, reason, out);
}

void transfer::on_timer(std::string_view, fasti::reactions& out) const {
  out.event<Overdue>();
  out.command<Recall>(to).setTransfer(name_in(out));
}

void transfer::on_refused(Hold::Reader, const fasti::refusal& why, fasti::reactions& out) const {
  resolve(Outcome::REJECTED, why.reason, out);
  end(Outcome::REJECTED, why.reason, out);
}

void transfer::on_refused(Instruct::Reader, const fasti::refusal& why,
                          fasti::reactions& out) const {
  give_back(Outcome::REFUSED, why.reason, out);
}

void transfer::on_refused(Settle::Reader, const fasti::refusal& why, fasti::reactions&) const {
  was_not_held(why);
}

void transfer::on_refused(Release::Reader, const fasti::refusal& why, fasti::reactions&) const {
  was_not_held(why);
}

/// Once: an instruction that is refused while its recall is under way is answered twice.
void transfer::give_back(Outcome how, std::string_view why, fasti::reactions& out) const {
  if (outcome != Outcome::NONE) return;
  resolve(how, why, out);
  auto release = out.command<Release>(from);
  release.setTransfer(name_in(out));
  release.setReason(std::string(why));
}

void transfer::end(Outcome how, std::string_view why, fasti::reactions& out) const {
  auto e = out.event<Ended>();
  e.setOutcome(how);
  e.setReason(std::string(why));
  e.setCents(cents);
}

void transfer::evolve(Begun::Reader e) {
  from = "account-" + std::string(e.getFrom());
  to = "gateway-" + std::string(e.getTo());
  cents = e.getCents();
  patience = std::chrono::milliseconds(e.getPatienceMs());
}

void transfer::evolve(Resolved::Reader e) {
  outcome = e.getOutcome();
  reason = e.getReason().cStr();
}

fasti::decision transfer::answer(AskTransfer::Reader, Transfer::Builder reply) const {
  reply.setOutcome(outcome);
  reply.setReason(reason);
  reply.setHasEnded(has_ended);
  return fasti::accept();
}

}  // namespace transfers
