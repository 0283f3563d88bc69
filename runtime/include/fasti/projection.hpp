#pragma once
/// A projection folds recorded events into a view: rows under keys, each a Cap'n Proto struct.
///
///     struct balances {
///       static constexpr auto name = "balances";
///       using events  = fasti::types<Deposited, Withdrawn>;
///       using row     = Balance;
///       using queries = fasti::types<Balance(GetBalance)>;     // reply(question)
///
///       void apply(Deposited::Reader e, const fasti::recorded_event& at, fasti::rows<row>& rows) {
///         auto balance = rows.at(at.key());                    // made when it is not there
///         balance.setCents(balance.getCents() + e.getCents());
///       }
///       fasti::decision answer(GetBalance::Reader q, const fasti::view<row>& view,
///                              Balance::Builder reply) const {
///         auto balance = view.find(q.getAccount());
///         if (!balance) return fasti::reject("no-such-account");
///         reply.setCents((**balance).getCents());
///         return fasti::accept();
///       }
///     };
///
/// Rows and checkpoint are written in one step: each event is in the view exactly once (P9). All
/// state belongs into the rows; members of the type itself do not survive a restart. A view can be
/// thrown away and rebuilt. `apply` and `answer` of one projection never run at the same time, nor
/// does `apply` with itself, unless it asks for that (`projection_options::lanes`). An exception
/// out of `apply` stops the projection at that event and is reported; nothing is skipped. (Or the
/// event is tried again, or parked: `fasti/parking.hpp`.)
///
/// Optional:
///
///     // Other keys that a row is found by, kept up to date with it; see `view::scan_by`.
///     static void keys_of(Balance::Reader row, std::string_view key, fasti::secondary_keys& out) {
///       out.add("by-branch", row.getBranch());
///     }
///     // Events whose order matters among each other; without it: those of one stream.
///     static std::string order_key(const fasti::recorded_event& e);
///     // How it is kept and what it does when it fails, if nobody says so when it is added.
///     static constexpr fasti::projection_options options{…};

#include <memory>
#include <optional>
#include <string_view>

#include "fasti/decider.hpp"
#include "fasti/parking.hpp"
#include "fasti/schema.hpp"
#include "fasti/stores.hpp"

namespace fasti {

/// Where a view is.
enum class view_place : std::uint8_t {
  stored,  ///< In fasti's store: it goes on behind its checkpoint.
  memory   ///< Gone with the runtime, folded anew by the next one.
};

struct projection_options {
  failure_policy on_failure = {};
  view_place kept = view_place::stored;
  /// So many threads (of `runtime_options::reader_threads`) apply events at the same time; worth it
  /// when `apply` takes longer than reading an event, some microseconds. Each lane has an object of
  /// the type and its own keys: events of one `order_key`, which the type must have, are applied in
  /// their order, by one lane. A row belongs to the events whose key is the same as its own up to
  /// the first '/'; `apply` throws when it touches another. Rows and checkpoint are written
  /// together as with one lane. May be changed from one start to the next.
  unsigned lanes = 1;
};
inline constexpr unsigned projection_lanes_max = 64;

/// Takes the other keys of a row.
class secondary_keys {
 public:
  /// `index` names a family of keys; several rows may have the same key in it, and one row several.
  /// For keys of several parts: `fasti/keys.hpp`.
  void add(std::string_view index, std::string_view key) { keys_.emplace_back(index, key); }
  using entry = std::pair<std::string, std::string>;
  [[nodiscard]] const std::vector<entry>& all() const noexcept { return keys_; }

 private:
  std::vector<entry> keys_;
};

namespace detail {

/// Rows of one view behind their types, for reading.
class row_reader {
 public:
  using scan_visitor = std::function<bool(std::string_view key, body_view row)>;

