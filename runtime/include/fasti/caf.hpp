#pragma once
/// For those who have actors already: a runtime on their `caf::actor_system`, and a typed handle to
/// send it commands and queries from their own actors. The one header here that includes CAF; link
/// `fasti::caf`. `docs/caf.md` is the longer story.
///
///     caf::actor_system system{config};
///     auto rt = fasti::open_on<account, balances>(system, {.path = "bank.fasti"});
///     if (!rt) …
///     fasti::runtime_actor bank = fasti::actor_of(*rt, system);
///
/// in an actor of yours, on CAF 1.x and on 0.17:
///
///     auto deposit = fasti::command<Deposit>("account-1", [](auto c) { c.setCents(500); });
///     self->mail(deposit).request(bank, 5s).then(on_receipt, on_error);    // 1.x
///     self->request(bank, 5s, deposit).then(on_receipt, on_error);         // 0.17
///     fasti::request(self, bank, 5s, deposit).then(on_receipt, on_error);  // either
///
/// `on_receipt` takes a `const fasti::receipt&`, `on_error` a `const caf::error&`, which is one of
/// `fasti::errc` or of CAF's own; `to_error` makes a `fasti::error` of both.
///
/// **Handles.** The actor behind a handle has no mailbox and no state: what is sent to it goes from
/// the sender's thread straight into the runtime, whose own limits refuse what is too much with
/// `unavailable`, and the answer comes from a thread of the runtime's. Every request is answered
/// once. A message that is not a request gets no answer; if it comes to nothing the runtime's log
/// says so. The actor ends with its last handle, and not because it is told to or is linked to one
/// that ends. It lives in one process: its messages cannot be sent over a network.
///
/// **Types.** fasti's messages register themselves before `main`, with the ids 1000 to 1199; those
/// of the application are 200 to 999. There is nothing to call. A library that is loaded while the
/// program runs must be loaded before the first `actor_system` is made.
///
/// **The end.** Declare the system, then the runtime, so that the runtime closes first:
///
/// - The runtime closes, or is destroyed: what is under way is answered, and whoever asks later
///   gets `closed`. Handles stay valid, for as long as the system does.
/// - The system's destructor begins first: it waits for all answers that are owed to its actors. If
///   the runtime runs on it, it also waits until another thread has closed that; on the thread that
///   would close the runtime next it waits for ever.
/// - Handles must be dropped before the system's destructor ends, as all of CAF's.
///
/// `close` is not for actors: it waits for them.

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/deduce_mpi.hpp>
#include <caf/error.hpp>
#include <caf/is_error_code_enum.hpp>
#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>

#include "fasti/runtime.hpp"

namespace fasti {

// -- what is sent and what comes back ------------------------------------------------------------

/// Answered by a `receipt`. Made by `command`.
struct command_message {
  std::string stream;
  std::string category;  ///< The stream's, if it was said; else empty.
  type_id type{};
  std::vector<word> body;
  command_origin origin;
  conditions under;
};

/// Commands that take effect together or not at all (`fasti/together.hpp`). Answered by a
/// `joint_receipt`.
struct joint_command_message {
  std::vector<addressed_command> commands;
  command_origin origin = {};
  conditions under = {};
};

/// Answered by an `answer`. Made by `query`.
struct view_query_message {
  std::string projection;
  type_id query{};
  std::vector<word> body;
  type_id reply{};
  query_options options;
};

/// Answered by an `answer`. Made by `query`.
struct aggregate_query_message {
  std::string stream;
  type_id query{};
  std::vector<word> body;
  type_id reply{};
  conditions under;
};

/// What a view or an aggregate answered.
struct answer {
  type_id type{};
  std::vector<word> words;

