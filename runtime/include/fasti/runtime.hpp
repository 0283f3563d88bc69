#pragma once
/// The runtime: opens a journal, keeps aggregates and views alive over it, and is where commands
/// and queries go in. Start here.
///
///     auto rt = fasti::runtime::open<account, balances>(
///         {.path = "bank.fasti", .when_missing = fasti::when_missing::create});
///     if (!rt) …                                            // rt.error() says what and what now
///     auto receipt = rt->send<Deposit>("account-4711", [](auto c) { c.setCents(500); }).get();
///     auto balance = rt->query<balances, GetBalance>(
///         [](auto q) { q.setAccount("4711"); }, {.visible_at = receipt->position}).get();
///
/// Data goes one way: send → aggregate (fold, decide) → journal (one batch, one sync) → receipt →
/// bus → projection → view → query. All functions may be called from any thread, but `close` and
/// moving the object from one at a time.

#include <future>
#include <memory>

#include "fasti/detail/port.hpp"
#include "fasti/journal.hpp"
#include "fasti/options.hpp"
#include "fasti/past.hpp"
#include "fasti/process.hpp"
#include "fasti/rebuild.hpp"
#include "fasti/sink.hpp"
#include "fasti/stats.hpp"
#include "fasti/subscription.hpp"
#include "fasti/together.hpp"

namespace fasti {

/// When a query is answered.
struct query_options {
  /// Wait until the view has folded this position: `receipt.position` reads your own write.
  position visible_at = no_position;
  /// Limit of that wait; after it the query answers `unavailable` ("not-visible-in-time").
  std::chrono::milliseconds timeout = std::chrono::seconds{10};
  std::string principal = {};  ///< Who asks, for `runtime_options::authorise`.
};

/// What a view answered: `answer->getCents()`, and how much of the journal it had folded then.
template <schema_struct Reply>
struct view_answer : owned<Reply> {
  view_answer(owned<Reply> reply, position shown) : owned<Reply>(std::move(reply)), as_of(shown) {}
  position as_of{};
};

namespace detail {

/// `fasti/caf.hpp`'s way in.
struct runtime_access;

/// A command on its way in.
struct sent_command {
  std::string_view stream;
  std::string_view category;  ///< The stream's, if the sender said which; else empty.
  type_id type{};
  std::vector<word> body;
  command_origin origin;
  conditions under;
};
/// A query of an aggregate.
struct sent_query {
  std::string_view stream;
  type_id type{};
  std::vector<word> body;
  conditions under;
};

}  // namespace detail

using joint_callback = std::function<void(result<joint_receipt>)>;
using receipt_callback = std::function<void(result<receipt>)>;

/// What a command with a reply of its own leads to.
template <class Reply>
struct replied {
  fasti::receipt receipt;
  owned<Reply> reply;
};

namespace detail {
[[nodiscard]] error other_reply(const receipt& of, const std::string& expected);
}  // namespace detail

/// A receipt with the reply that its command declared. Errors: `invalid` ("other-reply") when it
/// has none, or another one.
template <schema_struct Reply>
[[nodiscard]] result<replied<Reply>> with_reply(receipt r) {
  if (r.reply.is_none() || r.reply.type != type_id_of<Reply>) {
    return detail::other_reply(r, type_name_of<Reply>());
  }
  owned<Reply> reply(std::move(r.reply.body));
  return replied<Reply>{std::move(r), std::move(reply)};
}

class runtime {
 public:
  /// Opens the journal at `options.path`, recovers it, and registers the given deciders and
  /// projections. Errors: `invalid` (options, no journal there), `unavailable` (another process has
  /// it), `corrupt` (what, where).
  template <class... DecidersAndProjections>
  [[nodiscard]] static result<runtime> open(runtime_options options) {
    return adding<DecidersAndProjections...>(open_node(std::move(options)));
  }

  runtime(runtime&&) noexcept;
  runtime& operator=(runtime&&) noexcept;
  ~runtime();  ///< Closes.

  /// Registers a decider (it has a `category`), a process manager (it `reacts_to` something, too)
  /// or a projection (it has a `name`); the latter two start at once behind their checkpoints.
  /// Errors: `invalid` when the name is taken or malformed, or when the view was folded from
  /// another journal.
  template <class T>
  [[nodiscard]] result<void> add() {
    if constexpr (detail::is_process<T>) {
      return add<T>(process_options{});
    } else if constexpr (detail::has_category<T>) {
      return add_decider(detail::port_of_decider<T>());
    } else if constexpr (detail::has_name<T>) {
      return add<T>(detail::options_of<T>());
    } else {
      (void)sizeof(missing::category_or_name<T>);
    }
  }
  /// … with other options than it has of itself.
  template <class Projection>
  requires detail::has_name<Projection>
  [[nodiscard]] result<void> add(const projection_options& options) {
    return add_projection(detail::port_of_projection<Projection>(), options);
  }

