#pragma once
/// `result<T>`: a value, or an `error` that says what to do now.
///
///     fasti::result<receipt> r = rt.send<Deposit>(…).get();
///     if (!r) return complain(r.error());
///     use(r->version);
///
/// Spelled like C++23's `std::expected`, so that moving there is a rename. Nothing in fasti throws
/// for an error that can happen; an exception is a bug, of ours or of the caller's code.

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace fasti {

/// What the caller can do next; the only thing a program should branch on.
/// (The idea of naming errors by the next step is KJ's.)
enum class errc : std::uint8_t {
  rejected = 1,  ///< A rule of the domain said no. Certainly not stored. Tell the user.
  conflict,  ///< The expected version did not hold. Certainly not stored. Look again, then retry.
  unavailable,  ///< A limit is reached or a part is starting. Certainly not stored. Retry later.
  unknown,      ///< May or may not be stored. Ask again with the same command id.
  corrupt,      ///< Stored bytes are damaged. Nothing was returned as good. Tell the operator.
  invalid,      ///< The call itself is wrong: a bug or bad input of the caller. Mend, then retry.
  closed,       ///< The runtime or journal is closed. Certainly not stored. Open it again.
};

/// The stable name of a code, as it stands in logs and JSON: "rejected", "conflict", …
[[nodiscard]] std::string_view name_of(errc code) noexcept;

/// One sentence on what to do next, for people.
[[nodiscard]] std::string_view next_step(errc code) noexcept;

/// An error as a value: a code to branch on, a short stable `reason` for machines
/// ("insufficient-funds", "queue-full") and a `detail` for people (what and where).
struct error {
  errc code = errc::invalid;
  std::string reason;
  std::string detail;

  /// `code: reason: detail — next step`, on one line.
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const error&, const error&) = default;
};

namespace detail {
/// The bug of asking a result for what it does not hold ends the program, in release builds too.
[[noreturn]] void result_misused(const error* held) noexcept;
}  // namespace detail

template <class T>
class [[nodiscard]] result {
 public:
  using value_type = T;

  result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  result(fasti::error e) : state_(std::in_place_index<1>, std::move(e)) {}
  /// Of what converts to it, as `std::expected`.
  template <class U>
  requires(!std::same_as<U, T> && std::convertible_to<U, T> && !std::convertible_to<result<U>, T>)
      result(result<U> other)
      : result(other ? result(static_cast<T>(*std::move(other)))  // NOLINT(*-slicing): wanted
                     : result(std::move(other).error())) {}

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// Precondition of all of these: `has_value()`; asserted, also in release builds.
  T& value() & { return *checked(); }
  const T& value() const& { return *checked(); }
  T&& value() && { return std::move(*checked()); }
  T& operator*() & { return *checked(); }
  const T& operator*() const& { return *checked(); }
  T&& operator*() && { return std::move(*checked()); }
  T* operator->() { return checked(); }
  const T* operator->() const { return checked(); }

  /// Precondition: `!has_value()`.
  [[nodiscard]] const fasti::error& error() const& { return *checked_error(); }
  [[nodiscard]] fasti::error&& error() && {
    return std::move(const_cast<fasti::error&>(*checked_error()));
  }

  template <class U>
  [[nodiscard]] T value_or(U&& other) const& {
    return has_value() ? **this : static_cast<T>(std::forward<U>(other));
  }

 private:
  T* checked() { return const_cast<T*>(std::as_const(*this).checked()); }
  const T* checked() const {
    if (const T* held = std::get_if<0>(&state_)) return held;
    detail::result_misused(std::get_if<1>(&state_));
  }
  const fasti::error* checked_error() const {
    if (const auto* held = std::get_if<1>(&state_)) return held;
    detail::result_misused(nullptr);
  }

  std::variant<T, fasti::error> state_;
};

/// Done, or an error.
template <>
class [[nodiscard]] result<void> {
 public:
  using value_type = void;

  result() = default;
  result(fasti::error e) : error_(std::move(e)) {}

  [[nodiscard]] bool has_value() const noexcept { return !error_; }
  explicit operator bool() const noexcept { return has_value(); }

  /// Precondition: `!has_value()`.
  [[nodiscard]] const fasti::error& error() const& {
    if (!error_) detail::result_misused(nullptr);
    return *error_;
  }
  [[nodiscard]] fasti::error&& error() && {
    if (!error_) detail::result_misused(nullptr);
    return std::move(*error_);
  }

 private:
  std::optional<fasti::error> error_;
};

}  // namespace fasti
