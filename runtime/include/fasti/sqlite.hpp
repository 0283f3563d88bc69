#pragma once
/// Tables in SQLite that are kept up to date with the journal, for reports and for other programs.
/// Link `fasti::sqlite`.
///
///     struct turnover {
///       static constexpr auto name = "turnover";
///       using events = fasti::types<Deposited, Withdrawn>;
///
///       static void create(fasti::sqlite::database& in) {
///         in.run("create table turnover(day integer primary key, cents integer not null)");
///       }
///       void apply(Deposited::Reader e, const fasti::recorded_event& at,
///                  fasti::sqlite::database& to) {
///         to.run("insert into turnover values(?1, ?2)"
///                " on conflict(day) do update set cents = cents + excluded.cents",
///                day_of(at.time), e.getCents());
///       }
///       …
///     };
///
///     auto reports = fasti::sqlite::sink_of<turnover>({.path = "reports.db"});
///     if (!reports) …                             // reports.error() says what and what now
///     rt.add_sink(*std::move(reports));
///
/// A batch of events and its checkpoint are one transaction: each event is in the tables exactly
/// once, also after a kill (P9). So `apply` leaves `begin` and `commit` to fasti, keeps all state
/// in the tables, and does nothing that a rollback does not undo. What it throws rolls the batch
/// back; the sink then tries again or stops, as `sink_options::on_failure` says.
///
/// The file is in WAL mode, synced at every commit; others may read it meanwhile, with any tool.
/// Several projections may share a file. A file follows one journal: the checkpoint says which.

#include <array>
#include <chrono>
#include <functional>
#include <span>
#include <tuple>
#include <utility>
#include <variant>

#include "fasti/detail/port.hpp"
#include "fasti/sink.hpp"

namespace fasti::sqlite {

struct database_options {
  std::string path = {};  ///< The file; made when it is not there. Its folder must be.
  /// So long one who writes waits for another; then it is `unavailable` ("database-locked").
  std::chrono::milliseconds busy_timeout = std::chrono::seconds{5};
  /// Statements that are kept prepared; at it all go, and are prepared again.
  std::size_t statements_max = 64;
};

/// What SQLite says no to. Thrown by `database`; may be caught in `apply`: a statement that failed
/// has changed nothing.
class failure : public std::exception {
 public:
  explicit failure(error why) : why_(std::move(why)), text_(why_.to_string()) {}
  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }
  /// `unavailable`: "database-locked", "disk-full", "database-io"; `corrupt`: "database-damaged";
  /// `invalid`: "constraint-violated", "statement-failed", "wrong-column", "cannot-open", …
  [[nodiscard]] const error& why() const noexcept { return why_; }

 private:
  error why_;
  std::string text_;
};

