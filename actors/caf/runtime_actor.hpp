#pragma once
/// The actor behind a `fasti::runtime_actor`.

#include <memory>

#include "actors/door.hpp"
#include "fasti/caf.hpp"

namespace fasti::actors {

/// Makes one on the given system. It holds the door, not the runtime.
[[nodiscard]] runtime_actor make_runtime_actor(caf::actor_system& system,
                                               std::shared_ptr<door> to_runtime);

}  // namespace fasti::actors
