// A whole program: an application with CAF actors of its own, one of which uses a runtime.
// docs/caf.md quotes it.
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <fasti/caf.hpp>

#include <cstdlib>
#include <iostream>

#include "counter.capnp.h"

namespace {

using namespace std::chrono_literals;

struct counter {
  static constexpr auto category = "counter";
  using commands = fasti::types<Add>;
  using events = fasti::types<Added>;
  using queries = fasti::types<Total(GetTotal)>;

  fasti::decision decide(Add::Reader c, fasti::emit& out) const {
    if (count + c.getBy() < 0) return fasti::reject("below-zero");
    out.event<Added>().setBy(c.getBy());
    return fasti::accept();
  }
  void evolve(Added::Reader e) { count += e.getBy(); }
  fasti::decision answer(GetTotal::Reader, Total::Builder reply) const {
    reply.setSum(count);
    return fasti::accept();
  }

  std::int64_t count = 0;
};

// [request]
/// Adds 3, tries to take away far more, asks what there is, and ends.
void count_apples(caf::event_based_actor* self, const fasti::runtime_actor& counters) {
  const auto on_error = [](const caf::error& e) {
    if (e == fasti::errc::rejected) std::cout << "the rule says no: ";
    std::cout << fasti::to_error(e).to_string() << '\n';
  };
  auto add = [](int by) {
    return fasti::command<Add>("counter-apples", [by](auto c) { c.setBy(by); });
  };
  fasti::request(self, counters, 5s, add(3))
      .then(
          [](const fasti::receipt& r) {
            std::cout << "event " << count_of(r.version) << " is on disk\n";
          },
          on_error);
  fasti::request(self, counters, 5s, add(-5'000'000)).then([](const fasti::receipt&) {}, on_error);
  fasti::request(self, counters, 5s, fasti::query<counter, GetTotal>("counter-apples", [](auto) {}))
      .then(
          [](const fasti::answer& a) {
            std::cout << "total: " << (*a.as<Total>())->getSum() << '\n';
          },
          on_error);
}
// [/request]

// [scoped]
/// The same from a thread that may block.
bool add_pears(caf::actor_system& system, const fasti::runtime_actor& counters) {
  bool added = false;
  caf::scoped_actor self{system};
  fasti::request(self, counters, 5s,
                 fasti::command<Add>("counter-pears", [](auto c) { c.setBy(1); }))
      .receive([&added](const fasti::receipt&) { added = true; },
               [](const caf::error& e) { std::cerr << fasti::to_error(e).to_string() << '\n'; });
  return added;
}
// [/scoped]

}  // namespace

// [open]
int main(int argc, char** argv) {
  caf::actor_system_config config;
  caf::actor_system system{config};  // before the runtime, which then closes first

  auto rt = fasti::open_on<counter>(system, {.path = argc > 1 ? argv[1] : "counter.fasti",
                                             .when_missing = fasti::when_missing::create});
  if (!rt) return std::cerr << rt.error().to_string() << '\n', EXIT_FAILURE;

  fasti::runtime_actor counters = fasti::actor_of(*rt, system);
  const bool added = add_pears(system, counters);
  caf::scoped_actor self{system};
  self->wait_for(system.spawn(count_apples, counters));
  return added ? EXIT_SUCCESS : EXIT_FAILURE;
}
// [/open]