namespace detail {

class connection;

/// What goes into a statement or comes out of it. Texts and blobs are not owned.
using value = std::variant<std::nullptr_t, std::int64_t, double, std::string_view,
                           std::span<const std::byte>>;

using row_visitor = std::function<void(std::span<const value>)>;

[[noreturn]] void wrong_column(std::size_t column, const char* wanted);
[[noreturn]] void too_large(std::uint64_t n);

// Cap'n Proto's texts and data.
template <class T>
concept has_text = requires(const T& t) {
  { t.cStr() } -> std::convertible_to<const char*>;
  { t.size() } -> std::convertible_to<std::size_t>;
};

template <class T>
concept has_bytes = requires(const T& t) {
  { t.begin() } -> std::convertible_to<const unsigned char*>;
  { t.size() } -> std::convertible_to<std::size_t>;
};

template <class T>
[[nodiscard]] value value_of(const T& from) {
  if constexpr (std::is_same_v<T, std::nullptr_t> || std::is_same_v<T, std::nullopt_t>) {
    return nullptr;
  } else if constexpr (std::is_same_v<T, bool>) {
    return std::int64_t{from ? 1 : 0};
  } else if constexpr (std::is_integral_v<T>) {
    if (!std::in_range<std::int64_t>(from)) too_large(static_cast<std::uint64_t>(from));
    return static_cast<std::int64_t>(from);
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<double>(from);
  } else if constexpr (has_text<T>) {
    return std::string_view(from.cStr(), from.size());
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return std::string_view(from);
  } else if constexpr (has_bytes<T>) {
    return std::as_bytes(std::span(from.begin(), from.size()));
  } else {
    return std::span<const std::byte>(from);
  }
}
template <class T>
[[nodiscard]] value value_of(const std::optional<T>& from) {
  return from ? value_of(*from) : value(nullptr);
}

/// A column as a `T`.
template <class T>
struct column {
  static T of(const value& from, std::size_t at) {
    if constexpr (std::is_integral_v<T>) {
      if (const auto* n = std::get_if<std::int64_t>(&from)) {
        if constexpr (std::is_same_v<T, bool>) {
          return *n != 0;
        } else if (std::in_range<T>(*n)) {
          return static_cast<T>(*n);
        }
      }
      wrong_column(at, "an integer that fits");
    } else if constexpr (std::is_floating_point_v<T>) {
      if (const auto* n = std::get_if<std::int64_t>(&from)) return static_cast<T>(*n);
      if (const auto* x = std::get_if<double>(&from)) return static_cast<T>(*x);
      wrong_column(at, "a number");
    } else if constexpr (std::is_same_v<T, std::string>) {
      if (const auto* text = std::get_if<std::string_view>(&from)) return T(*text);
      wrong_column(at, "a text");
    } else {
      static_assert(std::is_same_v<T, std::vector<std::byte>>,
                    "a column is a number, std::string, std::vector<std::byte> or an optional one");
      const auto* bytes = std::get_if<std::span<const std::byte>>(&from);
      if (bytes != nullptr) return T(bytes->begin(), bytes->end());
      wrong_column(at, "a blob");
    }
  }
};
template <class T>
struct column<std::optional<T>> {
  static std::optional<T> of(const value& from, std::size_t at) {
    if (std::holds_alternative<std::nullptr_t>(from)) return std::nullopt;
    return column<T>::of(from, at);
  }
};

}  // namespace detail

/// The tables, inside of fasti's transaction. Statements are one each, prepared once and kept by
/// their text: write values as `?1`, `?2`, …, not into it. Bound are numbers, `bool`, texts (also
/// Cap'n Proto's), blobs (what converts to `std::span<const std::byte>`), optional ones of these,
/// and `nullptr`. All functions throw `failure`.
class database {
 public:
  explicit database(detail::connection& c) : connection_(c) {}
  database(const database&) = delete;
  database& operator=(const database&) = delete;

  /// Runs a statement; how many rows it has changed, if it is one that changes rows.
  template <class... Values>
  std::uint64_t run(std::string_view sql, const Values&... values) {
    const std::array<detail::value, sizeof...(Values)> bound{detail::value_of(values)...};
    return run_with(sql, bound);
  }
  /// All rows of an answer, in memory:
  ///
  ///     for (const auto& [day, cents] : to.query<int, std::int64_t>("select day, cents from …"))
  template <class... Columns, class... Values>
  [[nodiscard]] std::vector<std::tuple<Columns...>> query(std::string_view sql,
                                                          const Values&... values) {
    const std::array<detail::value, sizeof...(Values)> bound{detail::value_of(values)...};
    std::vector<std::tuple<Columns...>> rows;
    query_with(sql, bound, sizeof...(Columns), [&rows](std::span<const detail::value> row) {
      rows.push_back(row_of<Columns...>(row, std::index_sequence_for<Columns...>()));
    });
    return rows;
  }

 private:
  template <class... Columns, std::size_t... At>
  static std::tuple<Columns...> row_of(std::span<const detail::value> row,
                                       std::index_sequence<At...>) {
    return {detail::column<Columns>::of(row[At], At)...};
  }
  std::uint64_t run_with(std::string_view sql, std::span<const detail::value> values);
  void query_with(std::string_view sql, std::span<const detail::value> values, std::size_t columns,
                  const detail::row_visitor& visitor);

