#pragma once
// Two actors: a keeper, which notes numbers, and a relay, which sends to it and asks it.

#include "actors/caf/actor.hpp"
#include "actors/caf/send.hpp"
#include "tests/actors/caf/protocol_for_tests.hpp"

#include <deque>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fasti::actors::test {

/// What an actor lets the test see; read it only when the actor cannot run.
struct trace {
  std::vector<int> notes;
  std::vector<std::string> lines;
  int stops = 0;
  enum { promise_kept, promise_forgotten, threw_with_a_promise } when_asked_later = promise_kept;
};

class keeper final : public actor_base<keeper_actor> {
 public:
  static constexpr std::string_view actor_name = "keeper";
  keeper(const actor_setup& setup, trace& t, after_fault policy = after_fault::keep_running)
      : actor_base(setup, policy), trace_(t) {}

 private:
  behavior make_behavior() override {
    return handlers(&keeper::on_note, &keeper::on_work, &keeper::on_blow_up, &keeper::on_ask,
                    &keeper::on_ask_later, &keeper::on_answer_now, &keeper::on_ask_and_blow_up);
  }
  void on_note(const note& m) { trace_.notes.push_back(m.number); }
  void on_work(const note_work& m) {
    const std::unique_ptr<int> mine = std::move(*m.work);
    trace_.notes.push_back(*mine);
  }
  void on_blow_up(const blow_up&) { throw std::runtime_error("boom"); }
  notes_are on_ask(const ask_notes&) { return {trace_.notes}; }
  later<notes_are> on_ask_later(const ask_later&) {
    if (trace_.when_asked_later == trace::promise_forgotten) return {};
    auto owed = make_promise<notes_are>();
    if (trace_.when_asked_later == trace::threw_with_a_promise) throw std::runtime_error("oops");
    owed_.push_back(std::move(owed));
    return {};
  }
  void on_answer_now(const answer_now&) {
    if (owed_.empty()) return;
    owed_.front().deliver({trace_.notes});
    owed_.pop_front();
  }
  notes_are on_ask_and_blow_up(const ask_and_blow_up&) { throw std::runtime_error("bang"); }
  void on_stop() override {
    ++trace_.stops;
    owed_.clear();
  }

  trace& trace_;
  std::deque<promise<notes_are>> owed_;
};

class relay final : public actor_base<relay_actor> {
 public:
  static constexpr std::string_view actor_name = "relay";
  relay(const actor_setup& setup, keeper_actor to, trace& t)
      : actor_base(setup), to_(std::move(to)), trace_(t) {}

 private:
  void line(std::string text) { trace_.lines.push_back(std::move(text)); }
  auto got_notes() {
    return [this](const notes_are& m) { line("notes " + std::to_string(m.numbers.size())); };
  }
  auto failed() {
    return [this](const fasti::error& e) { line("failed " + e.reason); };
  }

  behavior make_behavior() override {
    return handlers(&relay::on_note, &relay::on_ask, &relay::on_ask_later, &relay::on_blow_up,
                    &relay::on_ask_and_blow_up, &relay::on_blow_up_in_reply);
  }
  void on_note(const relay_note& m) {
    request(
        to_, note{m.number}, [this] { line("noted"); }, failed());
  }
  void on_ask(const relay_ask&) { request(to_, ask_notes{}, got_notes(), failed()); }
  void on_ask_later(const relay_ask_later&) { request(to_, ask_later{}, got_notes(), failed()); }
  void on_blow_up(const relay_blow_up&) {
    request(
        to_, blow_up{}, [this] { line("no error"); }, failed());
  }
  void on_ask_and_blow_up(const relay_ask_and_blow_up&) {
    request(to_, ask_and_blow_up{}, got_notes(), failed());
  }
  void on_blow_up_in_reply(const relay_blow_up_in_reply&) {
    request(
        to_, ask_notes{}, [](const notes_are&) { throw std::runtime_error("late"); }, failed());
  }
  void on_stop() override { to_ = nullptr; }

  keeper_actor to_;
  trace& trace_;
};

class single final : public actor_base<single_actor> {
 public:
  static constexpr std::string_view actor_name = "single";
  single(const actor_setup& setup, trace& t) : actor_base(setup), trace_(t) {}

 private:
  behavior make_behavior() override { return handlers(&single::on_note); }
  void on_note(const note& m) { trace_.notes.push_back(m.number); }
  trace& trace_;
};

}  // namespace fasti::actors::test
