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
/// thrown away and rebuilt. `apply` and `answer` of one projection never run at the same time. An
/// exception out of `apply` stops the projection at that event and is reported; nothing is skipped.

#include <memory>
#include <optional>
#include <string_view>

#include "fasti/decider.hpp"
#include "fasti/schema.hpp"

namespace fasti {

namespace detail {

/// Rows of one view behind their types: what is in the store, under the changes of this batch.
class row_set {
 public:
  virtual ~row_set() = default;
  using message = ::capnp::MessageBuilder;
  /// The row for change, if there is one.
  virtual message* find(std::string_view key) = 0;
  /// A new, empty row for change, in place of what was there.
  virtual message& make(std::string_view key) = 0;
  virtual void erase(std::string_view key) = 0;
  virtual std::optional<std::vector<word>> read(std::string_view key) const = 0;
  using scan_visitor = std::function<bool(std::string_view key, body_view row)>;
  virtual void scan(std::string_view prefix, const scan_visitor& visitor) const = 0;
};

}  // namespace detail

/// The rows of a view, for change. Builders live until `apply` returns.
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
  explicit view(const detail::row_set& set) : set_(set) {}

  [[nodiscard]] std::optional<owned<Row>> find(std::string_view key) const {
    auto words = set_.read(key);
    if (!words) return std::nullopt;
    return owned<Row>(*std::move(words));
  }
  /// `visitor(key, row)` for each row whose key begins with `prefix`, in the order of the keys;
  /// a visitor that returns false ends the walk.
  template <class Visitor>
  void scan(std::string_view prefix, Visitor&& visitor) const {
    set_.scan(prefix, [&visitor](std::string_view key, body_view words) {
      body_reader reader(words);
      if constexpr (std::is_void_v<decltype(visitor(key, reader.root<Row>()))>) {
        visitor(key, reader.root<Row>());
        return true;
      } else {
        return static_cast<bool>(visitor(key, reader.root<Row>()));
      }
    });
  }

 private:
  const detail::row_set& set_;
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

}  // namespace detail
}  // namespace fasti
