// fasti in one file: an aggregate that counts, a view over all counters, and a main.
#include <fasti/runtime.hpp>

#include <iostream>

#include "counter.capnp.h"

// The aggregate. Each stream "counter-…" has one; its state is the fold of its events.
struct counter {
  static constexpr auto category = "counter";
  using commands = fasti::types<Add>;
  using events = fasti::types<Added>;

  fasti::decision decide(Add::Reader c, fasti::emit& out) const {
    if (count + c.getBy() < 0) return fasti::reject("below-zero");
    out.event<Added>().setBy(c.getBy());
    return fasti::accept();
  }
  void evolve(Added::Reader e) { count += e.getBy(); }

  std::int64_t count = 0;
};

// The view: one row, folded from the events of all counters. Rows survive a restart.
struct total {
  static constexpr auto name = "total";
  using events = fasti::types<Added>;
  using row = Total;
  using queries = fasti::types<Total(GetTotal)>;

  void apply(Added::Reader e, const fasti::recorded_event& at, fasti::rows<Total>& rows) {
    auto all = rows.at("all");
    all.setSum(all.getSum() + e.getBy());
    if (at.version == fasti::version{1}) all.setCounters(all.getCounters() + 1);
  }
  fasti::decision answer(GetTotal::Reader, const fasti::view<Total>& view,
                         Total::Builder reply) const {
    if (auto all = view.find("all")) {
      reply.setSum((*all)->getSum());
      reply.setCounters((*all)->getCounters());
    }
    return fasti::accept();
  }
};

int main(int argc, char** argv) {
  auto rt = fasti::runtime::open<counter, total>(
      {.path = argc > 1 ? argv[1] : "counter.fasti", .when_missing = fasti::when_missing::create});
  if (!rt) return std::cerr << rt.error().to_string() << '\n', 1;

  fasti::position seen{};
  auto add = [&](const char* stream, int by) {
    auto receipt = rt->send<Add>(stream, [by](auto c) { c.setBy(by); }).get();
    std::cout << stream << (by < 0 ? " " : " +") << by << ": ";
    if (!receipt) {
      std::cout << receipt.error().to_string() << '\n';
    } else {
      seen = receipt->position;
      std::cout << "event " << count_of(receipt->version) << " of this counter is on disk\n";
    }
  };
  add("counter-apples", 3);
  add("counter-pears", 5);
  add("counter-apples", 4);
  add("counter-pears", -1'000'000);  // rejected: the rule is in `decide`

  auto all = rt->query<total, GetTotal>([](auto) {}, {.visible_at = seen}).get();
  if (!all) return std::cerr << all.error().to_string() << '\n', 1;
  std::cout << "total: " << (*all)->getSum() << " in " << (*all)->getCounters()
            << " counters. Run me again: I go on counting.\n";
}
