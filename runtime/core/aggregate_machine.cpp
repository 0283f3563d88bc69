#include "runtime/core/aggregate_machine.hpp"

#include <xxhash.h>

#include <algorithm>

#include "runtime/core/check.hpp"
#include "runtime/core/guard.hpp"

namespace fasti::core {
namespace {

/// Between two loads, when the first failed.
constexpr std::chrono::milliseconds load_pause_first{100};
constexpr std::chrono::milliseconds load_pause_longest{10'000};

/// What handling one arrival needs for a moment. One a thread and not one an aggregate: it stays
/// warm, and an aggregate at rest keeps no memory for it. Nothing in it outlives the handling.
struct workspace {
  emit emitted;
  message_scratch scratch;
  commit made;

  /// For one more commit; its vectors keep their room.
  commit& begin_commit() {
    made.origin.metadata.clear();
    made.parts.clear();
    made.events.clear();
    made.bodies.clear();
    made.tags.clear();
    return made;
  }
};

workspace& workspace_of_thread() {
  static thread_local workspace space;
  return space;
}

}  // namespace

std::uint64_t fingerprint_of(const stream_id& stream, type_id command, body_view body) noexcept {
  const std::uint64_t seed =
      XXH3_64bits_withSeed(stream.text().data(), stream.text().size(), count_of(command));
  return XXH3_64bits_withSeed(body.data(), body.size_bytes(), seed);
}

aggregate_machine::aggregate_machine(stream_id stream, const detail::decider_port& decider,
                                     aggregate_world& world, const snapshot_rhythm& snapshots)
    : stream_(std::move(stream)), decider_(decider), world_(world), snapshots_(snapshots) {}

void aggregate_machine::on_arrival(incoming&& arrival) {
  if (phase_ == phase::live && is_stale()) {
    lose_state();
    return wait(std::move(arrival), load_when::settled);
  }
  if (phase_ == phase::cold && is_to_pause()) return refuse(arrival, failed_->why);
  if (phase_ != phase::live) {
    // After a load that failed, commits of the life before may be still on their way.
    return wait(std::move(arrival), is_durable() ? load_when::now : load_when::settled);
  }
  std::visit([this](auto&& a) { handle(std::move(a)); }, std::move(arrival));
}

/// Somebody else wrote to the stream: found out by a commit, or told.
bool aggregate_machine::is_stale() const {
  return session_->is_broken() || world_.version_elsewhere() > version_;
}

void aggregate_machine::wait(incoming&& arrival, load_when when) {
  waiting_.push_back(std::move(arrival));
  if (phase_ == phase::loading) return;
  phase_ = phase::loading;
  world_.load(when);
}

void aggregate_machine::on_loaded(result<recovered_aggregate> loaded) {
  FASTI_CHECK(phase_ == phase::loading);
  if (!loaded) {
    world_.log(log_level::error,
               std::string(stream_.text()) + " cannot be loaded: " + loaded.error().to_string());
    if (loaded.error().code == errc::corrupt) note_failed_load(loaded.error());
    return drop(loaded.error());
  }
  phase_ = phase::live;
  failed_.reset();
  state_ = std::move(loaded->state);
  version_ = loaded->version;
  snapshot_version_ = loaded->snapshot_version;
  tail_bytes_ = loaded->tail_bytes;
  session_ = std::make_shared<commit_session>();
  // One by one: handling one may lose the state again, and then the rest goes on waiting.
  for (auto& arrival : std::exchange(waiting_, {})) on_arrival(std::move(arrival));
}

void aggregate_machine::note_failed_load(const error& why) {
  const auto pause = failed_ ? std::min(failed_->pause * 2, load_pause_longest) : load_pause_first;
  failed_ = {why, world_.now(), pause};
}

/// A clock that went back ends it.
bool aggregate_machine::is_to_pause() const {
  if (!failed_) return false;
  const auto now = world_.now();
  return now >= failed_->at && now < failed_->at + failed_->pause;
}

void aggregate_machine::drop(const error& why) {
  lose_state();
  for (auto& arrival : std::exchange(waiting_, {})) {
    refuse(arrival, why);
  }
}

void aggregate_machine::lose_state() {
  phase_ = phase::cold;
  state_.reset();
  session_.reset();
  unsettled_.clear();
}

template <class Reply, class Answer>
void aggregate_machine::answer_when_durable(std::unique_ptr<Reply> reply, Answer answer) {
  if (is_durable()) return reply->answer(std::move(answer));
  Reply& to = *reply;
  to.hold(std::move(answer));
  std::unique_ptr<commit_observer> observer = std::move(reply);
  auto accepted = world_.append(commit{}, session_, std::move(observer));
  if (!accepted) to.answer(std::move(accepted).error());  // untouched: still ours to answer
}

void aggregate_machine::handle(std::unique_ptr<incoming_query> query) {
  if (auto lapsed = why_lapsed(query->under(), [this] { return world_.now(); })) {
    return query->answer(*std::move(lapsed));
  }
  auto& scratch = workspace_of_thread().scratch;
  decision made = accept();
  std::vector<word> words;
  const auto thrown = thrown_by([&] {
    made = state_->answer(query->type(), query->body(), scratch.begin());
    scratch.finish(words);
  });
  if (thrown) {
    return query->answer(error{errc::invalid, "answer-failed",
                               std::string(stream_.text()) + ": answer threw " + *thrown});
  }
  result<std::vector<word>> answer = std::move(words);
  if (!made.is_accepted()) answer = error{errc::rejected, made.reason(), made.detail()};
  answer_when_durable(std::move(query), std::move(answer));
}

void aggregate_machine::handle(std::unique_ptr<incoming_command> command) {
  const auto& asks = command->asks();
  if (auto lapsed = why_lapsed(asks.under, [this] { return world_.now(); })) {
    return command->answer(*std::move(lapsed));
  }
  const auto fingerprint = fingerprint_of(stream_, asks.type, asks.body);
  if (asks.id_from == id_origin::chosen && answer_repeat(command, fingerprint)) return;

  auto& emitted = workspace_of_thread().emitted;
  const command_context context{stream_, version_, asks.origin.id, world_.now()};
  auto made = decided_by(*state_, asks.type, asks.body, context, emitted);
  if (!made || !made->is_accepted()) {
    emitted.discard();
    auto no =
        made ? error{errc::rejected, made->reason(), made->detail()} : std::move(made).error();
    return answer_when_durable(std::move(command), result<receipt>(std::move(no)));
  }
  commit_events(std::move(command), fingerprint);
}

bool aggregate_machine::answer_repeat(std::unique_ptr<incoming_command>& command,
                                      std::uint64_t fingerprint) {
  const auto id = command->asks().origin.id;
  const auto reused = [id] {
    return error{
        errc::invalid, "command-id-reused",
        "command " + id.to_string() + " had its effect before, with another payload or stream"};
  };
  // What is settled is known to the journal; what is not may be still on its way to the disk.
  if (const auto* found = find_unsettled(id)) {
    if (found->fingerprint != fingerprint) {
      command->answer(reused());
      return true;
    }
    commit resolve;  // a barrier that carries the id gets the first outcome
    resolve.origin.id = id;
    resolve.fingerprint = fingerprint;
    command->keep_reply(found->reply, committed::kind::repeat);
    incoming_command& to = *command;
    std::unique_ptr<commit_observer> observer = std::move(command);
    auto accepted = world_.append(std::move(resolve), session_, std::move(observer));
    if (!accepted) to.answer(std::move(accepted).error());
    return true;
  }
  const auto known = world_.find_command(id);
  if (!known) return false;
  if (known->fingerprint != fingerprint) {
    command->answer(reused());
    return true;
  }
  committed first = known->outcome;
  first.what = committed::kind::repeat;
  if (command->asks().reply) {
    world_.answer_as_before(std::move(command), first);
  } else {
    command->answer(command->receipt_of(first));
  }
  return true;
}

void aggregate_machine::commit_events(std::unique_ptr<incoming_command> command,
                                      std::uint64_t fingerprint) {
  auto& space = workspace_of_thread();
  commit& c = space.begin_commit();
  space.emitted.finish(c);
  if (!c.reply.is_none()) command->keep_reply(c.reply, committed::kind::fresh);
  if (c.events.empty()) {
    auto nothing = command->receipt_at(version_, world_.head(), world_.now());
    return answer_when_durable(std::move(command), result<receipt>(std::move(nothing)));
  }
  if (auto failed = evolve_all(*state_, c, stream_.text())) {
    // The state is half changed: it goes. Earlier commits of this session stay as they are.
    command->answer(*std::move(failed));
    phase_ = phase::loading;
    state_.reset();
    return world_.load(load_when::settled);
  }
  const auto events = static_cast<std::uint32_t>(c.events.size());
  const auto bytes = c.bodies.size() * word_bytes;
  c.parts.push_back({stream_, expected_version::exactly(version_), events});
  c.fingerprint = fingerprint;
  c.origin = command->asks().origin;
  const auto id = c.origin.id;
  const auto id_from = command->asks().id_from;
  // Before the commit is handed over: that may take its reply.
  std::optional<unsettled> known;
  if (id_from == id_origin::chosen) known = {fingerprint, {}, c.reply};
  incoming_command& to = *command;  // the journal's, once it is accepted
  std::unique_ptr<commit_observer> observer = std::move(command);
  auto accepted = world_.append(std::move(c), session_, std::move(observer));
  if (!accepted) {
    to.answer(std::move(accepted).error());
    phase_ = phase::loading;
    state_.reset();
    return world_.load(load_when::settled);
  }
  newest_ticket_ = *accepted;
  tail_bytes_ += bytes;
  version_ = fasti::version{count_of(version_) + events};
  if (known) {
    known->at = *accepted;
    remember(id, *std::move(known));
  }
  if (is_snapshot_due()) take_snapshot();
}

void aggregate_machine::remember(command_id id, unsettled what) {
  if (unsettled_.size() >= forget_at_) {
    std::erase_if(unsettled_, [settled = world_.settled_ticket()](const auto& known) {
      return known.second.at <= settled;
    });
    forget_at_ = std::max(forget_at_least, 2 * unsettled_.size());
  }
  unsettled_[id] = std::move(what);
}

const aggregate_machine::unsettled* aggregate_machine::find_unsettled(command_id id) const {
  const auto found = unsettled_.find(id);
  if (found == unsettled_.end() || found->second.at <= world_.settled_ticket()) return nullptr;
  return &found->second;
}

bool aggregate_machine::is_snapshot_due() const {
  if (!decider_.snapshot) return false;
  const auto grown_by = count_of(version_) - count_of(snapshot_version_);
  if (snapshots_.every_events > 0 && grown_by >= snapshots_.every_events) return true;
  if (snapshots_.every_bytes > 0 && tail_bytes_ >= snapshots_.every_bytes) return true;
  bool wanted = false;
  static_cast<void>(thrown_by([&] { wanted = state_->wants_snapshot(); }));
  return wanted;
}

void aggregate_machine::take_snapshot() {
  snapshot s;
  s.stream = stream_;
  s.version = version_;
  s.type = decider_.snapshot->type;
  s.schema = decider_.snapshot->schema;
  const auto thrown = thrown_by([&] {
    auto& scratch = workspace_of_thread().scratch;
    state_->save(scratch.begin());
    scratch.finish(s.body);
  });
  snapshot_version_ = version_;  // also after a throw: not again at every command
  tail_bytes_ = 0;
  if (thrown) {
    return world_.log(log_level::warning,
                      "no snapshot of " + std::string(stream_.text()) + ": save threw " + *thrown);
  }
  world_.save_snapshot(std::move(s), session_);
}

}  // namespace fasti::core
