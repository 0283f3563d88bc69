@0xf3029a3063420955;
# What lies beside the rows of the views in their store. All of it can be made again but for the
# reasons of parked events; a lost store of views is folded anew.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("fasti::schemas");

struct ParkedEvent @0xee4e05009577d044 {
  # An event that a projection or a process manager could not handle, or that waits behind such a one.

  position @0 :UInt64;
  # Where it is in the journal.
  stream @1 :Data;
  # Its stream's id: any bytes.
  key @2 :Data;
  # Events of one key are applied in their order: later ones wait behind this one.
  reason @3 :Text;
  # What was thrown; empty: it waits behind another one.
  parkedAt @4 :Int64;
  # Nanoseconds since 1970-01-01 UTC, by the runtime's clock.
}

struct ViewGenerations @0xf7e31b7c42aeb942 {
  # Which of a view's generations is shown, and which is being made beside it. A generation is a
  # view of its own in the store; see `runtime/core/view_generations.hpp` for its name.

  serving @0 :UInt64;
  building @1 :UInt64;
  # 0: none; the first generation is never built beside another one.
  builtBehind @2 :UInt64;
  # It was begun behind this position.
  waits @3 :Bool;
  # When it has caught up: true, it waits to be switched to; false, it takes over by itself.
}
