#pragma once
/// An application with CAF actors that uses a runtime, in words that read as the tests do.

#include <fasti/caf.hpp>

#include <gtest/gtest.h>
#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>

#include "actors/caf/send.hpp"
#include "tests/actors/caf/application_types.hpp"
#include "tests/runtime/ledger_kit.hpp"

namespace fasti::test {

using namespace std::chrono_literals;

/// What an application says at the beginning of its `main`, before it makes a system.
inline bool types_of_the_application() {
#if FASTI_CAF_META
  caf::core::init_global_meta_objects();
  caf::init_global_meta_objects<caf::id_block::application>();
#endif
  return true;
}

inline command_message deposit_of(std::int64_t cents, std::string_view stream = "ledger-a") {
  return command<Deposit>(stream, [cents](auto c) { c.setCents(cents); });
}
inline command_message withdraw_of(std::int64_t cents) {
  return command<Withdraw>("ledger-a", [cents](auto c) { c.setCents(cents); });
}
inline view_query_message row_of(const char* account, query_options options = {}) {
  return query<balances, GetBalance>([account](auto q) { q.setAccount(account); },
                                     std::move(options));
}

/// An actor of the application's. With an argument: CAF 0.17 binds a reference through a null
/// pointer when a function is spawned without one.
template <class Function>
caf::actor spawn(caf::actor_system& system, Function behave) {
  return system.spawn([behave](caf::event_based_actor* self, int) mutable { return behave(self); },
                      0);
}

/// What an actor that has nothing else to do gets for an answer.
template <class Reply, class Message, class Timeout = decltype(caf::infinite)>
std::future<result<Reply>> asked(caf::actor_system& system, const runtime_actor& to,
                                 Message message, Timeout timeout = caf::infinite) {
  auto promise = std::make_shared<std::promise<result<Reply>>>();
  auto future = promise->get_future();
  spawn(system, [=](caf::event_based_actor* self) {
    fasti::request(self, to, timeout, message)
        .then([promise](const Reply& r) { promise->set_value(r); },
              [promise](const caf::error& e) { promise->set_value(to_error(e)); });
  });
  return future;
}

/// A runtime with threads of its own, and a system of the application's that outlives it.
class RuntimeActor : public ledger_test {
 protected:
  [[nodiscard]] runtime_options options() const {
    auto o = ledger_test::options();
    o.storage = storage::memory;
    return o;
  }
  void open(runtime_options o) {
    rt_ = ledger_test::open(std::move(o));
    bank_ = actor_of(*rt_, *system_);
  }
  void open() { open(options()); }

  template <class Reply, class Message>
  result<Reply> ask(Message message) {
    return answer_of(asked<Reply>(*system_, bank_, std::move(message)));
  }
  result<receipt> send(command_message message) { return ask<receipt>(std::move(message)); }
  std::int64_t balance_in(const answer& a) { return (*a.as<Balance>())->getCents(); }

  const bool types_ = types_of_the_application();
  caf::actor_system_config config_;
  std::optional<caf::actor_system> system_{std::in_place, config_};
  std::optional<runtime> rt_;
  runtime_actor bank_;
};

}  // namespace fasti::test
