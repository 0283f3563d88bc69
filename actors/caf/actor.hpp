#pragma once
/// The base of every actor of fasti: a class whose handlers are member functions.
///
///     class echo final : public actor_base<echo_actor> {
///      public:
///       static constexpr std::string_view actor_name = "echo";
///       explicit echo(const actor_setup& setup) : actor_base(setup) {}
///      private:
///       behavior make_behavior() override { return handlers(&echo::on_ping, &echo::on_ask); }
///       void on_ping(const ping&) { ++pings_; }
///       pings_are on_ask(const ask_pings&) { return {pings_}; }
///       int pings_ = 0;
///     };
///
/// Handlers of one actor run one at a time, on any worker; they must not block. A handler that
/// throws is caught here and nowhere else, so both versions of CAF behave alike: the fault is
/// reported, a requester gets an error, the sender of a plain message notices nothing, and the
/// actor goes on or stops as `after_fault` says. An actor is never linked to or monitored by
/// another one, and prints nothing.

#include "actors/caf/host.hpp"
#include "fasti/result.hpp"

#include <caf/actor_cast.hpp>
#include <caf/error.hpp>
#include <caf/exit_reason.hpp>
#include <caf/sec.hpp>
#include <caf/system_messages.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <exception>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

namespace fasti::actors {

/// What an actor does after one of its handlers threw. `stop` is the default, because a handler
/// that was left half-way has left the actor's state half-way.
enum class after_fault : std::uint8_t { stop, keep_running };

/// Says that a handler of a request will answer by a `promise` it made.
template <class Reply>
struct later {};

namespace detail {

/// The text of the exception that is being handled.
[[nodiscard]] std::string current_exception_text();

/// fasti's word for a failed request: `closed`/"actor-gone" — it was not handled, or not to its
/// end; `unknown`/"handler-threw" and `unknown`/"promise-dropped" — it may have had an effect.
[[nodiscard]] fasti::error to_error(const caf::error& error);

[[nodiscard]] caf::error handler_threw(const std::string& text);
[[nodiscard]] caf::error promise_dropped();

}  // namespace detail

/// An answer that is still owed. Made by `actor_base::make_promise` in the handler of the request;
/// delivered, moved and destroyed only in handlers of the same actor. Dropped undelivered, it
/// answers `errc::unknown`, "promise-dropped". An actor that keeps promises lets go of them in
/// `on_stop`: an open one keeps its actor alive.
template <class Reply>
class promise {
 public:
  promise() = default;
  promise(promise&& other) noexcept : inner_(std::exchange(other.inner_, {})) {}
  promise& operator=(promise&& other) noexcept {
    if (this != &other) {
      drop();
      inner_ = std::exchange(other.inner_, {});
    }
    return *this;
  }
  ~promise() { drop(); }

  /// Answers. The second and later calls do nothing.
  void deliver(Reply reply) {
    if (auto inner = std::exchange(inner_, {}); inner.pending()) inner.deliver(std::move(reply));
  }

  /// False if it was delivered or moved from, or if there is no requester to answer.
  [[nodiscard]] bool pending() const { return inner_.pending(); }

 private:
  template <class>
  friend class actor_base;
  explicit promise(caf::typed_response_promise<Reply> inner) : inner_(std::move(inner)) {}

  void drop() noexcept {
    if (auto inner = std::exchange(inner_, {}); inner.pending()) {
      inner.deliver(detail::promise_dropped());
    }
  }

  caf::typed_response_promise<Reply> inner_;
};

template <class Interface>
class actor_base : public Interface::base {
 public:
  using interface = Interface;
  using behavior = typename Interface::base::behavior_type;

  /// For CAF's own texts; `actor_name` is the one to set.
  const char* name() const final { return "fasti"; }

 protected:
  explicit actor_base(const actor_setup& setup, after_fault policy = after_fault::stop)
      : Interface::base(setup.config_),
        host_(setup.host_),
        name_(setup.name_),
        counter_(setup.counter_),
        policy_(policy) {
    silence_caf();
    host_.census().enter(counter_);
  }

  ~actor_base() override { leave(); }

  /// Called once when the actor stops, on the thread it stops on: a worker, or whoever drops the
  /// last handle, even if it never got a message. The place to let go of handles (a cycle of
  /// handles is never freed) and promises. What it throws is reported and dropped.
  virtual void on_stop() {}

  /// The behavior made of one member function per message of the interface, each
  /// `Reply f(const Message&)`, `later<Reply> f(const Message&)` or `void f(const Message&)`.
  template <class... Handlers>
  [[nodiscard]] behavior handlers(Handlers... functions) {
    return behavior(guard(functions)...);
  }