  /// … that begins somewhere else, if it is new to this journal, or goes on where it fails.
  template <class Process>
  requires detail::is_process<Process>
  [[nodiscard]] result<void> add(const process_options& options) {
    return add_process(detail::port_of_process<Process>(), options);
  }

  /// Sends a command to one stream. `fill` gets the command's Builder. The future holds a receipt
  /// when the command's events are durable (P1), or one of: `rejected`, `conflict`, `unavailable`,
  /// `invalid`, `closed` (all: certainly not stored) and `unknown` (ask again with the same
  /// `origin.id`, which then has at most one effect, P8).
  /// Cost: one message to the aggregate, one share of a group commit.
  template <schema_struct Command, class Fill>
  [[nodiscard]] std::future<result<receipt>> send(std::string_view stream, Fill&& fill,
                                                  command_origin origin = {},
                                                  conditions under = {}) {
    return promised<receipt>([&](auto callback) {
      send_then<Command>(stream, std::forward<Fill>(fill), std::move(callback), std::move(origin),
                         std::move(under));
    });
  }

  /// The same with a callback, which is called once, from a thread of the runtime's (or from this
  /// one, before `send_then` returns, when the command is refused at the door). It must be quick
  /// and must not block; it may send.
  template <schema_struct Command, class Fill>
  void send_then(std::string_view stream, Fill&& fill, receipt_callback callback,
                 command_origin origin = {}, conditions under = {}) {
    expect(stream);
    send_words({stream,
                {},
                type_id_of<Command>,
                build<Command>(std::forward<Fill>(fill)),
                std::move(origin),
                std::move(under)},
               std::move(callback));
  }

  /// The same for a command that its decider declared a reply for, `types<…,
  /// Withdrawal(Withdraw)>`:
  ///
  ///     auto done = rt.send<account, Withdraw>("account-4711", …).get();
  ///     if (done) std::cout << done->reply->getBalance();
  ///
  /// A repeat gets the first reply back, also after a crash; if nothing had to happen, so that
  /// nothing was stored, it is computed again. Errors: those of the others, and `invalid`:
  /// "other-category"; "other-reply" when the command was stored with another kind of reply, by
  /// another version of the program.
  template <class Decider, schema_struct Command, class Fill>
  requires detail::has_category<Decider>
  [[nodiscard]] auto send(std::string_view stream, Fill&& fill, command_origin origin = {},
                          conditions under = {}) {
    using reply = detail::reply_to_command<Decider, Command>;
    if constexpr (std::is_void_v<reply>) {
      (void)sizeof(missing::reply<Decider, Command>);
    } else {
      return promised<replied<reply>>([&](auto callback) {
        send_then<Decider, Command>(stream, std::forward<Fill>(fill), std::move(callback),
                                    std::move(origin), std::move(under));
      });
    }
  }

  /// `callback` takes a `result<replied<Reply>>`; the rest is as above.
  template <class Decider, schema_struct Command, class Fill, class Callback>
  requires detail::has_category<Decider>
  void send_then(std::string_view stream, Fill&& fill, Callback callback,
                 command_origin origin = {}, conditions under = {}) {
    using reply = detail::reply_to_command<Decider, Command>;
    if constexpr (std::is_void_v<reply>) {
      (void)sizeof(missing::reply<Decider, Command>);
    } else {
      expect(stream);
      send_words({stream, Decider::category, type_id_of<Command>,
                  build<Command>(std::forward<Fill>(fill)), std::move(origin), std::move(under)},
                 [callback = std::move(callback)](result<receipt> r) mutable {
                   using answer = result<replied<reply>>;
                   callback(r ? with_reply<reply>(*std::move(r)) : answer(std::move(r).error()));
                 });
    }
  }

  /// Commands to several aggregates that take effect together or not at all; when to use it, and
  /// when not, stands in `fasti/together.hpp`. One command a stream. A repeat with the same id gets
  /// the first outcome (P8). Errors: those of `send`, with a rejection's stream in its detail;
  /// `conflict` when others were faster again and again; `invalid`: "no-commands",
  /// "same-stream-twice", "other-category".
  /// Cost: reads each stream from its snapshot on, on a reader thread, then one commit.
  [[nodiscard]] std::future<result<joint_receipt>> send_together(
      std::vector<addressed_command> commands, command_origin origin = {}, conditions under = {});
  /// The same with a callback, which is called once, from a thread of the runtime's or this one.
  void send_together_then(std::vector<addressed_command> commands, joint_callback callback,
                          command_origin origin = {}, conditions under = {});

