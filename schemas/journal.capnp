@0xb67d85cc9e3f8c30;
# Events that the journal writes about itself. They lie in streams of the category `fasti`.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("fasti::schemas");

struct StreamTruncated @0xddeb3cd446cf95fa {
  # The oldest events of a stream were taken away. Lies in the stream `fasti-truncations`.

  stream @0 :Data;
  # The stream's id: any bytes.
  upTo @1 :UInt64;
  # The versions 1 to this one are gone.
  reason @2 :Text;
  # Why, for people.

  baseVersion @3 :UInt64;
  # What the stream begins with now: the state of its aggregate at this version, which is not
  # before `upTo`. The truth from here on, not a cache.
  basePosition @4 :UInt64;
  # Position of the event that made that version.
  baseType @5 :UInt64;
  # Id of the struct that holds the state.
  base @6 :Data;
  # The state: the words of one single-segment message.
}
