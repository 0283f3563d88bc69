@0xaafedc592cbec508;
# What process managers keep beside their own events, in the same commits of the same streams, and
# what is said to them inside a process. Events: names in the past tense. Commands are not stored.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("fasti::schemas");

# -- events ------------------------------------------------------------------------------------

struct EventHandled @0xe2311044523304ad {
  # It has reacted to all events that concern it up to this one.
  position @0 :UInt64;
}

struct CommandIssued @0xc83831897855cb9c {
  # A command is on its way: an entry of the outbox. The id of this event is the command's id.
  number @0 :UInt64;
  # Counts what the process manager issued and set: 1, 2, 3 …
  stream @1 :Data;
  # Where it goes.
  type @2 :UInt64;
  # Id of the command's struct.
  body @3 :Data;
  # The words of one single-segment message.
}

struct CommandSettled @0xdaef41f627234772 {
  # The command has its outcome, and leaves the outbox.
  number @0 :UInt64;
  reason @1 :Text;
  # Why it was refused; empty: it was committed.
}

struct TimerSet @0x9dbca2516c57605d {
  number @0 :UInt64;
  name @1 :Text;
  # A process manager has one timer of a name at a time.
  due @2 :Int64;
  # Nanoseconds since 1970-01-01 UTC.
}

struct TimerEnded @0xb6c1f0a5d2e94713 {
  # It fired, was cancelled, or was set anew.
  number @0 :UInt64;
}

struct ProcessBegan @0xb19e4c72d5f0836a {
  # The process managers of a category react to what is behind this. Lies in the stream
  # `fasti-process-` and the category, if that is not where the journal begins.
  behind @0 :UInt64;
}

# -- state -------------------------------------------------------------------------------------

struct ProcessState @0xd35a86e14f7b20c9 {
  # A snapshot of a process manager: what fasti knows of it, and its own.
  handledUpTo @0 :UInt64;
  lastNumber @1 :UInt64;
  pending @2 :List(UInt64);
  # Numbers of commands that are not settled.
  timers @3 :List(Timer);
  own @4 :Data;
  # The words of its own snapshot.

  struct Timer {
    number @0 :UInt64;
    name @1 :Text;
  }
}

struct OutboxEntry @0x8e4f17c36ab905d2 {
  # A row of the view of what is on its way and of the timers that are set.
  process @0 :Data;
  # The stream of the process manager.
  number @1 :UInt64;
  position @2 :UInt64;
  # Of the event that says so.
  idHigh @3 :UInt64;
  idLow @4 :UInt64;
  # Its id.
  correlationHigh @5 :UInt64;
  correlationLow @6 :UInt64;
  due @7 :Int64;
  # A timer's.
  stream @8 :Data;
  # A command's, as in CommandIssued; empty: it is a timer.
  type @9 :UInt64;
  body @10 :Data;
  traceHigh @11 :UInt64;
  traceLow @12 :UInt64;
  traceParent @13 :UInt64;
  traceFlags @14 :UInt8;
  # Of the event; zeros: it has none.
}

# -- commands to a process manager -------------------------------------------------------------

struct HandleEvent @0x97d2b05c8e613fa4 {
  # React to this event.
  position @0 :UInt64;
  stream @1 :Data;
  time @2 :Int64;
  type @3 :UInt64;
  body @4 :Data;
  isStray @5 :Bool;
  # It waited under another key, so it may come too late: refused then, and not passed over.
}

struct SettleCommand @0xf0823d96c5a71e4b {
  # The command has this outcome.
  number @0 :UInt64;
  type @1 :UInt64;
  body @2 :Data;
  reason @3 :Text;
  # Empty: it was committed.
  detail @4 :Text;
}

struct FireTimer @0xa91c5e7d40f2b386 {
  # Its time has come.
  number @0 :UInt64;
}
