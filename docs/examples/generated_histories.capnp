# A box office that sells the seats of one evening.

@0xb51bec8f2f5876c1;

struct Offer @0xc4d281a80867a0ac { seats @0 :Int32; }
struct Sell @0xc389f65904d631ce { visitor @0 :Text; seats @1 :Int32; }
struct TakeBack @0xfbf9ea5804fe804b { visitor @0 :Text; }

struct Offered @0xab5ec5f5ff46bd82 { seats @0 :Int32; }
struct Sold @0xa74a0a3ac8136f41 { visitor @0 :Text; seats @1 :Int32; }
struct TakenBack @0xe836051f74411caa { visitor @0 :Text; seats @1 :Int32; }
