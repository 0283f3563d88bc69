#pragma once
/// What was drawn for a command, kept as a tree: a message is written from it, and a simpler tree
/// gives a simpler message. Every tree can be written; what does not fit the schema any more, as
/// behind a union that has another choice now, is taken for the simplest value.

#include <capnp/dynamic.h>
#include <capnp/schema.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "fasti/testing/histories.hpp"

namespace fasti::testing::detail {

struct draw {
  enum class kind : std::uint8_t {
    number,  ///< Also yes or no, the place of an enumerant or of a union's choice, a float.
    text,
    data,
    list,   ///< `parts` are its elements.
    fields  ///< `parts` are a struct's: outside its union, then which of the union, then that one.
  };
  kind what = kind::number;
  bool is_negative = false;
  std::uint64_t magnitude = 0;
  std::u32string symbols = {};  ///< Characters or bytes.
  std::vector<draw> parts = {};

  friend bool operator==(const draw&, const draw&) = default;
};

/// The numbers of one type, as the bits of 64.
struct number_range {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  bool is_signed = false;
};
/// The number, or the nearest one in the range.
[[nodiscard]] std::uint64_t bits_of(const draw& number, const number_range& range);

/// Draws fresh values. The values of one history, from first to last, come from one of these.
class source {
 public:
  /// `next` gives 64 random bits. `size`: 0 … 100, how large small numbers may be.
  source(std::function<std::uint64_t()> next, int size, const histories_options& limits)
      : next_(std::move(next)), size_(size), limits_(limits) {}

  [[nodiscard]] draw number(const number_range& range);
  [[nodiscard]] draw text();
  [[nodiscard]] draw fields(::capnp::StructSchema schema) { return fields(schema, 0); }
  /// What a history has come to: numbers and texts that commands may meet again.
  void see(::capnp::DynamicStruct::Reader happened) { collect(happened, numbers_); }
  /// … and what is so now, in place of what was so before.
  void see_state(::capnp::DynamicStruct::Reader state) {
    state_numbers_.clear();
    collect(state, state_numbers_);
  }
  /// Less than `n`, all alike.
  [[nodiscard]] std::uint64_t below(std::uint64_t n) { return next_() % n; }

 private:
  [[nodiscard]] draw fields(::capnp::StructSchema schema, std::size_t depth);
  [[nodiscard]] draw field(::capnp::StructSchema::Field field, std::size_t depth);
  [[nodiscard]] draw value(::capnp::Type type, std::size_t depth);
  [[nodiscard]] draw list(::capnp::Type element, std::size_t depth);
  [[nodiscard]] draw data();
  [[nodiscard]] draw floating();
  void collect(const ::capnp::DynamicValue::Reader& from, std::vector<draw>& numbers);
  [[nodiscard]] draw any_seen();
  [[nodiscard]] draw near_seen();
  [[nodiscard]] std::uint64_t fresh_number(const number_range& range);
  [[nodiscard]] std::u32string fresh_text();

  std::function<std::uint64_t()> next_;
  int size_;
  const histories_options& limits_;
  std::vector<draw> numbers_;  // seen in this history
  std::vector<draw> state_numbers_;
  std::vector<draw> texts_;
};

void write(const draw& fields, ::capnp::DynamicStruct::Builder into);
/// Its characters as UTF-8.
[[nodiscard]] std::string text_of(const draw& text);

/// Behind the dice: gives out what was drawn before, and draws anew where there is nothing yet.
class drawing {
 public:
  /// Without a source what is not there is the simplest value.
  drawing(std::vector<draw>& drawn, source* fresh) noexcept : drawn_(drawn), fresh_(fresh) {}

  template <class Draw>
  const draw& next(draw::kind what, Draw&& fresh) {
    if (at_ == drawn_.size()) {
      drawn_.push_back(fresh_ != nullptr ? fresh(*fresh_) : draw{.what = what});
    }
    const auto& d = drawn_[at_++];
    return d.what == what ? d : simplest_;
  }

 private:
  std::vector<draw>& drawn_;
  source* fresh_;
  std::size_t at_ = 0;
  const draw simplest_{};
};

}  // namespace fasti::testing::detail
