#pragma once
/// A courier of events over a journal and a store in memory, and process managers that do what the
/// test says: which of them fail, and which do not answer yet.

#include "runtime/core/bytes.hpp"
#include "runtime/core/event_reader.hpp"
#include "runtime/node/event_courier.hpp"
#include "schemas/process.capnp.h"
#include "tests/core/fold_kit.hpp"

namespace fasti::test {

class EventCourierTest : public FoldTest, public node::process_link {
 protected:
  using positions = std::vector<std::uint64_t>;

  EventCourierTest() {
    process.category = "transfer";
    process.reacts_to = fasti::detail::names_of(types<Deposited>());
    process.key_of = [](const recorded_event& e) { return std::string(e.key()); };
    restart();
  }

  /// As after the end of the process: what is not in the store is gone.
  void restart() {
    auto begun = begin();
    ASSERT_TRUE(begun) << begun.error().to_string();
  }
  [[nodiscard]] result<void> begin() {
    unanswered.clear();
    courier = std::make_shared<node::event_courier>(
        process, on_failure,
        node::event_courier::surroundings{store, *journal, *this, [this] { return time_of_day; }});
    fed_up_to_ = kept_up_to();
    return courier->start_behind(fed_up_to_);
  }
  [[nodiscard]] position kept_up_to() const {
    return *kept->checkpoint(node::event_courier::checkpoint_name("transfer"));
  }
  /// What the next process will find.
  [[nodiscard]] core::parked_events stored() const {
    core::parked_events found;
    EXPECT_TRUE(found.load(*kept, node::event_courier::checkpoint_name("transfer")));
    return found;
  }
  [[nodiscard]] positions parked() const {
    positions all;
    for (const auto& e : courier->parked()) all.push_back(count_of(e.position));
    return all;
  }
  [[nodiscard]] std::string reason(std::uint64_t at) const {
    for (const auto& e : courier->parked()) {
      if (e.position == position{at}) return e.reason;
    }
    return "it is not parked";
  }

  /// Events that concern these process managers, one batch.
  void happens(std::initializer_list<const char*> keys) {
    for (const auto* key : keys) deposited("ledger-" + std::string(key), 1);
    feed();
  }
  /// What is in the journal and was not handed over yet.
  void feed() {
    ASSERT_TRUE(batch_held_.expired()) << "the last batch is not done yet";
    auto batch = std::make_shared<core::kept_events>();
    ASSERT_TRUE(journal->read({.after = fed_up_to_}, [&](const recorded_event& e) {
      batch->add(e);
      if (e.position == truncated) {
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): as it is read after truncation
        auto& last = const_cast<recorded_event&>(batch->events().back());
        last.body = {};
        last.truncated_by = position{99};
      }
      return visit::more;
    }));
    batch_held_ = batch;
    fed_up_to_ = journal->head();
    const auto& events = batch->events();
    courier->take(event_batch(events, {journal->id(), fed_up_to_}, std::move(batch)));
  }
  void tick() { courier->tick(fed_up_to_); }

  /// Blocks nowhere: each answer is there, or the replay has not ended.
  [[nodiscard]] std::optional<result<parked_replay>> replay() {
    auto came_to = std::make_shared<std::optional<result<parked_replay>>>();
    courier->replay_parked([came_to](result<parked_replay> r) { *came_to = std::move(r); });
    replayed = came_to;
    return *came_to;
  }
  /// Lets one of those answer that have not yet.
  void answers(const std::string& stream) {
    auto found = unanswered.find(stream);
    ASSERT_NE(found, unanswered.end()) << stream << " was not asked";
    auto [at, callback] = std::move(found->second);
    unanswered.erase(found);
    answer(stream, at, callback);
  }

  // -- what the courier asks ---------------------------------------------------------------------
  void deliver(std::string_view stream, type_id, std::vector<word> body, command_origin,
               std::optional<std::string>, receipt_callback callback) override {
    body_reader reader(body);
    const auto asked = reader.root<schemas::HandleEvent>();
    const std::string to(stream);
    tried[to].push_back(asked.getPosition());
    if (asked.getIsStray()) strays.push_back(asked.getPosition());
    if (leaves_waiting && leaves_waiting(to)) {
      unanswered[to] = {asked.getPosition(), std::move(callback)};
    } else {
      answer(to, asked.getPosition(), callback);
    }
  }
  void run_later(std::function<void()> task) override { task(); }
  [[nodiscard]] clock::time_point steady_now() const override { return now; }
  void log(log_level, std::string_view line) const override { logged.emplace_back(line); }

  fasti::detail::process_port process;
  failure_policy on_failure;
  std::shared_ptr<node::event_courier> courier;
  position truncated{};
  std::function<std::optional<error>(std::uint64_t at)> failure_of;
  std::function<bool(const std::string& stream)> leaves_waiting;

  std::map<std::string, positions> tried;
  std::map<std::string, positions> handled;  // as its ledger says: none twice
  positions strays;
  std::map<std::string, std::pair<std::uint64_t, receipt_callback>> unanswered;
  std::shared_ptr<std::optional<result<parked_replay>>> replayed;
  mutable std::vector<std::string> logged;

 private:
  void answer(const std::string& stream, std::uint64_t at, const receipt_callback& callback) {
    if (auto why = failure_of ? failure_of(at) : std::nullopt) return callback(*std::move(why));
    auto& done = handled[stream];
    if (done.empty() || done.back() < at) done.push_back(at);
    callback(receipt());
  }

  position fed_up_to_{};
  std::weak_ptr<const core::kept_events> batch_held_;
};

/// What a process manager answers whose `react` throws.
[[nodiscard]] inline auto react_throws_at(std::set<std::uint64_t> positions) {
  return [positions = std::move(positions)](std::uint64_t at) {
    return positions.contains(at)
               ? std::optional(error{errc::rejected, "react-failed", "react is cross"})
               : std::nullopt;
  };
}
[[nodiscard]] inline auto always(error why) {
  return [why = std::move(why)](std::uint64_t) { return std::optional(why); };
}

}  // namespace fasti::test