  /// Asks a view. Answers what the projection's `answer` gave, or its rejection.
  template <class Projection, schema_struct Query, class Fill>
  requires detail::has_name<Projection>
  [[nodiscard]] auto query(Fill&& fill, query_options options = {}) {
    using reply = detail::reply_of<Projection, Query>;
    if constexpr (std::is_void_v<reply>) {
      (void)sizeof(missing::answer<Projection, Query>);
    } else {
      return promised<view_answer<reply>>([&](auto callback) {
        query_then<Projection, Query>(std::forward<Fill>(fill), std::move(callback),
                                      std::move(options));
      });
    }
  }

  /// The same with a callback, which takes a `result<view_answer<Reply>>` and is called as that of
  /// `send_then`.
  template <class Projection, schema_struct Query, class Fill, class Callback>
  requires detail::has_name<Projection>
  void query_then(Fill&& fill, Callback callback, query_options options = {}) {
    using reply = detail::reply_of<Projection, Query>;
    if constexpr (std::is_void_v<reply>) {
      (void)sizeof(missing::answer<Projection, Query>);
    } else {
      query_view(Projection::name, type_id_of<Query>, build<Query>(std::forward<Fill>(fill)),
                 std::move(options),
                 [callback = std::move(callback)](result<detail::view_words> seen) mutable {
                   using answer = result<view_answer<reply>>;
                   callback(seen ? answer(view_answer<reply>(owned<reply>(std::move(seen->words)),
                                                             seen->as_of))
                                 : answer(std::move(seen).error()));
                 });
    }
  }

  /// Calls `look(const view<row>&)` on this thread with the view as it is at one position, and
  /// returns that: for queries that the projection does not answer, and for long ones. The view
  /// goes on meanwhile, and its store keeps what is looked at. Blocks until the position that the
  /// options ask for is visible; not from a callback. Errors: those of a query, `corrupt`
  /// ("row-damaged"). What `look` throws goes through.
  template <class Projection, class Look>
  requires detail::has_name<Projection>
  [[nodiscard]] result<position> read_view(Look&& look, query_options options = {}) {
    return look_at_view(
        Projection::name,
        [&look](const detail::row_reader& rows) { look(view<typename Projection::row>(rows)); },
        std::move(options));
  }

  /// Asks the state of one aggregate. The answer shows nothing that is not durable (P2): if the
  /// state is newer than the disk, the answer waits for the disk.
  template <class Decider, schema_struct Query, class Fill>
  requires detail::has_category<Decider>
  [[nodiscard]] auto query(std::string_view stream, Fill&& fill, conditions under = {}) {
    using reply = detail::reply_of<Decider, Query>;
    if constexpr (std::is_void_v<reply>) {
      (void)sizeof(missing::answer<Decider, Query>);
    } else {
      return promised<owned<reply>>([&](auto callback) {
        query_then<Decider, Query>(stream, std::forward<Fill>(fill), std::move(callback),
                                   std::move(under));
      });
    }
  }

  /// The same with a callback.
  template <class Decider, schema_struct Query, class Fill, class Callback>
  requires detail::has_category<Decider>
  void query_then(std::string_view stream, Fill&& fill, Callback callback, conditions under = {}) {
    using reply = detail::reply_of<Decider, Query>;
    if constexpr (std::is_void_v<reply>) {
      (void)sizeof(missing::answer<Decider, Query>);
    } else {
      query_aggregate(
          {stream, type_id_of<Query>, build<Query>(std::forward<Fill>(fill)), std::move(under)},
          typed<reply>(std::move(callback)));
    }
  }

  /// The state of one aggregate as it was; now, if no moment is given. Reads what is stored, with
  /// the newest snapshot that is not past the moment. Blocks; not from a callback. Errors:
  /// `invalid`
  /// ("other-category"; "no-such-version"; "truncated" when the events of that time are gone),
  /// `corrupt`.
  template <class Decider>
  requires detail::has_category<Decider>
  [[nodiscard]] result<past<Decider>> state_of(std::string_view stream, const moment& when = {}) {
    auto found = past_state(detail::port_of_decider<Decider>(), stream, when);
    if (!found) return std::move(found).error();
    return past<Decider>{detail::copy_of<Decider>(*found->state), found->version};
  }

