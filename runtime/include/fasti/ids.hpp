#pragma once
/// Names and numbers of the journal, each a type of its own: a position cannot be passed where a
/// version is wanted. All are plain values.

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>

#include "fasti/result.hpp"

namespace fasti {

/// How many events a **stream** has: 0 = none yet, the first event makes it 1.
enum class version : std::uint64_t {};
/// Place in the journal's **global**, gap-free order: the first event has position 1.
enum class position : std::uint64_t {};
/// Fencing number of a shard's owner; a lower one cannot append. A LevelDB journal has epoch 1.
enum class epoch : std::uint64_t {};
/// A fixed slice of the streams, the unit of ownership in a cluster. A LevelDB journal has shard 0.
enum class shard_id : std::uint32_t {};
/// The 64-bit id of a Cap'n Proto struct (`@0x…`): the stable key of a type; its name may change.
enum class type_id : std::uint64_t {};
/// What a struct's schema says about the words of its messages, as a number; see `fingerprint_of`.
enum class schema_fingerprint : std::uint64_t {};

template <class Number>
requires std::is_enum_v<Number>
[[nodiscard]] constexpr auto count_of(Number n) noexcept {
  return static_cast<std::underlying_type_t<Number>>(n);
}
[[nodiscard]] constexpr version next(version v) noexcept { return version{count_of(v) + 1}; }
[[nodiscard]] constexpr position next(position p) noexcept { return position{count_of(p) + 1}; }

inline constexpr version no_version{0};
inline constexpr version latest_version{std::numeric_limits<std::uint64_t>::max()};
inline constexpr position no_position{0};
inline constexpr position latest_position{std::numeric_limits<std::uint64_t>::max()};

/// The ordered events of one aggregate: `category-key`, for example `account-4711`. The category
/// ends at the **first** dash; the key is any bytes but may not be empty. At most `bytes_max` long.
class stream_id {
 public:
  static constexpr std::size_t bytes_max = 512;

  stream_id() = default;

  /// Errors: `invalid` when there is no category, no dash, no key, or the text is too long.
  [[nodiscard]] static result<stream_id> parse(std::string_view text);
  /// Precondition (asserted): the parts are not empty, `category` has no dash, it all fits.
  [[nodiscard]] static stream_id of(std::string_view category, std::string_view key);

  [[nodiscard]] std::string_view text() const noexcept { return text_; }
  [[nodiscard]] std::string_view category() const noexcept;
  [[nodiscard]] std::string_view key() const noexcept;
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

  friend auto operator<=>(const stream_id&, const stream_id&) = default;

 private:
  explicit stream_id(std::string&& text) : text_(std::move(text)) {}
  std::string text_;
};

/// 128 bits that name one command, event or journal. Zero means "none".
struct unique_id {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  [[nodiscard]] bool is_none() const noexcept { return high == 0 && low == 0; }
  /// 32 hexadecimal digits.
  [[nodiscard]] std::string to_string() const;
  /// A fresh id: random in its low half, rising with time in its high half (the layout of a
  /// UUIDv7). Thread-safe; some 20 ns.
  [[nodiscard]] static unique_id generate() noexcept;
  /// The same text always gives the same id: for commands that carry a name of their own, such as
  /// a bank's transaction id. (XXH3, 128 bits: not meant against an attacker.)
  [[nodiscard]] static unique_id of(std::string_view text) noexcept;

  friend auto operator<=>(const unique_id&, const unique_id&) = default;
};

/// Names one command; the key of "at most one effect" (P8).
struct command_id : unique_id {
  [[nodiscard]] static command_id generate() noexcept { return {unique_id::generate()}; }
  [[nodiscard]] static command_id of(std::string_view text) noexcept {
    return {unique_id::of(text)};
  }
};

/// Nanoseconds since 1970-01-01 UTC. Order never depends on it: positions order events.
using timestamp = std::chrono::sys_time<std::chrono::nanoseconds>;

/// Precondition of an append. `any` must be written out: forgetting a check is not an option.
class expected_version {
 public:
  [[nodiscard]] static constexpr expected_version exactly(version v) noexcept { return {v, false}; }
  [[nodiscard]] static constexpr expected_version no_stream() noexcept { return {{}, false}; }
  [[nodiscard]] static constexpr expected_version any() noexcept { return {{}, true}; }

  [[nodiscard]] constexpr bool accepts(version actual) const noexcept {
    return any_ || actual == version_;
  }
  [[nodiscard]] std::string to_string() const;

 private:
  constexpr expected_version(version v, bool any) noexcept : version_(v), any_(any) {}
  version version_{};
  bool any_ = false;
};

/// A Cap'n Proto message's words belong to 8-byte aligned memory; this is its size.
inline constexpr std::size_t word_bytes = 8;

}  // namespace fasti

template <>
struct std::hash<fasti::unique_id> {
  std::size_t operator()(const fasti::unique_id& id) const noexcept {
    return static_cast<std::size_t>(id.high ^ (id.low * 0x9e3779b97f4a7c15ULL));
  }
};
template <>
struct std::hash<fasti::command_id> : std::hash<fasti::unique_id> {};
template <>
struct std::hash<fasti::stream_id> {
  // Not noexcept, though it is: g++'s library then keeps the hashes of such keys in its tables, and
  // does not read other keys on its way to the one that it looks for.
  std::size_t operator()(const fasti::stream_id& id) const {
    return std::hash<std::string_view>{}(id.text());
  }
};
