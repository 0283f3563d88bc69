#pragma once
/// A journal in one thread whose disk is as slow as the test wants: commits wait until `settle`.

#include <algorithm>
#include <deque>
#include <map>
#include <unordered_map>
#include <utility>

#include "fasti/journal.hpp"

namespace fasti::test {

class manual_journal final : public journal {
 public:
  // -- what the actors ask -----------------------------------------------------------------------
  unique_id id() const noexcept override { return {1, 1}; }

  result<ticket> append(commit&& c, std::shared_ptr<commit_session> session,
                        std::unique_ptr<commit_observer>&& observer) override {
    if (refuse) return error{errc::unavailable, "queue-full", "as the test wants"};
    queue_.push_back({std::move(c), std::move(session), std::move(observer)});
    return ticket{++given_};
  }
  ticket settled_ticket() const noexcept override { return ticket{settled_}; }
  position head() const noexcept override { return position{events_.size()}; }
  result<version> stream_version(const stream_id& stream) const override {
    return version_of(stream.text());
  }
  std::optional<command_record> find_command(command_id id) const override {
    const auto found = known_.find(id);
    if (found == known_.end()) return std::nullopt;
    return found->second;
  }

  result<command_reply> read_reply(position at) const override {
    if (reads_fail) return *reads_fail;
    return replies_.at(at);
  }
  result<version> read_stream(const stream_id& stream, const stream_range& range,
                              const event_visitor& visitor) const override {
    if (reads_fail) return *reads_fail;
    for (const auto& e : events_) {
      if (e.stream != stream.text() || e.at.version < range.from || e.at.version > range.to)
        continue;
      if (visitor(e.view()) == visit::stop) break;
    }
    return version_of(stream.text());
  }

  result<position> read(const journal_range& range, const event_visitor& visitor) const override {
    if (reads_fail) return *reads_fail;
    ranges.push_back(range);
    auto left = range.events_max;
    for (auto i = count_of(range.after); i < events_.size(); ++i) {
      const auto& e = events_[i];
      if (e.at.position > range.to) break;
      if (left == 0) return position{i};
      if (std::find(range.types.begin(), range.types.end(), e.at.type) == range.types.end())
        continue;
      --left;
      if (visitor(e.view()) == visit::stop) return e.at.position;
    }
    return std::min(range.to, head());
  }

  result<position> position_before(timestamp) const override { return no_position; }
  result<truncation> truncate(truncation) override {
    return error{errc::invalid, "not-here", "as the test wants"};
  }
  result<std::optional<truncation>> truncation_of(const stream_id&) const override {
    return std::optional<truncation>();
  }
  result<archive_summary> write_archive(position, const byte_sink&) const override {
    return error{errc::invalid, "no-archive", ""};
  }
  void on_head(std::function<void(position)> callback) override { on_head_ = std::move(callback); }
  journal_stats stats() const override { return {}; }
  std::optional<error> failure() const override { return std::nullopt; }
  result<void> close() override { return {}; }

  // -- what the test does ------------------------------------------------------------------------
  /// The disk is done with the oldest `n` of what was handed over.
  void settle(std::size_t n) {
    for (; n > 0 && !queue_.empty(); --n) {
      auto oldest = std::move(queue_.front());
      queue_.pop_front();
      auto outcome = store(oldest);
      ++settled_;
      if (on_head_) on_head_(head());
      oldest.observer->on_outcome(std::move(outcome));
    }
  }
  void settle_all() {
    while (!queue_.empty()) settle(queue_.size());
  }
  [[nodiscard]] std::size_t queued() const { return queue_.size(); }

  /// An event that is there, whoever wrote it.
  void put(std::string_view stream, type_id type, std::vector<word> body) {
    kept e;
    e.stream = stream;
    e.body = std::move(body);
    e.at.type = type;
    e.at.version = next(version_of(stream));
    e.at.position = next(head());
    versions_[e.stream] = e.at.version;
    events_.push_back(std::move(e));
  }

  bool refuse = false;
  std::optional<error> reads_fail;
  mutable std::vector<journal_range> ranges;  ///< What `read` was asked for.

 private:
  struct entry {
    commit c;
    std::shared_ptr<commit_session> session;
    std::unique_ptr<commit_observer> observer;
  };
  struct kept {
    recorded_event at;
    std::string stream;
    std::vector<word> body;
    [[nodiscard]] recorded_event view() const {
      recorded_event e = at;
      e.stream = stream;
      e.body = body;
      return e;
    }
  };

  [[nodiscard]] version version_of(std::string_view stream) const {
    const auto found = versions_.find(stream);
    return found == versions_.end() ? no_version : found->second;
  }

  result<committed> store(entry& e) {
    if (e.session && e.session->is_broken()) {
      return error{errc::conflict, "session-broken", "an earlier commit was not stored"};
    }
    if (const auto found = known_.find(e.c.origin.id); found != known_.end()) {
      auto first = found->second.outcome;
      first.what = committed::kind::repeat;
      return first;
    }
    committed done;
    done.what = committed::kind::barrier;
    done.last_position = head();
    if (e.c.is_barrier()) return done;
    const auto& part = e.c.parts.front();
    if (!part.expected.accepts(version_of(part.stream.text()))) {
      if (e.session) e.session->break_off();
      return error{errc::conflict, "version-conflict", "somebody was faster"};
    }
    done.what = committed::kind::fresh;
    done.first_position = next(head());
    const word* body = e.c.bodies.data();
    for (const auto& event : e.c.events) {
      put(part.stream.text(), event.type, std::vector<word>(body, body + event.words));
      body += event.words;
    }
    done.last_position = head();
    done.version = version_of(part.stream.text());
    known_[e.c.origin.id] = {e.c.fingerprint, done};
    replies_[done.last_position] = std::move(e.c.reply);
    return done;
  }

  std::deque<entry> queue_;
  std::vector<kept> events_;
  std::map<std::string, version, std::less<>> versions_;
  std::unordered_map<command_id, command_record> known_;
  std::map<position, command_reply> replies_;
  std::function<void(position)> on_head_;
  std::uint64_t given_ = 0;
  std::uint64_t settled_ = 0;
};

}  // namespace fasti::test
