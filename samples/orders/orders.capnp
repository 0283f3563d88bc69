# The language of a small mail-order shop. Money is in cents, signed 64 bit.

@0xfb65592dda24fa4d;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("orders");

# So many of an article at a price each.
struct Line @0xfeeb1736e5ff8ffa { article @0 :Text; count @1 :UInt32; cents @2 :Int64; }

# -- order: what a customer wants, from the first click to the last parcel --

enum Stage @0xe2365c373de9ef23 {
  unknown @0;
  placed @1;
  paid @2;
  shipped @3;
  cancelled @4;
  returned @5;
  confirmed @6;           # all of it is put aside
}
enum Terms @0x8985664655d0eacb {
  atOnce @0;              # charged as soon as all of it is put aside
  onInvoice @1;           # the customer pays, in time
}

struct Place @0xd9fad83c3a8e4c6e {
  customer @0 :Text;
  lines @1 :List(Line);
  terms @2 :Terms;
  patienceMs @3 :UInt32;  # on invoice: so long we wait for the money
}
struct Confirm @0x9fa60be8025b6a93 {}
struct Pay @0xc1f12e31d90f2c16 {}
struct Ship @0xa38e9ed34e324659 {}
struct Cancel @0xb4e4d332b0a4ecda { reason @0 :Text; }
# The customer's wish: until it is shipped.
struct GiveUp @0x8e0a38c1c07babf6 { reason @0 :Text; }
# Ours: not once it is paid.
struct TakeBack @0x985587bcd98be172 { reason @0 :Text; }

struct Placed @0xf0ac590742c828eb {
  customer @0 :Text;
  lines @1 :List(Line);
  cents @2 :Int64;
  terms @3 :Terms;
  patienceMs @4 :UInt32;
}
struct Confirmed @0xc8761084e2746ddc {}
struct Paid @0x9f7189002e8d639d {}
struct Shipped @0xb5032ad23177ea57 {}
struct Cancelled @0xed07d6722eae6671 { reason @0 :Text; }
struct Returned @0xf10b3af17690badb { reason @0 :Text; }

struct AskOrder @0x93781106a017e93b {}
struct Order @0x86d906feeb85b3ca {
  stage @0 :Stage;
  customer @1 :Text;
  lines @2 :List(Line);
  cents @3 :Int64;        # all lines together
}

# -- fulfilment: the process manager of an order --

struct Begun @0xf2c7f3dd3462c40a {
  customer @0 :Text;
  lines @1 :List(Line);
  cents @2 :Int64;
  terms @3 :Terms;
  patienceMs @4 :UInt32;
}
struct PutAside @0x81fdab4528456bb4 { article @0 :Text; }

# -- stock: one article on its shelf --

struct Receive @0xc1d82ea0f849c06d { count @0 :UInt32; }
struct Reserve @0x9405016414546e62 { order @0 :Text; count @1 :UInt32; }
struct Release @0xe643ad2a90e8bb7a { order @0 :Text; }
struct Dispatch @0xfee289caa8bb291a { order @0 :Text; }
struct Free @0x84ce753e67216515 { count @0 :UInt32; }
# What a Reserve answers: how many are left for others.

struct Received @0x82fb6d457b421b4d { count @0 :UInt32; }
struct Reserved @0xc3c1038ba8c28962 { order @0 :Text; count @1 :UInt32; }
struct Released @0x9f31536798837874 { order @0 :Text; count @1 :UInt32; }
struct Dispatched @0xc201c2e063a36982 { order @0 :Text; count @1 :UInt32; }

struct AskStock @0x94a2fcfac0e2db85 {}
struct Stock @0xf49316f3d5f3113c {
  free @0 :UInt32;
  reserved @1 :List(Held);
  struct Held @0x96655adb9469c369 { order @0 :Text; count @1 :UInt32; }
}

# -- payment: what one customer has with us --

struct TopUp @0x98d229486db34854 { cents @0 :Int64; }
struct Charge @0x81ef4590c7ee8787 { order @0 :Text; cents @1 :Int64; }
struct Refund @0x897c6215730b303a { order @0 :Text; }

struct ToppedUp @0x8e233eae22c406fe { cents @0 :Int64; }
struct Charged @0xc47289c7d0353425 { order @0 :Text; cents @1 :Int64; }
struct Refunded @0xa340689645142221 { order @0 :Text; cents @1 :Int64; }

struct AskFunds @0x95a9f606e2e53412 {}
struct Funds @0xf7f5fc47817968b8 { cents @0 :Int64; }

# -- numbers: no two orders have the same --

struct TakeNumber @0xa0fc8554618bbd1e {}
struct NumberTaken @0xc254ea8d082c41d1 { number @0 :UInt64; }
struct Number @0xea35a15c248c4fa3 { number @0 :UInt64; }

# -- the desk: a view of all orders --

struct DeskRow @0xa7f51f40cf3bd496 { stage @0 :Stage; cents @1 :Int64; }
struct AskDesk @0x91db72f04a7ec719 {}
struct Desk @0xe12bd5c8bdae5ea6 {
  stages @0 :List(Entry);
  struct Entry @0xe503e20388d22f8a { stage @0 :Stage; orders @1 :UInt32; cents @2 :Int64; }
}