  /// What a command would come to, on the state now or as it was; nothing is stored. Blocks; not
  /// from a callback. Errors: those of `state_of`, and `rejected` ("decide-failed",
  /// "evolve-failed") when the decider throws. A rejection of its own is a result, not an error.
  template <class Decider, schema_struct Command, class Fill>
  requires detail::has_category<Decider>
  [[nodiscard]] result<supposition<Decider>> what_if(std::string_view stream, Fill&& fill,
                                                     const moment& when = {}) {
    auto found = past_state(detail::port_of_decider<Decider>(), stream, when);
    if (!found) return std::move(found).error();
    past<Decider> before{detail::copy_of<Decider>(*found->state), found->version};
    auto outcome =
        suppose(*found, stream, type_id_of<Command>, build<Command>(std::forward<Fill>(fill)));
    if (!outcome) return std::move(outcome).error();
    return supposition<Decider>{std::move(outcome->made), std::move(outcome->events),
                                std::move(outcome->reply), std::move(before),
                                detail::copy_of<Decider>(*found->state)};
  }

  /// Hands out recorded events in their order, batch by batch, first those that are there, then
  /// those that come; what that promises stands in `fasti/subscription.hpp`. Errors: `invalid`
  /// ("checkpoint-ahead" when it begins behind the journal's end, "foreign-checkpoint", a malformed
  /// stream). Cost: an actor, the batches held; a turn on a reader thread for some batches.
  [[nodiscard]] result<subscription> subscribe(subscription_options options,
                                               batch_callback callback);
  /// The same for who asks for the next batch, and waits.
  [[nodiscard]] result<event_feed> subscribe(subscription_options options);

  /// Brings events to a place outside, from behind the checkpoint that it keeps; what that promises
  /// stands in `fasti/sink.hpp`. Returns at once: what the sink says, and what the journal says of
  /// its checkpoint, is in `stats()`. Errors: `invalid` ("name-taken", "malformed-name",
  /// "cannot-park", no place in this journal to begin at). Cost: a thread, a subscription.
  [[nodiscard]] result<void> add_sink(std::shared_ptr<sink> to, const sink_options& options = {});
  /// Blocks until all that the sink wants up to that position is in it; not from a callback.
  /// Errors: why it stopped; `unavailable` ("not-visible-in-time"), `invalid`, `closed`.
  [[nodiscard]] result<void> wait_for_sink(std::string_view name, position visible,
                                           std::chrono::milliseconds timeout);

  /// Folds the view anew beside the one that serves; `fasti/rebuild.hpp` says how it goes on.
  /// Errors: `invalid` when there is no such projection, those of `subscribe` for where it begins;
  /// `conflict` ("rebuild-under-way"). Cost: the disk space of a second view meanwhile, and its
  /// steps between those of the one that serves.
  template <class Projection>
  [[nodiscard]] result<view_rebuild<typename Projection::row>> rebuild(
      const rebuild_options& options = {}) {
    auto started = start_rebuild(Projection::name, options);
    if (!started) return std::move(started).error();
    return view_rebuild<typename Projection::row>(*std::move(started));
  }
  /// The rebuild that was started last, also by a process before this one; none when there was
  /// none.
  template <class Projection>
  [[nodiscard]] std::optional<view_rebuild<typename Projection::row>> last_rebuild() const {
    auto found = find_rebuild(Projection::name);
    if (!found) return std::nullopt;
    return view_rebuild<typename Projection::row>(std::move(found));
  }

  /// The events that the projection or the process managers of that type have parked, in the order
  /// of their positions; see `fasti/parking.hpp`. These three block; not from a callback. Errors:
  /// `invalid` when it was not added; `closed`.
  template <class T>
  [[nodiscard]] result<std::vector<parked_event>> parked() {
    return parked_of(detail::parker_of<T>());
  }
  /// Handles them as this program would, key by key in order; what fails again stays parked, with
  /// what waits behind it. Errors: what the journal and the store say too; `conflict`
  /// ("replay-under-way") when these process managers are at it already.
  template <class T>
  [[nodiscard]] result<parked_replay> replay_parked() {
    return replay_parked_of(detail::parker_of<T>());
  }
  /// Gives an event up: it will never be handled. Those that waited behind it are handled by the
  /// next replay. Errors: `invalid` ("not-parked"), and those of `replay_parked`.
  template <class T>
  [[nodiscard]] result<void> skip_parked(position at) {
    return skip_parked_of(detail::parker_of<T>(), at);
  }

