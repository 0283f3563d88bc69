@0xd2c14b9a5e7f8360;
# A state, and in after.capnp the same struct as somebody changed it without giving it a new id.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("fasti::test");

struct Count @0xa8b0e4f16d2c9573 { what @0 :Int64; }
struct Counted @0xc51f9d3e7082ab64 { what @0 :Int64; }

struct TallyState @0xe4a7206bd9c3185f {
  sum @0 :Int64;
  times @1 :Int64;
}
