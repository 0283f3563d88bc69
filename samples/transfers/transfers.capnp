# The language of two banks between which money moves. Money is in cents, signed 64 bit. A transfer
# has a name; it is the key of its order and of its process manager, and what both banks call it by.

@0xf6279266fa424698;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("transfers");

# -- our bank: orders of our customers -----------------------------------------------------------

struct Order @0xf17bf5c4b525f04b {
  # A command.
  from @0 :Text;
  # The key of an account of ours.
  to @1 :Text;
  # The key of an account of the other bank's.
  cents @2 :Int64;
  patienceMs @3 :UInt32;
  # So long the other bank has to answer.
}
struct Ordered @0x975691c3953e8982 { from @0 :Text; to @1 :Text; cents @2 :Int64; patienceMs @3 :UInt32; }

# -- our bank: accounts --------------------------------------------------------------------------

struct Deposit @0x8cb54b142513ed47 { cents @0 :Int64; }
struct Hold @0x9fb21a976a119918 { transfer @0 :Text; cents @1 :Int64; }
struct Settle @0x8b6079e8ccb7ea21 { transfer @0 :Text; }
struct Release @0xbd92443cf509bf71 { transfer @0 :Text; reason @1 :Text; }

struct Deposited @0x810ef40e946ba3d5 { cents @0 :Int64; }
struct Held @0xeb12ee06cecfc046 { transfer @0 :Text; cents @1 :Int64; }
# Put aside: it cannot be spent again.
struct Settled @0xa243f3dc04111f50 { transfer @0 :Text; cents @1 :Int64; }
# It has left our bank.
struct Released @0x91d96e5a36eea433 { transfer @0 :Text; cents @1 :Int64; reason @2 :Text; }
# It can be spent again.

struct AskAccount @0xf0e9bd597f3b85cd {}
struct Account @0xd7eb68b00111b50f {
  free @0 :Int64;
  held @1 :List(Part);
  struct Part @0x9a043d524ee4b8ee { transfer @0 :Text; cents @1 :Int64; }
}

# -- the other bank: the gateway to one of its accounts ------------------------------------------

struct Admit @0xa5b01daecb8a6910 {
  limitCents @0 :Int64;
  # Nothing over it is taken.
  reviewMs @1 :UInt32;
  # So long somebody there looks at each instruction before it is confirmed.
}
struct Close @0xe735ed2b9496c005 {}
struct Instruct @0x834bfc1c41ed3285 { transfer @0 :Text; cents @1 :Int64; }
struct Confirm @0xc4ad2b55dcb7b070 { transfer @0 :Text; }
struct Recall @0xdbf22c28b5e1d3ce { transfer @0 :Text; }

struct Admitted @0xea731183b8e48e28 { limitCents @0 :Int64; reviewMs @1 :UInt32; }
struct Closed @0xe72d4d128a252563 {}
struct Instructed @0xd37399d2383ddef1 { transfer @0 :Text; cents @1 :Int64; reviewMs @2 :UInt32; }
struct Confirmed @0xd7e4214d97e58c87 { transfer @0 :Text; cents @1 :Int64; }
# From here on the other bank owes it to its customer.
struct Recalled @0x9314a6fe5cabfce0 { transfer @0 :Text; }
# From here on it never will.

# -- the other bank: how it pays out, and its accounts -------------------------------------------

struct ReviewBegun @0xdbfbb3c45d3d52ea { gateway @0 :Text; }

struct Credit @0x9feb732ad0ef1ac2 { transfer @0 :Text; cents @1 :Int64; }
struct Credited @0xca4e9b25188b6ffa { transfer @0 :Text; cents @1 :Int64; }
struct AskPayee @0xae9723e7476bcb90 {}
struct Payee @0xa2c468bbfc3d0b33 { cents @0 :Int64; }

# -- our bank: the process manager of a transfer -------------------------------------------------

enum Outcome @0xe2ff501ba7de4b1c {
  none @0;
  completed @1;
  completedLate @2;     # confirmed before the recall came
  rejected @3;          # by our own bank: nothing was held
  refused @4;           # by the other bank: given back
  recalled @5;          # no answer in time: given back
}

struct Begun @0x8fee84b449885bd5 { from @0 :Text; to @1 :Text; cents @2 :Int64; patienceMs @3 :UInt32; }
struct Overdue @0xd5317bcf5907d1c7 {}
struct Resolved @0xab6e58fcdee1fbfe { outcome @0 :Outcome; reason @1 :Text; }
# What will become of it; the money is on its way there.
struct Ended @0xb21b1a9e6836ae89 { outcome @0 :Outcome; reason @1 :Text; cents @2 :Int64; }
# The money is where it belongs.

struct AskTransfer @0xfa62fd99787570b5 {}
struct Transfer @0x8ecb57a2a64e7da4 { outcome @0 :Outcome; reason @1 :Text; hasEnded @2 :Bool; }

# -- endings: a view of all transfers, summed up by how they ended -------------------------------

struct Ending @0xe7106f2953759c80 {
  outcome @0 :Outcome;
  # none: they are under way.
  reason @1 :Text;
  transfers @2 :UInt64;
  cents @3 :Int64;
}
struct AskEndings @0x8eb7c758341d9570 {}
struct Endings @0x84dc39bb4b9b8a95 { all @0 :List(Ending); }