  /// Takes the events 1 to `up_to` of a stream away for good; its aggregate goes on as before. They
  /// keep their places in the journal, without their bodies, and an event in `fasti-truncations`
  /// says so and why. Never done by itself. Refused with `conflict`, nothing has changed then,
  /// unless the newest snapshot covers `up_to` and equals a full replay ("no-snapshot",
  /// "snapshot-differs"), all views, also those that this program did not add, have folded these
  /// events ("view-behind"), and its sinks have taken them ("sink-behind"). A view or a sink that
  /// comes later stops at a truncated event of its types. Blocks; not from a callback.
  [[nodiscard]] result<truncation> truncate(std::string_view stream, version up_to,
                                            std::string_view reason);

  /// Removes what is left of a view whose projection this program does not have any more: as long
  /// as it is there it keeps `truncate` from what it has not folded. Errors: `invalid`
  /// ("projection-in-use") when the projection was added.
  [[nodiscard]] result<void> forget_view(std::string_view name);

  /// The journal under it: to read. Appending beside the aggregates is allowed and checked; an
  /// aggregate that is overtaken finds out when it commits, reloads and decides anew. Until then
  /// its queries and rejections do not show what was appended. Not after `close`.
  [[nodiscard]] fasti::journal& journal() noexcept;

  [[nodiscard]] runtime_stats stats() const;

  /// When the first event behind a position was written; none when there is none yet. How late
  /// somebody is who stands there. Reads one event. Errors: `closed`, `corrupt`.
  [[nodiscard]] result<std::optional<timestamp>> time_behind(position p) const;

  /// Refuses new commands, answers those under way, writes the views' checkpoints, releases the
  /// journal. Limit: `options.shutdown_timeout`; `unavailable` names who was left. Idempotent. Not
  /// from a callback or an actor, which it would wait for.
  result<void> close();

 private:
  class node;
  friend struct detail::runtime_access;
  using words_callback = std::function<void(result<std::vector<word>>)>;
  using view_callback = std::function<void(result<detail::view_words>)>;

  explicit runtime(std::unique_ptr<node> n);

  /// The future of what `ask(callback)` calls back with, a `result<T>`.
  template <class T, class Ask>
  static std::future<result<T>> promised(Ask&& ask) {
    auto promise = std::make_shared<std::promise<result<T>>>();
    auto future = promise->get_future();
    std::forward<Ask>(ask)([promise](result<T> answer) { promise->set_value(std::move(answer)); });
    return future;
  }
  template <class Reply, class Callback>
  static words_callback typed(Callback callback) {
    return [callback = std::move(callback)](result<std::vector<word>> words) mutable {
      using answer = result<owned<Reply>>;
      callback(words ? answer(owned<Reply>(*std::move(words))) : answer(std::move(words).error()));
    };
  }
  template <class... DecidersAndProjections>
  static result<runtime> adding(result<runtime> opened) {
    if (!opened) return std::move(opened).error();
    result<void> added;
    (void)((added = opened->template add<DecidersAndProjections>(), added.has_value()) && ...);
    if (!added) return std::move(added).error();
    return opened;
  }
  static result<void> check_category(std::string_view stream, std::string_view category);

  static result<runtime> open_node(runtime_options options);
  result<void> add_decider(detail::decider_port port);
  result<void> add_process(detail::process_port port, const process_options& options);
  result<void> add_projection(detail::projection_port port, const projection_options& options);
  /// Something is sent to the stream as soon as it is built: meanwhile the memory comes that says
  /// where its aggregate is.
  void expect(std::string_view stream) const noexcept;
  void send_words(detail::sent_command&& command, receipt_callback&& callback);
  void query_view(std::string_view name, type_id query, std::vector<word> body,
                  query_options options, view_callback callback);
  result<position> look_at_view(std::string_view name,
                                const std::function<void(const detail::row_reader&)>& look,
                                query_options options);
  void query_aggregate(detail::sent_query query, words_callback callback);
  result<std::shared_ptr<detail::rebuild_control>> start_rebuild(std::string_view name,
                                                                 const rebuild_options& options);
  std::shared_ptr<detail::rebuild_control> find_rebuild(std::string_view name) const;
  result<std::vector<parked_event>> parked_of(const detail::parker& who);
  result<parked_replay> replay_parked_of(const detail::parker& who);
  result<void> skip_parked_of(const detail::parker& who, position at);
  result<detail::past_state> past_state(const detail::decider_port& decider,
                                        std::string_view stream, const moment& when) const;
  result<detail::supposed_outcome> suppose(detail::past_state& on, std::string_view stream,
                                           type_id command, body_view body) const;

  std::unique_ptr<node> node_;
};

}  // namespace fasti
