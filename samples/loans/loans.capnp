@0xdc1f5b7e20a94836;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("loans");

# -- application: what happened to one request for a loan ----------------------------------------

struct Record @0xa2e7946d3f10bc58 {
  # A command: this was done.
  activity @0 :Text;
  lifecycle @1 :Text;
  # SCHEDULE, START, COMPLETE
  resource @2 :Text;
  # Who did it; may be empty.
}
struct Recorded @0x94d03e6bc7215fa8 {
  activity @0 :Text;
  lifecycle @1 :Text;
  resource @2 :Text;
}

# -- clerk: the process manager of one application -----------------------------------------------

struct WorkNoted @0xbe5f8012d7c3469a {
  # An item of work was scheduled or is done.
  open @0 :Int32;
  # So many are open now.
}
struct Decided @0x8ac6f3190e7b2d54 {
  how @0 :Text;
}
struct AskCase @0xf7d1249c5eb08a36 {}
struct Case @0x9f3b60e7d82c514a {
  steps @0 :UInt32;
  decided @1 :Text;
  # Empty: not yet.
}

# -- activity: how often something was done, in all applications ---------------------------------

struct Tally @0xc50e97ab1f34d628 {}
struct Tallied @0xe1b8d42f6a9073c5 {}

# -- view: both, by activity ---------------------------------------------------------------------

struct Activity @0x8d72ca3f9e1506b4 {
  recorded @0 :UInt64;
  # So many events of applications name it.
  tallied @1 :UInt64;
  # So often the clerks had it tallied.
}
struct AskActivities @0xb3960de51a8c7f42 {}
struct Activities @0xd60f71b84ec92a3d {
  all @0 :List(Named);
  struct Named {
    name @0 :Text;
    counts @1 :Activity;
  }
}