  /// Nothing when it is of another type.
  template <schema_struct Reply>
  [[nodiscard]] std::optional<owned<Reply>> as() const {
    if (type != type_id_of<Reply>) return std::nullopt;
    return owned<Reply>(words);
  }
};

/// As `runtime::send` takes them.
template <schema_struct Command, class Fill>
[[nodiscard]] command_message command(std::string_view stream, Fill&& fill,
                                      command_origin origin = {}, conditions under = {}) {
  return {std::string(stream), {},
          type_id_of<Command>, build<Command>(std::forward<Fill>(fill)),
          std::move(origin),   std::move(under)};
}
/// The same, checked against the decider. If the command declares a reply, `with_reply<Reply>` in
/// the handler of the receipt has it.
template <class Decider, schema_struct Command, class Fill>
requires detail::has_category<Decider>
[[nodiscard]] command_message command(std::string_view stream, Fill&& fill,
                                      command_origin origin = {}, conditions under = {}) {
  static_assert(detail::takes_command<Decider, Command>, "it is not one of the decider's commands");
  auto made =
      command<Command>(stream, std::forward<Fill>(fill), std::move(origin), std::move(under));
  made.category = Decider::category;
  return made;
}

/// Asks a view, as `runtime::query`.
template <class Projection, schema_struct Query, class Fill>
requires detail::has_name<Projection>
[[nodiscard]] view_query_message query(Fill&& fill, query_options options = {}) {
  using reply = detail::reply_of<Projection, Query>;
  static_assert(!std::is_void_v<reply>, "it is not one of the projection's queries");
  return {std::string(Projection::name), type_id_of<Query>, build<Query>(std::forward<Fill>(fill)),
          type_id_of<reply>, std::move(options)};
}

/// Asks the state of one aggregate, as `runtime::query`.
template <class Decider, schema_struct Query, class Fill>
requires detail::has_category<Decider>
[[nodiscard]] aggregate_query_message query(std::string_view stream, Fill&& fill,
                                            conditions under = {}) {
  using reply = detail::reply_of<Decider, Query>;
  static_assert(!std::is_void_v<reply>, "it is not one of the decider's queries");
  return {std::string(stream), type_id_of<Query>, build<Query>(std::forward<Fill>(fill)),
          type_id_of<reply>, std::move(under)};
}

// -- errors --------------------------------------------------------------------------------------

/// fasti's errors are CAF errors of the category `fasti::errc`: `e == fasti::errc::rejected` holds
/// for a `caf::error` that is one. Its context is the reason, the detail and the next step.
[[nodiscard]] caf::error to_caf_error(const error& e);

/// The other way round. Of CAF's own errors: `unknown` ("request-timeout") when the time that the
/// sender gave CAF was up, ask again with the same command id; `closed` ("actor-gone") when the
/// actor was not there any more; `invalid` ("no-actor") when the handle was null; `unknown`
/// ("caf-error") what is none of these.
[[nodiscard]] error to_error(const caf::error& e);

/// What CAF calls to make an error of a code alone.
[[nodiscard]] caf::error make_error(errc code);

/// How CAF writes and reads the category.
template <class Inspector>
requires requires(Inspector& f) { f.has_human_readable_format(); }
bool inspect(Inspector& f, errc& code) {
  const auto save = [&code] { return count_of(code); };
  const auto load = [&code](std::uint8_t number) {
    if (number < count_of(errc::rejected) || number > count_of(errc::closed)) return false;
    code = static_cast<errc>(number);
    return true;
  };
  if (!f.has_human_readable_format()) return f.apply(save, load);
  return f.apply([&code] { return std::string(name_of(code)); },
                 [&](const std::string& name) {
                   for (auto number = count_of(errc::rejected);; ++number) {
                     if (!load(number) || name_of(code) == name) return name_of(code) == name;
                   }
                 });
}

// -- the handle ----------------------------------------------------------------------------------

namespace detail {
/// A handler, as CAF reads its own way of writing an interface out of one.
template <class Reply, class Message>
struct handler_of {
  Reply operator()(const Message&) const;
};
template <class Reply, class Message>
using handles = caf::deduce_mpi_t<handler_of<Reply, Message>>;
}  // namespace detail

/// The handle of a runtime.
using runtime_actor = caf::typed_actor<detail::handles<receipt, command_message>,
                                       detail::handles<joint_receipt, joint_command_message>,
                                       detail::handles<answer, view_query_message>,
                                       detail::handles<answer, aggregate_query_message>>;

namespace detail {
struct runtime_access {
  template <class... DecidersAndProjections>
  static result<runtime> adding(result<runtime> opened) {
    return runtime::adding<DecidersAndProjections...>(std::move(opened));
  }
  static result<runtime> open_on(caf::actor_system& system, runtime_options options);
  static runtime_actor actor_of(const runtime& rt, caf::actor_system& system);
};
}  // namespace detail

/// `runtime::open`, with the runtime's actors on a system that the application has. That one's
/// configuration counts; `worker_threads` is not used. On CAF 0.17 its `scheduler.policy` should be
/// `sharing`: with `stealing` each hop of a command may wait 50 us for a worker that sleeps. An
/// actor of the application's that blocks a worker keeps the runtime's from it, too: give it a
/// thread of its own (`caf::detached`).
template <class... DecidersAndProjections>
[[nodiscard]] result<runtime> open_on(caf::actor_system& system, runtime_options options) {
  return detail::runtime_access::adding<DecidersAndProjections...>(
      detail::runtime_access::open_on(system, std::move(options)));
}

/// A handle for the actors of `system`; what the runtime itself runs on does not matter. Each call
/// makes an actor of its own. From any thread.
[[nodiscard]] inline runtime_actor actor_of(const runtime& rt, caf::actor_system& system) {
  return detail::runtime_access::actor_of(rt, system);
}

/// `self->mail(message).request(to, timeout)`, or `self->request(to, timeout, message)` where CAF
/// writes it so; `self` is an actor's pointer or a `caf::scoped_actor`. Prefer `caf::infinite` and
/// a deadline in the command's conditions where there are many: CAF 0.17 keeps each timeout until
/// it is due, and with 1.x each costs the more the more there are.
template <class Self, class Timeout, class Message>
[[nodiscard]] auto request(Self& self, const runtime_actor& to, const Timeout& timeout,
                           Message message) {
  if constexpr (requires { self->mail(std::move(message)); }) {
    return self->mail(std::move(message)).request(to, timeout);
  } else {
    return self->request(to, timeout, std::move(message));
  }
}

}  // namespace fasti

CAF_BEGIN_TYPE_ID_BLOCK(fasti_public, 1100)
CAF_ADD_TYPE_ID(fasti_public, (fasti::errc))
CAF_ADD_TYPE_ID(fasti_public, (fasti::command_message))
CAF_ADD_TYPE_ID(fasti_public, (fasti::joint_command_message))
CAF_ADD_TYPE_ID(fasti_public, (fasti::view_query_message))
CAF_ADD_TYPE_ID(fasti_public, (fasti::aggregate_query_message))
CAF_ADD_TYPE_ID(fasti_public, (fasti::receipt))
CAF_ADD_TYPE_ID(fasti_public, (fasti::joint_receipt))
CAF_ADD_TYPE_ID(fasti_public, (fasti::answer))
CAF_END_TYPE_ID_BLOCK(fasti_public)

CAF_ERROR_CODE_ENUM(fasti::errc)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fasti::command_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fasti::joint_command_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fasti::view_query_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fasti::aggregate_query_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fasti::receipt)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fasti::joint_receipt)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fasti::answer)
