# The bank's language. Money is in cents (hundredths of the bank's currency), always signed 64 bit;
# `amount` is never negative: the type of the event says which way the money went. Times are when
# the bank booked, in milliseconds since 1970 UTC: they come with the data, not from our clock.

@0xb2836ad29bfced56;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bank");

# What a movement carries, as a command and as the event that came of it.
struct Movement @0xb8d3d21d3910e149 {
  amount @0 :Int64;
  bookedAt @1 :Int64;
  purpose @2 :Text;       # "pension", "household", … ; empty: none given
  partner @3 :Text;       # the account on the other side, if there is one
  union {                 # the bank's own figure for the balance after this movement
    unstated @4 :Void;
    statedBalance @5 :Int64;
  }
}

# -- commands --

struct Open @0xe90ab3678a8ed913 {
  owner @0 :Owner;
  overdraft @1 :Int64;    # the balance may go down to minus this
  bookedAt @2 :Int64;
}
struct Deposit @0xb562874b6391cb94 { movement @0 :Movement; }
struct Withdraw @0xf8cae507d147b4e0 { movement @0 :Movement; }
struct CreditInterest @0xbf8498ebba0a20b0 { movement @0 :Movement; }
struct ChargeFee @0xca29f1994f8ab46f { movement @0 :Movement; }

enum Owner @0xd2e22500cc3815ec {
  customer @0;
  bank @1;                # where interest comes from and fees go to; no overdraft rule
}

# -- events --

struct Opened @0xf32aaa96678e35a6 {
  owner @0 :Owner;
  overdraft @1 :Int64;
  bookedAt @2 :Int64;
}
struct Deposited @0xbdc497b888ea32a8 { movement @0 :Movement; }
struct Withdrawn @0xc79ed20ba005dc00 { movement @0 :Movement; }
struct InterestCredited @0xf4203da2d49ae7c1 { movement @0 :Movement; }
struct FeeCharged @0xa2c44768f25ae3fb { movement @0 :Movement; }

# Differences are signed: the bank's balance minus ours. Both come in the commit of the movement.

# The bank rounded where we did not: we take over its balance.
struct Corrected @0xa375e2f72ff06472 { difference @0 :Int64; }
# The movement does not explain the bank's balance: ours stays, and the gap (beyond earlier ones) is
# noted, so that the next row is judged on its own.
struct Disputed @0xe0ff128dd8c499c6 { difference @0 :Int64; }

# -- state of an account, for its snapshot --

struct AccountState @0xac1ecebf4e06a45f {
  isOpen @0 :Bool;
  owner @1 :Owner;
  overdraft @2 :Int64;
  balance @3 :Int64;
  gap @4 :Int64;          # what is disputed: the bank's balance minus ours
}

# Asks an account itself, past all views.
struct AskAccount @0xd43fa1dbe9dff3aa {}

# -- the register: one stream that remembers which bank a directory holds --

struct Begin @0x8efdf4815e193110 { source @0 :Text; }
struct Begun @0x9f93a2ff8b38d677 { source @0 :Text; }

# -- view: balances, one row an account --

struct Balance @0xc04f177374778eef {
  account @0 :Text;
  owner @1 :Owner;
  balance @2 :Int64;
  movements @3 :UInt32;
  stated @4 :UInt32;      # movements that came with the bank's own balance
  corrected @5 :UInt32;   # … of which off by rounding
  disputed @6 :UInt32;    # … of which unexplained
  gap @7 :Int64;          # what is disputed, in all: the bank's balance minus ours
}
struct GetBalance @0xd6105c4648823f68 { account @0 :Text; }
struct GetLargest @0xc9275dce05a919cf { count @0 :UInt32; }  # customers' accounts, by balance
struct GetAllBalances @0xd5de85b29a8af62c {}
struct Balances @0xb3561fbfc030095d { rows @0 :List(Balance); }
struct GetSummary @0xe33c41be2003024d {}
struct Summary @0x893137c6224f9963 {
  accounts @0 :UInt32;    # customers'
  bankAccounts @1 :UInt32;
  money @2 :Int64;        # sum over all accounts
  stated @3 :UInt64;
  corrected @4 :UInt64;
  disputed @5 :UInt64;
}

# -- view: turnover, one row a month and purpose --

struct Turnover @0xacf06b936a060365 {
  month @0 :Text;         # "1993-01"
  purpose @1 :Text;
  paidIn @2 :Int64;
  paidOut @3 :Int64;
  movements @4 :UInt32;
}
struct GetTurnover @0xdd6c46bc4ea7e446 { month @0 :Text; }   # empty: all months
struct Turnovers @0x835d13d16b1c7ace { rows @0 :List(Turnover); }  # by month, then purpose
