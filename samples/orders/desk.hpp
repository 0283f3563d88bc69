#pragma once
/// The desk: a row for each order, summed up by stage when somebody asks.

#include <fasti/projection.hpp>

#include "orders.capnp.h"

namespace orders {

struct desk {
  static constexpr auto name = "desk";
  using events = fasti::types<Placed, Confirmed, Paid, Shipped, Cancelled, Returned>;
  using row = DeskRow;
  using queries = fasti::types<Desk(AskDesk)>;
  using rows_now = fasti::view<DeskRow>;

  void apply(Placed::Reader e, const fasti::recorded_event& at, fasti::rows<row>& rows);
  void apply(Confirmed::Reader, const fasti::recorded_event& at, fasti::rows<row>& rows);
  void apply(Paid::Reader, const fasti::recorded_event& at, fasti::rows<row>& rows);
  void apply(Shipped::Reader, const fasti::recorded_event& at, fasti::rows<row>& rows);
  void apply(Cancelled::Reader, const fasti::recorded_event& at, fasti::rows<row>& rows);
  void apply(Returned::Reader, const fasti::recorded_event& at, fasti::rows<row>& rows);
  fasti::decision answer(AskDesk::Reader, const rows_now& all, Desk::Builder reply) const;
};

}  // namespace orders