  /// Sends `message` and calls `on_reply(const Reply&)` — `on_reply()` for `void` — or
  /// `on_error(const fasti::error&)` later, exactly one of them, in this actor; neither once it has
  /// stopped. There is no timeout: an actor that neither answers nor stops leaves it open, so a
  /// request that can take long needs a deadline of the caller's own.
  template <class To, class Message, class OnReply, class OnError>
  void request(const To& to, Message message, OnReply on_reply, OnError on_error) {
    using reply = reply_of<To, Message>;
    auto failed = [this, on_error = std::move(on_error)](const caf::error& error) mutable {
      guarded_reply([&] { on_error(detail::to_error(error)); });
    };
#if FASTI_CAF_MAIL
    auto pending = this->mail(std::move(message)).request(to, caf::infinite);
#else
    auto pending = Interface::base::request(to, caf::infinite, std::move(message));
#endif
    if constexpr (std::is_void_v<reply>) {
      std::move(pending).then(
          [this, on_reply = std::move(on_reply)]() mutable { guarded_reply([&] { on_reply(); }); },
          std::move(failed));
    } else {
      std::move(pending).then([this, on_reply = std::move(on_reply)](
                                  const reply& r) mutable { guarded_reply([&] { on_reply(r); }); },
                              std::move(failed));
    }
  }

  /// The answer to the message that is being handled, to be given later; the handler then returns
  /// `later<Reply>{}`. At most one a message.
  template <class Reply>
  [[nodiscard]] promise<Reply> make_promise() {
    return promise<Reply>(this->template make_response_promise<Reply>());
  }

  /// A handle of this actor. Must not be called in the constructor.
  [[nodiscard]] interface self() { return interface(this); }

  /// Stops this actor once the present handler is done. What waits in the mailbox is dropped:
  /// requests among it fail with `errc::closed`.
  void stop_self() { this->quit(caf::error(caf::exit_reason::user_shutdown)); }

  /// To make further actors, and to report faults of its own.
  [[nodiscard]] const actor_host& host() const noexcept { return host_; }

 private:
  void on_exit() final {
    try {
      on_stop();
    } catch (...) {
      report(actor_fault::kind::handler_threw, detail::current_exception_text());
    }
    leave();
  }

  void leave() noexcept {
    if (std::exchange(running_, false)) host_.census().leave(counter_);
  }

  void report(actor_fault::kind what, std::string detail) noexcept {
    host_.census().report({what, name_, this->id(), std::move(detail)});
  }

  template <class Call>
  void guarded_reply(Call&& call) {
    try {
      call();
    } catch (...) {
      fault(actor_fault::kind::reply_threw, detail::current_exception_text());
    }
  }

  void fault(actor_fault::kind what, std::string text) {
    report(what, std::move(text));
    if (policy_ == after_fault::stop && running_) stop_self();
  }

  template <class Self, class Reply, class Message>
  auto guard(Reply (Self::*function)(const Message&)) {
    return guard_as<Message>(static_cast<Self*>(this), function, static_cast<Reply*>(nullptr));
  }

  // A plain message: nothing is allocated for a reply, which keeps the hot path short.
  template <class Message, class Self, class Function>
  auto guard_as(Self* self, Function function, void*) {
    return [self, function](const Message& message) {
      try {
        (self->*function)(message);
      } catch (...) {
        auto text = detail::current_exception_text();
        auto owed = self->template make_response_promise<void>();
        if (owed.pending()) owed.deliver(detail::handler_threw(text));
        self->fault(actor_fault::kind::handler_threw, std::move(text));
      }
    };
  }

  template <class Message, class Self, class Function, class Reply>
  auto guard_as(Self* self, Function function, Reply*) {
    return [self, function](const Message& message) -> caf::result<Reply> {
      try {
        return (self->*function)(message);
      } catch (...) {
        auto text = detail::current_exception_text();
        auto error = detail::handler_threw(text);
        self->fault(actor_fault::kind::handler_threw, std::move(text));
        return error;
      }
    };
  }

  template <class Message, class Self, class Function, class Reply>
  auto guard_as(Self* self, Function function, later<Reply>*) {
    return [self, function](const Message& message) -> caf::result<Reply> {
      try {
        (self->*function)(message);
      } catch (...) {
        auto text = detail::current_exception_text();
        auto error = detail::handler_threw(text);
        self->fault(actor_fault::kind::handler_threw, std::move(text));
        // If the promise is made already, dropping it has answered, or the actor still has it.
        auto owed = self->template make_response_promise<Reply>();
        if (owed.pending()) owed.deliver(std::move(error));
        return caf::delegated<Reply>{};
      }
      static_cast<void>(self->template make_promise<Reply>());  // forgotten: answers "dropped"
      return caf::delegated<Reply>{};
    };
  }

  /// CAF's default handlers print to the console and end the actor when somebody else fails.
  void silence_caf() {
    using message_handler = decltype(this->default_handler_);
    this->default_handler_ = [this](caf::scheduled_actor*, auto&) {
      report(actor_fault::kind::unexpected_message, "not in the interface");
      return typename message_handler::result_type(caf::make_error(caf::sec::unexpected_message));
    };
    this->error_handler_ = [this](caf::scheduled_actor*, caf::error& error) {
      report(actor_fault::kind::unexpected_error, detail::to_error(error).detail);
    };
    this->down_handler_ = [](caf::scheduled_actor*, caf::down_msg&) {};
    this->exception_handler_ = [this](caf::scheduled_actor*, std::exception_ptr& thrown) {
      std::string text;
      try {
        std::rethrow_exception(thrown);
      } catch (...) {
        text = detail::current_exception_text();
      }
      report(actor_fault::kind::start_failed, text);
      return detail::handler_threw(text);
    };
  }

  const actor_host host_;
  const std::string_view name_;
  actor_census::counter& counter_;
  const after_fault policy_;
  bool running_ = true;
};

}  // namespace fasti::actors
