# One field of each kind that Cap'n Proto has, and the commands of a small box office.

@0xa5d5d170f2d44b62;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("fasti::test");

enum Colour @0x964a6af35bbe6274 { red @0; green @1; blue @2; }
struct Leaf @0xc309e3c6e9a23743 { number @0 :Int32; label @1 :Text; }
struct Box @0x9e22491830a5bad0 (Content) { content @0 :Content; }
interface Caller @0x9140387dc9ffc290 {}

struct Kinds @0xea3be38fc1fa2e02 {
  nothing @0 :Void;
  yes @1 :Bool;
  i8 @2 :Int8;
  i16 @3 :Int16;
  i32 @4 :Int32;
  i64 @5 :Int64;
  u8 @6 :UInt8;
  u16 @7 :UInt16;
  u32 @8 :UInt32;
  u64 @9 :UInt64;
  f32 @10 :Float32;
  f64 @11 :Float64;
  colour @12 :Colour;
  text @13 :Text;
  data @14 :Data;
  leaf @15 :Leaf;
  self @16 :Kinds;               # would go on for ever
  group :group { left @17 :Int16; right @18 :Text; }
  union {
    none @19 :Void;
    count @20 :UInt32;
    name @21 :Text;
    chosen @22 :Leaf;
    many @23 :List(Int8);
    pair :group { a @24 :Bool; b @25 :Int64; }
    whatever @26 :AnyPointer;
  }
  bools @27 :List(Bool);
  numbers @28 :List(Int32);
  floats @29 :List(Float64);
  texts @30 :List(Text);
  blobs @31 :List(Data);
  colours @32 :List(Colour);
  voids @33 :List(Void);
  leaves @34 :List(Leaf);
  lists @35 :List(List(UInt16));
  boxed @36 :Box(Text);          # with a type of its own
  unbound @37 :Box;
  any @38 :AnyPointer;
  caller @39 :Caller;
  callers @40 :List(Caller);
  seven @41 :Int32 = 7;          # with a default
  word @42 :Text = "word";
}

# -- a box office --

struct Book @0xf8b3558e5cc555c3 { seat @0 :Text; cents @1 :UInt32; }
struct Cancel @0x86573ec14dc14091 { seat @0 :Text; }
struct Booked @0xbc9c288d843a6636 { seat @0 :Text; cents @1 :UInt32; }
struct Cancelled @0xe8f46e2281997271 { seat @0 :Text; }
struct BoxOffice @0xe413fc3ab0145296 {
  seats @0 :List(Booked);
  cents @1 :UInt64;
}
