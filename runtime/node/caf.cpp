#include "fasti/caf.hpp"

#include "actors/caf/runtime_actor.hpp"
#include "runtime/node/node.hpp"

namespace fasti {

result<runtime> detail::runtime_access::open_on(caf::actor_system& system,
                                                runtime_options options) {
  auto opened = runtime::node::open(std::move(options), &system);
  if (!opened) return std::move(opened).error();
  return runtime(*std::move(opened));
}

runtime_actor detail::runtime_access::actor_of(const runtime& rt, caf::actor_system& system) {
  return actors::make_runtime_actor(system, rt.node_->way_in());
}

}  // namespace fasti
