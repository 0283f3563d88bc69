#pragma once
/// The world of an aggregate machine as a test drives it: a journal in a vector whose disk is slow
/// until the test says `settle`, and loads that happen when the test says so.

#include <algorithm>
#include <deque>
#include <map>
#include <unordered_map>

#include "ledger.hpp"
#include "runtime/core/aggregate_machine.hpp"

namespace fasti::test {

class fake_world : public core::aggregate_world {
 public:
  explicit fake_world(const fasti::detail::decider_port& decider) : decider_(decider) {}

  // -- what the machine asks ---------------------------------------------------------------------
  void load(core::load_when when) override { loads.push_back(when); }

  result<ticket> append(commit&& c, std::shared_ptr<commit_session> session,
                        std::unique_ptr<commit_observer>&& observer) override {
    if (refuse) return error{errc::unavailable, "queue-full", "as the test wants"};
    queue_.push_back({std::move(c), std::move(session), std::move(observer)});
    return ticket{++given_};
  }
  ticket settled_ticket() const override { return ticket{settled_}; }
  position head() const override { return position{durable.size()}; }
  std::optional<command_record> find_command(command_id id) const override {
    const auto found = known_.find(id);
    if (found == known_.end()) return std::nullopt;
    return found->second;
  }
  void answer_as_before(std::unique_ptr<core::incoming_command> command,
                        const committed& first) override {
    command->keep_reply(replies_.at(first.last_position), committed::kind::repeat);
    command->answer(command->receipt_of(first));
  }
  version version_elsewhere() const override { return elsewhere; }
  void save_snapshot(snapshot&& s, const std::shared_ptr<commit_session>&) override {
    snapshots.push_back(std::move(s));
  }
  timestamp now() const override { return time; }
  void log(log_level, std::string_view line) override { logged.emplace_back(line); }

  // -- what the test does ------------------------------------------------------------------------
  /// The disk is done with the oldest `n` of what was handed over.
  void settle(std::size_t n = 1) {
    for (; n > 0 && !queue_.empty(); --n) {
      auto oldest = std::move(queue_.front());
      queue_.pop_front();
      auto outcome = store(oldest);
      ++settled_;
      oldest.observer->on_outcome(std::move(outcome));
    }
  }
  void settle_all() { settle(queue_.size()); }
  /// The next commit with events finds somebody else's event in its stream.
  void overtake() { ++foreign_; }
  /// What was handed over last, under this id, was stored before, by another way.
  void store_as_somebody_else(command_id id) {
    committed done;
    done.what = committed::kind::fresh;
    done.first_position = done.last_position = head();
    known_[id] = {queue_.back().c.fingerprint, done};
  }
  [[nodiscard]] std::size_t queued() const { return queue_.size(); }

  /// Folds what is durable, as recovery does.
  [[nodiscard]] core::recovered_aggregate recovered() const {
    core::recovered_aggregate r{decider_.make(), version{durable.size()}, no_version};
    for (const auto& e : durable) r.state->evolve(e.type, e.body);
    return r;
  }

  struct stored_event {
    type_id type{};
    std::vector<word> body;
    command_id command = {};  ///< None: somebody else's.
  };
  std::vector<stored_event> durable;
  std::vector<core::load_when> loads;
  std::vector<snapshot> snapshots;
  std::vector<std::string> logged;
  bool refuse = false;
  timestamp time{};
  version elsewhere{};

 protected:
  struct entry {
    commit c;
    std::shared_ptr<commit_session> session;
    std::unique_ptr<commit_observer> observer;
  };

  virtual result<committed> store(entry& e) {
    if (e.session && e.session->is_broken()) {
      return error{errc::conflict, "session-broken", "an earlier commit was not stored"};
    }
    if (const auto found = known_.find(e.c.origin.id); found != known_.end()) {
      if (found->second.fingerprint != e.c.fingerprint) {
        if (e.session && !e.c.is_barrier()) e.session->break_off();
        return error{errc::invalid, "command-id-reused", "with another payload"};
      }
      auto first = found->second.outcome;
      first.what = committed::kind::repeat;
      if (e.session && !e.c.is_barrier()) e.session->break_off();
      return first;
    }
    committed done;
    done.what = committed::kind::barrier;
    done.last_position = head();
    if (e.c.is_barrier()) return done;
    for (; foreign_ > 0; --foreign_) durable.push_back({type_id_of<Deposited>, deposited(1)});
    if (!e.c.parts.front().expected.accepts(version{durable.size()})) {
      if (e.session) e.session->break_off();
      return error{errc::conflict, "version-conflict", "somebody was faster"};
    }
    done.what = committed::kind::fresh;
    done.first_position = next(head());
    const word* body = e.c.bodies.data();
    for (const auto& event : e.c.events) {
      durable.push_back({event.type, std::vector<word>(body, body + event.words), e.c.origin.id});
      body += event.words;
    }
    done.last_position = head();
    done.version = version{durable.size()};
    known_[e.c.origin.id] = {e.c.fingerprint, done};
    replies_[done.last_position] = e.c.reply;
    return done;
  }

  static std::vector<word> deposited(std::int64_t cents) {
    return build<Deposited>([cents](auto e) { e.setCents(cents); });
  }

  const fasti::detail::decider_port& decider_;
  std::deque<entry> queue_;
  std::unordered_map<command_id, command_record> known_;
  std::map<position, command_reply> replies_;
  std::uint64_t given_ = 0;
  std::uint64_t settled_ = 0;
  std::size_t foreign_ = 0;
};

}  // namespace fasti::test
