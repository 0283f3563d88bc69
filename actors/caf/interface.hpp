#pragma once
/// How `protocol.hpp` is written: interfaces as lists of plain signatures, and one line a message.
///
///     struct inbox_ready {};                                      // a message: a named struct
///     struct ask_version {};
///     struct version_is { std::uint64_t version = 0; };
///
///     using aggregate_actor = typed_interface<void(inbox_ready), version_is(ask_version)>;
///
///     FASTI_MESSAGES_BEGIN(fasti_actors, 1000)                    // outside every namespace
///     FASTI_MESSAGE(fasti_actors, fasti::actors::inbox_ready)     // append only: line = id
///     FASTI_MESSAGE(fasti_actors, fasti::actors::ask_version)
///     FASTI_MESSAGE(fasti_actors, fasti::actors::version_is)
///     FASTI_MESSAGES_END(fasti_actors)
///
/// `typed_interface<…>` is the type of the handle, too: a default-constructed one is null, copies
/// count references, `==` compares the actor, `std::hash` works.

#include "actors/caf/version.hpp"

#if !FASTI_CAF_META
#include <caf/make_message.hpp>  // 0.17's result.hpp uses it and does not include it
#endif

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/response_type.hpp>
#include <caf/result.hpp>
#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>
#if FASTI_CAF_META
#include <caf/init_global_meta_objects.hpp>
#else
#include <caf/replies_to.hpp>
#endif

#include <type_traits>

namespace fasti::actors {

namespace detail {

template <class Signature>
struct signature;

template <class Reply, class Message>
struct signature<Reply(Message)> {
  static_assert(std::is_same_v<Message, std::remove_cvref_t<Message>>,
                "name the message without const or &; handlers take it as const reference");
#if FASTI_CAF_META
  using type = caf::result<Reply>(Message);
#else
  using type = typename caf::replies_to<Message>::template with<Reply>;
#endif
};

template <class List>
struct only;
template <template <class...> class List, class T>
struct only<List<T>> {
  using type = T;
};

template <class Block>
bool register_messages() {
#if FASTI_CAF_META
  caf::init_global_meta_objects<Block>();
  caf::core::init_global_meta_objects();
#endif
  return true;
}

}  // namespace detail

/// The handle of an actor that answers exactly these messages, each written `Reply(Message)`;
/// `void(Message)` has no reply.
template <class... Signatures>
using typed_interface = caf::typed_actor<typename detail::signature<Signatures>::type...>;

/// What `Interface` replies to `Message`. Does not compile if it does not take that message.
template <class Interface, class Message>
using reply_of =
    typename detail::only<caf::response_type_t<typename Interface::signatures, Message>>::type;

}  // namespace fasti::actors

/// Opens a block of messages. Ids count up from `first_id`, one a line; 200 to 999 are left to the
/// application's own CAF messages. One block a library, at file scope, below the structs.
#define FASTI_MESSAGES_BEGIN(block, first_id) CAF_BEGIN_TYPE_ID_BLOCK(block, first_id)

/// Adds a message that never leaves the process, so it may carry pointers. It needs to be default
/// constructible and copyable, and is shared, not copied, on its way: put move-only work behind a
/// `std::shared_ptr`.
#define FASTI_MESSAGE(block, ...)       \
  CAF_ADD_TYPE_ID(block, (__VA_ARGS__)) \
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(__VA_ARGS__)

/// Closes the block and registers it before `main`, hence before any `actor_system` — the
/// application's too. (A library loaded with dlopen must be loaded before the first one is made.)
#define FASTI_MESSAGES_END(block)                                                      \
  CAF_END_TYPE_ID_BLOCK(block)                                                         \
  namespace fasti::actors::detail {                                                    \
  inline const bool block##_is_registered = register_messages<caf::id_block::block>(); \
  }
