#pragma once
/// Every conversation of fasti's actors on one page.
///
///     who sends        message            to whom        what it says
///     ───────────────  ─────────────────  ─────────────  ──────────────────────────────────────
///     journal          head_rose          bus            events up to here are durable
///     node             subscribe          bus            tell this one, from now on
///     bus              head_rose          subscriber     events up to here are durable
///     subscriber       caught_up          bus            I have read up to here: tell me more
///     subscription     unsubscribe        bus            nobody listens to me any more
///     any thread       demand_changed     subscription   look whether another batch is wanted
///     any thread       queries_ready      projection     queries wait in your inbox
///     reader thread    step_done          subscriber     the step that you asked for is over
///     node             between_steps      projection     do this between two steps
///     node's tick      deadline_tick      projection     look at the deadlines of those who wait
///
/// Subscribers are projections and subscriptions.
///
/// An aggregate is a light actor and gets no messages: its inbox holds commands and queries, the
/// reader thread brings its state by `aggregate_actor::on_read`, and each of these wakes it.
///
/// Nobody waits for an answer, so nothing can wait for ever. Every mailbox has a bound: an inbox
/// wakes its owner once however much it holds; a subscriber is told of one head and not again
/// before it has caught up, and has one step at work; demand is told of once until it was looked
/// at. Payloads that cannot be copied travel behind a shared pointer; nothing here ever crosses a
/// wire.

#include <functional>

#include "actors/caf/interface.hpp"
#include "fasti/ids.hpp"
#include "fasti/result.hpp"

namespace fasti::core {
class projection_machine;
}

namespace fasti::actors {

// -- bus and its subscribers ---------------------------------------------------------------------

struct head_rose {
  position head{};
};

using subscriber_actor = typed_interface<void(head_rose)>;

struct subscribe {
  subscriber_actor who;
};

struct caught_up {
  subscriber_actor who;
  position at{};
};

struct unsubscribe {
  subscriber_actor who;
};

using bus_actor =
    typed_interface<void(head_rose), void(subscribe), void(caught_up), void(unsubscribe)>;

struct step_done {};

// -- subscription --------------------------------------------------------------------------------

struct demand_changed {};

using subscription_actor = typed_interface<void(head_rose), void(step_done), void(demand_changed)>;

// -- projection ----------------------------------------------------------------------------------

struct queries_ready {};
struct deadline_tick {};

/// Dropped without being called when the runtime closes.
struct between_steps {
  std::function<void(core::projection_machine&)> act;
  std::function<void()> done;  ///< The board shows what it led to.
};

using projection_actor = typed_interface<void(head_rose), void(queries_ready), void(step_done),
                                         void(deadline_tick), void(between_steps)>;

}  // namespace fasti::actors

FASTI_MESSAGES_BEGIN(fasti_actors, 1000)
FASTI_MESSAGE(fasti_actors, fasti::actors::head_rose)
FASTI_MESSAGE(fasti_actors, fasti::actors::subscribe)
FASTI_MESSAGE(fasti_actors, fasti::actors::caught_up)
FASTI_MESSAGE(fasti_actors, fasti::actors::queries_ready)
FASTI_MESSAGE(fasti_actors, fasti::actors::step_done)
FASTI_MESSAGE(fasti_actors, fasti::actors::deadline_tick)
FASTI_MESSAGE(fasti_actors, fasti::actors::between_steps)
FASTI_MESSAGE(fasti_actors, fasti::actors::unsubscribe)
FASTI_MESSAGE(fasti_actors, fasti::actors::demand_changed)
FASTI_MESSAGES_END(fasti_actors)
