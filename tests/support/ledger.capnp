@0xd1a6f7c2b8e94035;
# The domain that the tests share: an account with a balance and a limit.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("fasti::test");

struct Deposit @0x9b3c5a1de47f2086 { cents @0 :Int64; }
struct Withdraw @0xb60f4d7e2c8a1395 { cents @0 :Int64; note @1 :Text; }
struct Split @0xc47a92e5018b3d6f { parts @0 :List(Int64); }
# One deposit for each part; a part of 0 emits an event that the decider has no `evolve` for.
struct Misbehave @0xe81b6c03f5d2497a {
  how @0 :How;
  enum How {
    throwInDecide @0; throwInEvolve @1; nothing @2; undeclaredEvent @3; many @4; endless @5;
    throwANumber @6;
  }
}

struct Draw @0xda51c3f8e7206b94 { cents @0 :Int64; }
struct Drawn @0xb4e90d627cf3a815 { left @0 :Int64; }
# What a Draw answers: the balance after it. Drawing 0 is accepted and nothing happens.

struct Deposited @0x8f25d0b7e6c3194a { cents @0 :Int64; }
struct Withdrawn @0xa3e84c5f7190d26b { cents @0 :Int64; note @1 :Text; }
struct Poisoned @0xf0c7382a5be61d94 {}
struct Undeclared @0xd95be20f63a8c417 {}

struct LedgerState @0x97fd1c46a05e8b32 { balance @0 :Int64; entries @1 :UInt64; }

struct GetBalance @0xbe07a5638d1f42c9 { account @0 :Text; }
struct Balance @0xca62f9d814b7350e { cents @0 :Int64; entries @1 :UInt64; }
