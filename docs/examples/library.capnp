@0xfd1ecd1f66d1b104;
# A lending library: books that are lent, members who borrow them.

# [commands]
struct Acquire @0xacc3678910724f1f { title @0 :Text; }
struct Lend @0x967cc6e2355ae48f { member @0 :Text; days @1 :UInt16; }
struct TakeBack @0xc7207d4707baf35d {}
# [/commands]

# [events]
struct Acquired @0x9b30aea7b03654a7 { title @0 :Text; }
struct Lent @0x91dbc7790bfce248 { member @0 :Text; dueDay @1 :Int32; }  # days since 1970
struct Returned @0xa2619ae4fb6cc69e { member @0 :Text; daysLate @1 :Int32; }
# [/events]

# [others]
struct Loan @0xf3dd0a81f1034f25 { dueDay @0 :Int32; }  # what a Lend answers
struct WhereIs @0x88a3ce7e5c2b214e {}  # a query of one book
struct Whereabouts @0xa5c8b380f2ce83c8 { holder @0 :Text; dueDay @1 :Int32; }
struct BookState @0xab1c2e6218663735 {  # what a snapshot holds
  title @0 :Text;
  holder @1 :Text;
  dueDay @2 :Int32;
  loans @3 :UInt32;
}
# [/others]

struct Join @0xa967e0e7b1d586aa {}
struct Borrow @0xdfaffcfb7c379dfc { book @0 :Text; }
struct HandBack @0xaa933f65a373ebf6 { book @0 :Text; }
struct Joined @0xf4af201d14eee277 {}
struct Borrowed @0x9dd6c1a62e744e62 { book @0 :Text; }
struct HandedBack @0xacb1733cb00dc64a { book @0 :Text; }

struct Wanted @0xaf61d0c97be2534f { book @0 :Text; member @1 :Text; }

struct LoansOf @0xb7f12913b9232e94 { member @0 :Text; }
struct Loans @0x8442e4dd298e0cf0 { books @0 :List(Text); }