  detail::connection& connection_;
};

/// Never defined: the compiler's first line names what a type lacks.
namespace missing {
template <class Projection>
struct name;  ///< static constexpr auto name = "…";
template <class Projection, class Event>
struct apply;  ///< void apply(Event::Reader, const fasti::recorded_event&,
               ///< fasti::sqlite::database&)
template <class Projection>
struct create;  ///< static void create(fasti::sqlite::database&)
template <class Projection>
struct drop;  ///< static void drop(fasti::sqlite::database&)
}  // namespace missing

namespace detail {

template <class P, class Event>
concept applies = requires(P p, typename Event::Reader e, const recorded_event& at, database& to) {
  { p.apply(e, at, to) } -> std::same_as<void>;
};

/// A user's projection at work. User code is called in here, and may throw.
class projection {
 public:
  virtual ~projection() = default;
  virtual void apply(const recorded_event& event, database& to) = 0;
};

template <class P>
class projection_of final : public projection {
 public:
  void apply(const recorded_event& event, database& to) override {
    body_reader reader(event.body);
    auto call = [&]<class E>() { projection_.apply(reader.root<E>(), event, to); };
    if (!fasti::detail::for_type(typename P::events{}, event.type, call)) {
      throw fasti::detail::unknown_type(event.type);
    }
  }

 private:
  P projection_{};
};

struct projection_port {
  std::string name;
  std::vector<fasti::detail::named_type> events;
  std::function<void(database&)> create;
  std::function<std::unique_ptr<projection>()> make;
};

template <class P, class Event>
consteval void check_apply() {
  if constexpr (!applies<P, Event>) (void)sizeof(missing::apply<P, Event>);
}
template <class P, class... Events>
consteval void check(types<Events...>) {
  if constexpr (!fasti::detail::has_name<P>) (void)sizeof(missing::name<P>);
  (check_apply<P, Events>(), ...);
  if constexpr (!requires(database & in) { P::create(in); }) (void)sizeof(missing::create<P>);
}

template <class P>
[[nodiscard]] projection_port port_of() {
  check<P>(typename P::events{});
  return {P::name, fasti::detail::names_of(typename P::events{}), &P::create,
          [] { return std::make_unique<projection_of<P>>(); }};
}

[[nodiscard]] result<std::unique_ptr<sink>> open_sink(projection_port port,
                                                      const database_options& options);
[[nodiscard]] result<void> start_over(const projection_port& port,
                                      const std::function<void(database&)>& drop,
                                      const database_options& options);

}  // namespace detail

/// A sink whose tables `Projection` keeps; for `runtime::add_sink`. Opens the file, and makes the
/// tables if the projection has no checkpoint in it. Errors: those of `failure`; what `create`
/// threw: `invalid` ("create-failed").
template <class Projection>
[[nodiscard]] result<std::unique_ptr<sink>> sink_of(const database_options& options) {
  return detail::open_sink(detail::port_of<Projection>(), options);
}

/// Lets a projection begin anew: its `static void drop(database&)`, if it has tables there, then
/// `create`, and its checkpoint is gone, all in one transaction; the next sink folds everything
/// again. A sink that is at work on them meanwhile fails ("checkpoint-moved") and, if it has a try
/// left, begins anew, too. Errors: those of `sink_of`, with "start-over-failed" for what is thrown.
/// (A file with one projection may as well be deleted.)
template <class Projection>
[[nodiscard]] result<void> start_over(const database_options& options) {
  if constexpr (!requires(database & in) { Projection::drop(in); }) {
    (void)sizeof(missing::drop<Projection>);
  } else {
    return detail::start_over(detail::port_of<Projection>(), &Projection::drop, options);
  }
}

}  // namespace fasti::sqlite
