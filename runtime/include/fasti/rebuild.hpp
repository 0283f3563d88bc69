#pragma once
/// A view that is folded anew beside the one that serves, and takes its place.
///
///     auto again = rt.rebuild<balances>({.then = fasti::when_caught_up::wait});
///     again->wait(10min);
///     auto differs = again->compare([](std::string_view key, auto serving, auto rebuilt) { … });
///     if (differs->rows() == 0) again->switch_over();  else  again->cancel();
///
/// The old view serves all the time and goes on following the journal; from one answer to the next
/// the new one is there. A rebuild outlives the process: it goes on behind its checkpoint when the
/// projection is added again. Folding has no effects but rows, so a replay can have none either.
/// (Blue and green, as with deployments.)

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "fasti/projection.hpp"
#include "fasti/result.hpp"
#include "fasti/subscription.hpp"

namespace fasti {

enum class when_caught_up : std::uint8_t {
  switch_over,  ///< It takes the old one's place by itself.
  wait          ///< It goes on following the journal until it is switched to or cancelled.
};

struct rebuild_options {
  /// Events before this are left out: a view that is to show less than the whole history.
  start_at from = start_at::beginning();
  when_caught_up then = when_caught_up::switch_over;
};

enum class rebuild_phase : std::uint8_t { folding, caught_up, switched_over, cancelled, failed };

struct rebuild_status {
  rebuild_phase phase = rebuild_phase::folding;
  position behind{};  ///< It began behind this.
  position at{};      ///< It has folded up to here …
  position goal{};    ///< … and has caught up when it is here, which the journal moves on.
  std::size_t parked = 0;
  std::optional<error> failure;  ///< Why it failed: the old view stays as it is.
};

/// How two folds of the same events differ.
struct view_difference {
  position as_of{};            ///< Both, exactly.
  std::uint64_t same = 0;      ///< Rows that are in both, byte by byte.
  std::uint64_t changed = 0;   ///< In both, with other contents.
  std::uint64_t only_old = 0;  ///< In the one that serves only.
  std::uint64_t only_new = 0;  ///< In the rebuilt one only.

  [[nodiscard]] std::uint64_t rows() const noexcept { return changed + only_old + only_new; }
};

namespace detail {

/// What a handle asks of its rebuild.
class rebuild_control {
 public:
  /// Called for each row that differs; an empty view stands for none. False ends the walk.
  using visitor = std::function<bool(std::string_view key, body_view serving, body_view rebuilt)>;

  virtual ~rebuild_control() = default;
  [[nodiscard]] virtual rebuild_status status() const = 0;
  [[nodiscard]] virtual result<rebuild_status> wait(std::chrono::milliseconds at_most) const = 0;
  [[nodiscard]] virtual result<view_difference> compare(const visitor& visit) = 0;
  virtual result<void> switch_over() = 0;
  virtual result<void> cancel() = 0;
};

}  // namespace detail

/// A handle; its end changes nothing. May outlive the runtime: its functions then answer `closed`.
/// Any thread.
template <schema_struct Row>
class view_rebuild {
 public:
  explicit view_rebuild(std::shared_ptr<detail::rebuild_control> of) : of_(std::move(of)) {}

  [[nodiscard]] rebuild_status status() const { return of_->status(); }
  /// Waits until it is not folding any more, whatever that came to. Errors: `unavailable`
  /// ("still-folding") when the time is up, `closed`. Blocks; not from a callback.
  [[nodiscard]] result<rebuild_status> wait(std::chrono::milliseconds at_most) const {
    return of_->wait(at_most);
  }
  /// Holds both views against each other as they are at one position. `visitor(key, serving,
  /// rebuilt)` is called for each row that differs, in the order of the keys, with
  /// `std::optional<Row::Reader>`s; a visitor that returns false ends it. Reads both views whole,
  /// on this thread, from a snapshot: they go on meanwhile. Errors: `conflict` ("not-caught-up"),
  /// what the store says.
  template <class Visitor>
  [[nodiscard]] result<view_difference> compare(Visitor&& visitor) {
    return of_->compare([&visitor](std::string_view key, body_view serving, body_view rebuilt) {
      std::optional<body_reader> readers[2];
      const auto row_in = [](std::optional<body_reader>& reader, body_view words) {
        if (words.empty()) return std::optional<typename Row::Reader>();
        return std::optional(reader.emplace(words).template root<Row>());
      };
      const auto before = row_in(readers[0], serving);
      const auto after = row_in(readers[1], rebuilt);
      if constexpr (std::is_void_v<decltype(visitor(key, before, after))>) {
        visitor(key, before, after);
        return true;
      } else {
        return static_cast<bool>(visitor(key, before, after));
      }
    });
  }
  /// … without looking at single rows.
  [[nodiscard]] result<view_difference> compare() {
    return of_->compare([](std::string_view, body_view, body_view) { return true; });
  }
  /// From now on this one serves; the old one is removed. Atomic, also across a crash. Errors:
  /// `conflict` ("not-caught-up", "rebuild-over").
  [[nodiscard]] result<void> switch_over() { return of_->switch_over(); }
  /// The old one stays; what was folded is removed. Errors: `conflict` ("rebuild-over").
  [[nodiscard]] result<void> cancel() { return of_->cancel(); }

 private:
  std::shared_ptr<detail::rebuild_control> of_;
};

}  // namespace fasti
