# How a test asks a live aggregate for its whole state.

@0xef95e3761afb92ba;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("fasti::test");

struct AskImage @0xe81476ff6c81b838 {}
struct Image @0xddde8b197caa598a { words @0 :List(UInt64); }
