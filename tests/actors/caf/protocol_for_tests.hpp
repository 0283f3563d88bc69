#pragma once
// A protocol as actors/protocol.hpp writes one, for the tests of the adapter.

#include "actors/caf/interface.hpp"

#include <memory>
#include <vector>

namespace fasti::actors::test {

struct note {
  int number = 0;
};
struct note_work {
  std::shared_ptr<std::unique_ptr<int>> work;  // move-only work behind a shared pointer
};
struct blow_up {};
struct ask_notes {};
struct notes_are {
  std::vector<int> numbers;
};
struct ask_later {};
struct answer_now {};
struct ask_and_blow_up {};

using keeper_actor =
    typed_interface<void(note), void(note_work), void(blow_up), notes_are(ask_notes),
                    notes_are(ask_later), void(answer_now), notes_are(ask_and_blow_up)>;

struct relay_note {
  int number = 0;
};
struct relay_ask {};
struct relay_ask_later {};
struct relay_blow_up {};
struct relay_ask_and_blow_up {};
struct relay_blow_up_in_reply {};

using relay_actor =
    typed_interface<void(relay_note), void(relay_ask), void(relay_ask_later), void(relay_blow_up),
                    void(relay_ask_and_blow_up), void(relay_blow_up_in_reply)>;

// An interface of one message: CAF 1.1 treats it as a case of its own.
using single_actor = typed_interface<void(note)>;

}  // namespace fasti::actors::test

FASTI_MESSAGES_BEGIN(fasti_adapter_tests, 1500)
FASTI_MESSAGE(fasti_adapter_tests, fasti::actors::test::note)
FASTI_MESSAGE(fasti_adapter_tests, fasti::actors::test::note_work)
FASTI_MESSAGE(fasti_adapter_tests, fasti::actors::test::blow_up)
FASTI_MESSAGE(fasti_adapter_tests, fasti::actors::test::ask_notes)
FASTI_MESSAGE(fasti_adapter_tests, fasti::actors::test::notes_are)
FASTI_MESSAGE(fasti_adapter_tests, fasti::actors::test::ask_later)
FASTI_MESSAGE(fasti_adapter_tests, fasti::actors::test::answer_now)
FASTI_MESSAGE(fasti_adapter_tests, fasti::actors::test::ask_and_blow_up)
FASTI_MESSAGE(fasti_adapter_tests, fasti::actors::test::relay_note)
FASTI_MESSAGE(fasti_adapter_tests, fasti::actors::test::relay_ask)
FASTI_MESSAGE(fasti_adapter_tests, fasti::actors::test::relay_ask_later)
FASTI_MESSAGE(fasti_adapter_tests, fasti::actors::test::relay_blow_up)
FASTI_MESSAGE(fasti_adapter_tests, fasti::actors::test::relay_ask_and_blow_up)
FASTI_MESSAGE(fasti_adapter_tests, fasti::actors::test::relay_blow_up_in_reply)
FASTI_MESSAGES_END(fasti_adapter_tests)
