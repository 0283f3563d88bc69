#include "desk.hpp"

#include <map>

namespace orders {

void desk::apply(Placed::Reader e, const fasti::recorded_event& at, fasti::rows<row>& rows) {
  auto r = rows.at(at.key());
  r.setStage(Stage::PLACED);
  r.setCents(e.getCents());
}

void desk::apply(Confirmed::Reader, const fasti::recorded_event& at, fasti::rows<row>& rows) {
  rows.at(at.key()).setStage(Stage::CONFIRMED);
}

void desk::apply(Paid::Reader, const fasti::recorded_event& at, fasti::rows<row>& rows) {
  rows.at(at.key()).setStage(Stage::PAID);
}

void desk::apply(Shipped::Reader, const fasti::recorded_event& at, fasti::rows<row>& rows) {
  rows.at(at.key()).setStage(Stage::SHIPPED);
}

void desk::apply(Cancelled::Reader, const fasti::recorded_event& at, fasti::rows<row>& rows) {
  rows.at(at.key()).setStage(Stage::CANCELLED);
}

void desk::apply(Returned::Reader, const fasti::recorded_event& at, fasti::rows<row>& rows) {
  rows.at(at.key()).setStage(Stage::RETURNED);
}

fasti::decision desk::answer(AskDesk::Reader, const rows_now& all, Desk::Builder reply) const {
  struct sum {
    std::uint32_t orders = 0;
    std::int64_t cents = 0;
  };
  std::map<Stage, sum> sums;
  all.scan("", [&sums](std::string_view, DeskRow::Reader r) {
    auto& s = sums[r.getStage()];
    ++s.orders;
    s.cents += r.getCents();
    return true;
  });
  auto list = reply.initStages(static_cast<unsigned>(sums.size()));
  unsigned i = 0;
  for (const auto& [stage, s] : sums) {
    list[i].setStage(stage);
    list[i].setOrders(s.orders);
    list[i++].setCents(s.cents);
  }
  return fasti::accept();
}

}  // namespace orders
