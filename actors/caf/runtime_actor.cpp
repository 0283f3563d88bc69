// How a message of an application's actor becomes a call of the runtime, and the callback of that
// call an answer to the actor.
//
// The actor is a `caf::actor_companion`: it has no mailbox, CAF hands it each message on the
// sender's thread. So nothing can pile up in front of the runtime's own limits. A response promise
// would belong to one actor's thread; what is kept here is what it is made of, who asked and the
// id of the request, and any thread may put a response into a mailbox.

#include "actors/caf/runtime_actor.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_companion.hpp>
#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/sec.hpp>

#include <string>
#include <utility>

#include "actors/caf/interface.hpp"

namespace fasti::actors {
namespace {

[[maybe_unused]] const bool types_are_registered =
    detail::register_messages<caf::id_block::fasti_public>();

/// Who waits for an answer. Its system waits with it: the destructor of an `actor_system` ends
/// after the last asker, though the actor that asked may have ended long before.
class asker {
 public:
  asker(caf::mailbox_element& what, std::shared_ptr<door> asked)
      : who_(what.sender), id_(what.mid), door_(std::move(asked)) {
    if (who_) who_->home_system->registry().inc_running();
  }
  asker(const asker&) = delete;
  asker& operator=(const asker&) = delete;
  ~asker() {
    if (!who_) return;
    caf::actor_system& system = *who_->home_system;
    who_ = nullptr;
    system.registry().dec_running();
  }

  template <class T>
  void answer(T&& value) {
    if (waits()) put(caf::make_message(std::forward<T>(value)));
  }
  void fail(const error& e) {
    if (waits()) return put(caf::make_message(to_caf_error(e)));
    static_cast<void>(door_->enter([&e](const runtime_port& rt) {
      rt.log(log_level::warning, "a message that nobody waits for: " + e.to_string());
    }));
  }
  void fail_unexpected() {
    if (waits()) put(caf::make_message(caf::make_error(caf::sec::unexpected_message)));
  }

 private:
  [[nodiscard]] bool waits() const { return who_ && id_.is_request(); }

  void put(caf::message response) {
#if FASTI_CAF_MAIL
    who_->get()->enqueue(caf::make_mailbox_element(nullptr, id_.response_id(), std::move(response)),
                         nullptr);
#else
    who_->enqueue(nullptr, id_.response_id(), std::move(response), nullptr);
#endif
  }

  caf::strong_actor_ptr who_;
  caf::message_id id_;
  std::shared_ptr<door> door_;
};
using asker_ptr = std::shared_ptr<asker>;

template <class Value>
auto callback_to(asker_ptr who) {
  return [who = std::move(who)](result<Value> r) {
    if (!r) return who->fail(r.error());
    who->answer(*std::move(r));
  };
}

/// The words of an answer, with their type.
auto answer_to(asker_ptr who, type_id type) {
  return [who = std::move(who), type](result<std::vector<word>> words) {
    if (!words) return who->fail(words.error());
    who->answer(answer{type, *std::move(words)});
  };
}

void ask(runtime_port& rt, command_message& m, asker_ptr who) {
  rt.send(
      {m.stream, m.category, m.type, std::move(m.body), std::move(m.origin), std::move(m.under)},
      callback_to<receipt>(std::move(who)));
}
void ask(runtime_port& rt, joint_command_message& m, asker_ptr who) {
  rt.send_together(std::move(m.commands), std::move(m.origin), std::move(m.under),
                   callback_to<joint_receipt>(std::move(who)));
}
void ask(runtime_port& rt, view_query_message& m, asker_ptr who) {
  rt.query_view(m.projection, m.query, std::move(m.body), std::move(m.options),
                [who = std::move(who), type = m.reply](result<fasti::detail::view_words> seen) {
                  if (!seen) return who->fail(seen.error());
                  who->answer(answer{type, std::move(seen->words)});
                });
}
void ask(runtime_port& rt, aggregate_query_message& m, asker_ptr who) {
  rt.query_aggregate({m.stream, m.query, std::move(m.body), std::move(m.under)},
                     answer_to(std::move(who), m.reply));
}

/// False when the element holds something else.
template <class Message>
bool take(caf::mailbox_element& what, const std::shared_ptr<door>& to) {
  auto& content = what.content();
  if (!content.template match_elements<Message>()) return false;
  auto& message = content.template get_mutable_as<Message>(0);
  const auto who = std::make_shared<asker>(what, to);
  if (!to->enter([&](runtime_port& rt) { ask(rt, message, who); })) {
    who->fail({errc::closed, "closed", "the runtime is closed"});
  }
  return true;
}

void take_any(caf::mailbox_element& what, const std::shared_ptr<door>& to) {
  const bool is_ours = take<command_message>(what, to) || take<view_query_message>(what, to) ||
                       take<aggregate_query_message>(what, to) ||
                       take<joint_command_message>(what, to);
  // What CAF says to all actors, such as that somebody has ended, does not concern this one.
  if (!is_ours) asker(what, to).fail_unexpected();
}

}  // namespace

runtime_actor make_runtime_actor(caf::actor_system& system, std::shared_ptr<door> to_runtime) {
  // Hidden: the system does not wait for it, only for what it owes.
  const caf::actor made = system.spawn<caf::actor_companion, caf::hidden>();
  caf::actor_cast<caf::actor_companion*>(made)->on_enqueue(
      [to = std::move(to_runtime)](const caf::mailbox_element_ptr& what) { take_any(*what, to); });
  return caf::actor_cast<runtime_actor>(made);
}

}  // namespace fasti::actors
