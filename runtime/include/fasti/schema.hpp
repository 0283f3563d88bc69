#pragma once
/// Commands, events, queries, rows and snapshots **are** Cap'n Proto structs. Here is what fasti
/// knows of one: its 64-bit id, its name, and how to read a body that came from outside.

#include <capnp/any.h>
#include <capnp/message.h>
#include <capnp/schema.h>

#include <memory>
#include <optional>
#include <string>
#include <type_traits>

#include "fasti/event.hpp"

namespace fasti {

/// A list of Cap'n Proto structs, as in `using events = fasti::types<Opened, Deposited>;`.
template <class... Structs>
struct types {
  static constexpr std::size_t size = sizeof...(Structs);
};

/// A struct that the schema compiler generated.
template <class T>
concept schema_struct = requires {
  typename T::Reader;
  typename T::Builder;
  ::capnp::typeId<T>();
};

template <schema_struct T>
inline constexpr type_id type_id_of{::capnp::typeId<T>()};

/// The struct's own name, without its file: "Deposited".
template <schema_struct T>
[[nodiscard]] std::string type_name_of() {
  return ::capnp::Schema::from<T>().getShortDisplayName().cStr();
}

/// Of the schema by which the struct's messages are read, nested structs and enums with it: another
/// one when a field comes or goes, or another name, place, type or default is given to it. Neither
/// files nor comments matter. (As Avro's fingerprints of schemas; XXH3, 64 bits: not meant against
/// an attacker.)
[[nodiscard]] schema_fingerprint fingerprint_of(const ::capnp::StructSchema& schema);
template <schema_struct T>
[[nodiscard]] schema_fingerprint fingerprint_of() {
  static const auto fingerprint = fingerprint_of(::capnp::Schema::from<T>());
  return fingerprint;
}

/// Reads one single-segment body under the limits that keep hostile bytes cheap: at most twice its
/// own size is traversed, nesting ends at 32. Does not own the words. Throws what Cap'n Proto
/// throws when the pointers are damaged: the caller of user code catches it in one place.
class body_reader {
 public:
  explicit body_reader(body_view body)
      : segment_(reinterpret_cast<const ::capnp::word*>(body.data()), body.size()),
        message_(kj::arrayPtr(&segment_, 1), options(body.size())) {}
  body_reader(const body_reader&) = delete;
  body_reader& operator=(const body_reader&) = delete;

  template <schema_struct T>
  [[nodiscard]] typename T::Reader root() {
    return message_.getRoot<T>();
  }
  /// The root without its type: to copy a message.
  [[nodiscard]] ::capnp::AnyPointer::Reader root_pointer() {
    return message_.getRoot<::capnp::AnyPointer>();
  }

 private:
  static ::capnp::ReaderOptions options(std::size_t words) {
    return {.traversalLimitInWords = words * 2 + 64, .nestingLimit = 32};
  }

  kj::ArrayPtr<const ::capnp::word> segment_;
  ::capnp::SegmentArrayMessageReader message_;
};

/// An owned message, for example the answer to a query: `answer->getCents()`.
template <schema_struct T>
class owned {
 public:
  explicit owned(std::vector<word> words) : content_(std::make_shared<content>(std::move(words))) {}

  [[nodiscard]] typename T::Reader operator*() const { return content_->root; }
  [[nodiscard]] const typename T::Reader* operator->() const { return &content_->root; }
  [[nodiscard]] body_view words() const { return content_->words; }

 private:
  struct content {
    explicit content(std::vector<word> w)
        : words(std::move(w)), reader(words), root(reader.root<T>()) {}
    std::vector<word> words;
    body_reader reader;
    typename T::Reader root;
  };
  std::shared_ptr<content> content_;
};

/// Builds a message in memory that is reused, and hands it out as one segment.
/// Not thread-safe: one owner each.
class message_scratch {
 public:
  message_scratch();
  ~message_scratch();
  message_scratch(message_scratch&&) noexcept;
  message_scratch& operator=(message_scratch&&) noexcept;

  /// An empty message; whatever was built before is gone, and readers of it are void.
  [[nodiscard]] ::capnp::MessageBuilder& begin();
  /// Appends the message's words as one segment and returns how many. Ends the message.
  std::uint32_t finish(std::vector<word>& out);

 private:
  class builder;
  std::unique_ptr<builder> builder_;
};

namespace detail {

/// The thread's own scratch, or a new one when that is in use.
class borrowed_scratch {
 public:
  borrowed_scratch();
  borrowed_scratch(const borrowed_scratch&) = delete;
  borrowed_scratch& operator=(const borrowed_scratch&) = delete;
  ~borrowed_scratch();
  message_scratch* operator->() noexcept { return lent_; }

 private:
  std::optional<message_scratch> new_;
  message_scratch* lent_;
};

}  // namespace detail

/// One message from start to end: `auto words = build<Deposit>([](auto c) { c.setCents(5); });`
/// `fill` may build other messages meanwhile.
template <schema_struct T, class Fill>
[[nodiscard]] std::vector<word> build(Fill&& fill) {
  detail::borrowed_scratch scratch;
  std::forward<Fill>(fill)(scratch->begin().template initRoot<T>());
  std::vector<word> words;
  scratch->finish(words);
  return words;
}

}  // namespace fasti
