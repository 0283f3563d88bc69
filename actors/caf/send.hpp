#pragma once
/// The verbs that work from any thread and need no actor: send, send_urgent, stop.
///
/// None blocks, throws (but for bad_alloc) or answers. A message to a null handle or to an actor
/// that has stopped is dropped in silence; whoever must know sends a request from an actor.
/// Messages of one thread to one actor arrive in order, urgent ones ahead of the waiting others.
/// Cost: an allocation and an atomic exchange; waking an idle actor adds a wake-up of a worker.

#include "actors/caf/interface.hpp"

#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#if FASTI_CAF_MAIL
#include <caf/anon_mail.hpp>
#endif

#include <utility>

namespace fasti::actors {

/// Puts `message` into the mailbox of `to`. A reply, if the message has one, is thrown away.
template <class Interface, class Message>
void send(const Interface& to, Message message) {
#if FASTI_CAF_MAIL
  caf::anon_mail(std::move(message)).send(to);
#else
  caf::anon_send(to, std::move(message));
#endif
}

/// Like `send`, but handled before all waiting messages that are not urgent.
template <class Interface, class Message>
void send_urgent(const Interface& to, Message message) {
#if FASTI_CAF_MAIL
  caf::anon_mail(std::move(message)).urgent().send(to);
#else
  caf::anon_send<caf::message_priority::high>(to, std::move(message));
#endif
}

/// Asks `to` to stop. It handles what it is handling, then drops what waits: requests among it
/// fail with `errc::closed`. Messages sent earlier may or may not be handled.
template <class Interface>
void stop(const Interface& to) {
  caf::anon_send_exit(to, caf::exit_reason::user_shutdown);
}

}  // namespace fasti::actors
