#include "runtime/node/together.hpp"

#include "runtime/core/guard.hpp"

namespace fasti::node {
namespace {

using joint_reply = core::reply<joint_receipt>;

/// Told by the journal.
class told final : public commit_observer {
 public:
  explicit told(std::function<void(result<committed>)> then) : then_(std::move(then)) {}
  void on_outcome(result<committed> outcome) noexcept override { then_(std::move(outcome)); }

 private:
  const std::function<void(result<committed>)> then_;
};

/// Holds who waits: dropped unanswered it says that the runtime has closed.
class waiting_sender final : public joint_reply {
 public:
  using joint_reply::joint_reply;
  void on_outcome(result<committed>) noexcept override {}
};

class attempt : public std::enable_shared_from_this<attempt> {
 public:
  attempt(const joint_services& services, joint_request asks, core::in_flight_permit permit,
          std::function<void(result<joint_receipt>)> to)
      : services_(services),
        asks_(std::move(asks)),
        sender_(std::move(to)),
        fingerprint_(fingerprint_of_all()) {
    sender_.admit(std::move(permit));
  }

  /// On a reader thread.
  void begin() {
    const bool started = services_.node.readers.run([self = shared_from_this()] { self->run(); });
    if (!started) sender_.answer(error{errc::closed, "closed", "the runtime is closing"});
  }

 private:
  void run() {
    const auto& options = services_.node.options;
    if (auto lapsed = core::why_lapsed(asks_.under, options.clock)) {
      return sender_.answer(*std::move(lapsed));
    }
    if (const auto known = services_.node.journal.find_command(asks_.origin.id)) {
      return answer_repeat(*known);
    }
    commit c;
    c.origin = asks_.origin;
    c.fingerprint = fingerprint_;
    parts_.clear();
    for (const auto& command : asks_.commands) {
      if (auto no = decide(command, c)) return sender_.answer(*std::move(no));
    }
    if (c.events.empty()) return sender_.answer(nothing_happened());
    append(std::move(c));
  }

  /// The error with which it ends, if it does.
  std::optional<error> decide(const joint_command& command, commit& into) {
    const auto& node = services_.node;
    const std::string name(command.stream.text());
    auto found = core::recover(*command.decider, command.stream, node.journal, node.snapshots,
                               node.options.log);
    if (!found) return std::move(found).error();
    emit emitted;
    const command_context at{command.stream, found->version, asks_.origin.id, node.options.clock()};
    auto made = core::decided_by(*found->state, command.type, command.body, at, emitted);
    if (!made) return std::move(made).error();
    if (!made->is_accepted()) {
      const auto& detail = made->detail();
      return error{errc::rejected, made->reason(), detail.empty() ? name : name + ": " + detail};
    }
    commit own;
    emitted.finish(own);
    if (own.events.empty()) {  // what the others decided may rest on what it is
      into.guards.push_back({command.stream, expected_version::exactly(found->version)});
      return std::nullopt;
    }
    if (auto failed = core::evolve_all(*found->state, own, name)) return failed;
    const auto events = static_cast<std::uint32_t>(own.events.size());
    into.parts.push_back({command.stream, expected_version::exactly(found->version), events});
    parts_.push_back({command.stream, version{count_of(found->version) + events}, events});
    into.events.insert(into.events.end(), own.events.begin(), own.events.end());
    into.bodies.insert(into.bodies.end(), own.bodies.begin(), own.bodies.end());
    into.tags += own.tags;
    return std::nullopt;
  }

  void append(commit&& c) {
    hand_over(std::move(c), [self = shared_from_this()](result<committed> outcome) {
      if (outcome) return self->answer_committed(*outcome);
      const auto why = std::move(outcome).error();
      const auto retries_max = self->services_.node.options.conflict_retries_max;
      if (why.code != errc::conflict || self->retries_++ >= retries_max) {
        return self->sender_.answer(why);
      }
      self->wait_for_the_disk();
    });
  }

  /// Those who were faster may have more on its way: what is read next shows it.
  void wait_for_the_disk() {
    hand_over(commit{}, [self = shared_from_this()](result<committed> outcome) {
      if (!outcome) return self->sender_.answer(std::move(outcome).error());
      self->begin();
    });
  }

  void hand_over(commit&& c, std::function<void(result<committed>)> then) {
    std::unique_ptr<commit_observer> observer = std::make_unique<told>(std::move(then));
    auto accepted = services_.node.journal.append(std::move(c), nullptr, std::move(observer));
    if (!accepted) sender_.answer(std::move(accepted).error());
  }

  void answer_committed(const committed& c) {
    // The same command, sent by somebody else meanwhile: its streams are read, not at once.
    if (c.what == committed::kind::repeat) return begin();
    for (const auto& p : parts_) services_.registry.overtake(p.stream, p.version);
    sender_.answer(
        joint_receipt{asks_.origin.id, std::move(parts_), c.last_position, c.what, c.time});
  }

  void answer_repeat(const command_record& known) {
    if (known.fingerprint != fingerprint_) {
      return sender_.answer(error{errc::invalid, "command-id-reused",
                                  "command " + asks_.origin.id.to_string() +
                                      " had its effect before, with other commands"});
    }
    const auto& first = known.outcome;
    joint_receipt r{asks_.origin.id, {}, first.last_position, committed::kind::repeat, first.time};
    journal_range range;
    range.after = position{count_of(first.first_position) - 1};
    range.to = first.last_position;
    auto read = services_.node.journal.read(range, [&r](const recorded_event& e) {
      if (r.parts.empty() || r.parts.back().stream.text() != e.stream) {
        r.parts.push_back({*stream_id::parse(e.stream), {}, 0});
      }
      r.parts.back().version = e.version;
      ++r.parts.back().events;
      return visit::more;
    });
    if (!read) return sender_.answer(std::move(read).error());
    sender_.answer(std::move(r));
  }

  [[nodiscard]] joint_receipt nothing_happened() const {
    const auto& node = services_.node;
    return {
        asks_.origin.id, {}, node.journal.head(), committed::kind::barrier, node.options.clock()};
  }

  [[nodiscard]] std::uint64_t fingerprint_of_all() const {
    std::vector<std::uint64_t> each;
    for (const auto& c : asks_.commands) {
      each.push_back(core::fingerprint_of(c.stream, c.type, c.body));
    }
    return core::fingerprint_of(asks_.commands.front().stream, type_id{}, each);
  }

  const joint_services services_;
  const joint_request asks_;
  waiting_sender sender_;
  const std::uint64_t fingerprint_;
  // Of the step at hand; one follows the other.
  std::vector<joint_receipt::part> parts_;
  unsigned retries_ = 0;
};

}  // namespace

void start_together(const joint_services& services, joint_request asks,
                    core::in_flight_permit permit, std::function<void(result<joint_receipt>)> to) {
  std::make_shared<attempt>(services, std::move(asks), std::move(permit), std::move(to))->begin();
}

}  // namespace fasti::node