  virtual ~row_reader() = default;
  [[nodiscard]] virtual std::optional<std::vector<word>> read(std::string_view key) const = 0;
  virtual void scan(const key_range& range, const scan_visitor& visitor) const = 0;
  virtual void scan_by(std::string_view index, const key_range& range,
                       const scan_visitor& visitor) const = 0;
};

/// … and for change: what is in the store, under the changes of this batch.
class row_set : public row_reader {
 public:
  using message = ::capnp::MessageBuilder;
  /// The row for change, if there is one.
  virtual message* find(std::string_view key) = 0;
  /// A new, empty row for change, in place of what was there.
  virtual message& make(std::string_view key) = 0;
  virtual void erase(std::string_view key) = 0;
};

}  // namespace detail

/// The rows of a view, for change. Builders live until `apply` returns. A key is any bytes that do
/// not begin with 0xff: such rows are fasti's own.
template <schema_struct Row>
class rows {
 public:
  explicit rows(detail::row_set& set) : set_(set) {}

  /// The row under `key`; made with its default values when it is not there.
  typename Row::Builder at(std::string_view key) {
    if (auto* found = set_.find(key)) return found->template getRoot<Row>();
    return set_.make(key).template initRoot<Row>();
  }
  [[nodiscard]] std::optional<typename Row::Builder> find(std::string_view key) {
    auto* found = set_.find(key);
    if (found == nullptr) return std::nullopt;
    return found->template getRoot<Row>();
  }
  void erase(std::string_view key) { set_.erase(key); }

 private:
  detail::row_set& set_;
};

/// The rows of a view, for reading: exactly what the events up to its checkpoint made.
template <schema_struct Row>
class view {
 public:
  explicit view(const detail::row_reader& set) : set_(set) {}

  [[nodiscard]] std::optional<owned<Row>> find(std::string_view key) const {
    auto words = set_.read(key);
    if (!words) return std::nullopt;
    return owned<Row>(*std::move(words));
  }
  /// `visitor(key, row)` for each row of the range, in the order of the bytes of their keys; a
  /// visitor that returns false ends the walk.
  template <class Visitor>
  void scan(const key_range& range, Visitor&& visitor) const {
    set_.scan(range, typed(visitor));
  }
  /// … whose key begins with `prefix`.
  template <class Visitor>
  void scan(std::string_view prefix, Visitor&& visitor) const {
    scan(key_range{.prefix = prefix}, std::forward<Visitor>(visitor));
  }
  /// The range is one of the secondary keys in `index`; the visitor gets the row and its own key.
  /// Rows with the same secondary key come in the order of their own. Cost: a look-up for each row.
  template <class Visitor>
  void scan_by(std::string_view index, const key_range& range, Visitor&& visitor) const {
    set_.scan_by(index, range, typed(visitor));
  }

 private:
  template <class Visitor>
  [[nodiscard]] static detail::row_reader::scan_visitor typed(Visitor& visitor) {
    return [&visitor](std::string_view key, body_view words) {
      body_reader reader(words);
      if constexpr (std::is_void_v<decltype(visitor(key, reader.root<Row>()))>) {
        visitor(key, reader.root<Row>());
        return true;
      } else {
        return static_cast<bool>(visitor(key, reader.root<Row>()));
      }
    };
  }

  const detail::row_reader& set_;
};

namespace detail {

template <class Projection, class Event>
concept applies = requires(Projection p, typename Event::Reader e, const recorded_event& at,
                           rows<typename Projection::row>& r) {
  { p.apply(e, at, r) } -> std::same_as<void>;
};
template <class Projection, class Reply, class Query>
concept answers_from_view = requires(const Projection p, typename Query::Reader q,
                                     const view<typename Projection::row>& v,
                                     typename Reply::Builder r) {
  { p.answer(q, v, r) } -> std::same_as<decision>;
};

template <class Projection>
concept has_secondary_keys = requires(typename Projection::row::Reader row, secondary_keys& out) {
  Projection::keys_of(row, std::string_view(), out);
};
template <class Projection>
concept has_order_key = requires(const recorded_event& e) {
  { Projection::order_key(e) } -> std::convertible_to<std::string>;
};
template <class Projection>
concept has_options = requires {
  { Projection::options } -> std::convertible_to<projection_options>;
};

/// What it says of itself, or the defaults.
template <class Projection>
[[nodiscard]] projection_options options_of() {
  if constexpr (has_options<Projection>) {
    return Projection::options;
  } else {
    return {};
  }
}

}  // namespace detail
}  // namespace fasti
