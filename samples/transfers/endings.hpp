#pragma once
/// How transfers ended: a row for each outcome and reason, and one for those under way.

#include <fasti/projection.hpp>

#include "transfers.capnp.h"

namespace transfers {

struct endings {
  static constexpr auto name = "endings";
  using events = fasti::types<Ordered, Ended>;
  using row = Ending;
  using queries = fasti::types<Endings(AskEndings)>;

  void apply(Ordered::Reader e, const fasti::recorded_event&, fasti::rows<row>& rows);
  void apply(Ended::Reader e, const fasti::recorded_event&, fasti::rows<row>& rows);
  fasti::decision answer(AskEndings::Reader, const fasti::view<row>& all,
                         Endings::Builder reply) const;
};

/// So many transfers.
struct counts {
  std::uint64_t under_way = 0;
  std::uint64_t ended = 0;
};
[[nodiscard]] counts count(Endings::Reader all);

}  // namespace transfers
