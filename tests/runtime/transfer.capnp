@0xc1a5e02d9b7f6438;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("fasti::test");

struct Order @0x9b3c7d15e8f0a264 {
  # Move money from one ledger to another.
  from @0 :Text;
  to @1 :Text;
  cents @2 :Int64;
}
struct Ordered @0xe6708f4d2c91b5a3 {
  from @0 :Text;
  to @1 :Text;
  cents @2 :Int64;
}
struct Begun @0xd84e2b9167c3f05a {
  from @0 :Text;
  to @1 :Text;
  cents @2 :Int64;
}
struct Ended @0x8f1a6c0de3b49572 {
  how @0 :Text;
}
struct GetOutcome @0xa5d93e7048b6c1f2 {}
struct Outcome @0xb70c4f8a1d2e6935 {
  how @0 :Text;
  timersFired @1 :UInt32;
}
struct Reminded @0xf92b5ae7c04d1386 {}
