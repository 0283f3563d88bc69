#pragma once
/// One `send_together` on its way: read, decide, append, and again if somebody else was faster.

#include "actors/registry.hpp"
#include "fasti/together.hpp"

namespace fasti::node {

struct joint_command {
  stream_id stream;
  const detail::decider_port* decider = nullptr;
  type_id type{};
  std::vector<word> body;
};

struct joint_request {
  std::vector<joint_command> commands;
  command_origin origin;  ///< Its id is set.
  conditions under;
};

/// What it needs of the node; all of it outlives every request in flight.
struct joint_services {
  const actors::services& node;
  actors::aggregate_registry& registry;
};

/// Goes on by itself and tells `to` once. `permit` is its place among those in flight.
void start_together(const joint_services& services, joint_request asks,
                    core::in_flight_permit permit, std::function<void(result<joint_receipt>)> to);

}  // namespace fasti::node
