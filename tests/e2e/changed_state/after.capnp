@0xf1905cd87ba3e246;
# As before.capnp, but for the state: its two numbers have changed places.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("fasti::test");

struct Count @0xa8b0e4f16d2c9573 { what @0 :Int64; }
struct Counted @0xc51f9d3e7082ab64 { what @0 :Int64; }

struct TallyState @0xe4a7206bd9c3185f {
  times @0 :Int64;
  sum @1 :Int64;
}
