#include "fulfilment.hpp"

#include <stdexcept>

#include "payment.hpp"
#include "stock.hpp"
#include "streams.hpp"

namespace orders {
namespace {

constexpr auto unpaid = "unpaid";

std::string number_in(const fasti::reactions& out) { return std::string(out.at().process.key()); }
std::string order_in(const fasti::reactions& out) {
  return stream_of(order::category, out.at().process.key());
}

void give_up(std::string_view why, fasti::reactions& out) {
  out.command<GiveUp>(order_in(out)).setReason(std::string(why));
}

/// Money or goods that nobody takes back: this stays in the outbox, and is heard of, until somebody
/// has seen to it.
[[noreturn]] void cannot_be_undone(const fasti::refusal& why) {
  throw std::logic_error("not taken back: " + std::string(why.reason));
}

}  // namespace

fulfilment::key fulfilment::key_of_order(capnp::Text::Reader number) {
  constexpr std::size_t number_bytes_max = 20;
  if (number.size() == 0 || number.size() > number_bytes_max) return std::nullopt;
  return number;
}

void fulfilment::react(Placed::Reader e, fasti::reactions& out) const {
  auto begun = out.event<Begun>();
  begun.setCustomer(e.getCustomer());
  begun.setLines(e.getLines());
  begun.setCents(e.getCents());
  begun.setTerms(e.getTerms());
  begun.setPatienceMs(e.getPatienceMs());
  for (const auto l : e.getLines()) {
    auto reserve = out.command<Reserve>(stream_of(stock::category, l.getArticle().cStr()));
    reserve.setOrder(number_in(out));
    reserve.setCount(l.getCount());
  }
}

void fulfilment::react(Reserved::Reader, fasti::reactions& out) const {
  const auto shelf = *fasti::stream_id::parse(out.at().stream);
  out.event<PutAside>().setArticle(std::string(shelf.key()));
  if (lines_put_aside + 1 == lines.size()) out.command<Confirm>(order_in(out));
}

void fulfilment::react(Confirmed::Reader, fasti::reactions& out) const {
  if (terms == Terms::ON_INVOICE) return out.set_timer(unpaid, out.at().time + patience);
  auto charge = out.command<Charge>(stream_of(payment::category, customer));
  charge.setOrder(number_in(out));
  charge.setCents(cents);
}

/// An invoice is paid and charged in one step.
void fulfilment::react(Charged::Reader, fasti::reactions& out) const {
  if (terms == Terms::AT_ONCE) out.command<Pay>(order_in(out));
}

void fulfilment::react(Paid::Reader, fasti::reactions& out) const { out.cancel_timer(unpaid); }

void fulfilment::react(Cancelled::Reader, fasti::reactions& out) const {
  out.cancel_timer(unpaid);
  for (const auto& l : lines) {
    out.command<Release>(stream_of(stock::category, l.article)).setOrder(number_in(out));
  }
  out.command<Refund>(stream_of(payment::category, customer)).setOrder(number_in(out));
}

void fulfilment::react(Returned::Reader, fasti::reactions& out) const {
  for (const auto& l : lines) {
    out.command<Receive>(stream_of(stock::category, l.article)).setCount(l.count);
  }
  out.command<Refund>(stream_of(payment::category, customer)).setOrder(number_in(out));
}

void fulfilment::on_timer(std::string_view, fasti::reactions& out) const {
  give_up("not-paid-in-time", out);
}

void fulfilment::on_refused(Reserve::Reader, const fasti::refusal& why,
                            fasti::reactions& out) const {
  give_up(why.reason, out);
}

void fulfilment::on_refused(Charge::Reader, const fasti::refusal& why,
                            fasti::reactions& out) const {
  give_up(why.reason, out);
}

void fulfilment::on_refused(Release::Reader, const fasti::refusal& why, fasti::reactions&) const {
  cannot_be_undone(why);
}

void fulfilment::on_refused(Refund::Reader, const fasti::refusal& why, fasti::reactions&) const {
  cannot_be_undone(why);
}

void fulfilment::on_refused(Receive::Reader, const fasti::refusal& why, fasti::reactions&) const {
  cannot_be_undone(why);
}

void fulfilment::evolve(Begun::Reader e) {
  customer = e.getCustomer().cStr();
  lines = lines_of(e.getLines());
  cents = e.getCents();
  terms = e.getTerms();
  patience = std::chrono::milliseconds(e.getPatienceMs());
}

}  // namespace orders
