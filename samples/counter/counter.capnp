@0x988bd99bf18c7e98;

struct Add @0x888521dcfbacba2f { by @0 :Int32; }  # a command: may be rejected
struct Added @0xcd3795a8bbd0c441 { by @0 :Int32; }  # an event: it happened
struct GetTotal @0xea7dcfb277c3bfbc {}  # a query: changes nothing
struct Total @0xd5193480b87de2f1 { sum @0 :Int64; counters @1 :UInt32; }
