#pragma once
/// A node in miniature for the tests of its actors: the deterministic world, the journal's
/// reference model, and a task runner that runs when the test says so.

#include <gtest/gtest.h>

#include <deque>

#include "actors/bus_actor.hpp"
#include "actors/caf/send.hpp"
#include "actors/caf/test_world.hpp"
#include "actors/projection_actor.hpp"
#include "actors/registry.hpp"
#include "ledger.hpp"
#include "persistence/memory_journal.hpp"
#include "persistence/memory_stores.hpp"

namespace fasti::test {

/// Tasks wait until the test runs them, in its own thread.
class manual_runner final : public actors::task_runner {
 public:
  bool run(std::function<void()> task) override {
    if (closed) return false;
    tasks.push_back(std::move(task));
    return true;
  }
  bool run_if_idle(std::function<void()> task) override { return run(std::move(task)); }

  bool run_one() {
    if (tasks.empty()) return false;
    auto task = std::move(tasks.front());
    tasks.pop_front();
    task();
    return true;
  }

  std::deque<std::function<void()>> tasks;
  bool closed = false;
};

class SmallNode : public ::testing::Test {
 protected:
  using receipts = std::vector<result<receipt>>;

  SmallNode() {
    options.log = [this](log_level, std::string_view line) { logged.emplace_back(line); };
    options.snapshot_every_events = 3;
  }
  ~SmallNode() override {
    world.run();
    static_cast<void>(journal->close().has_value());  // its observers hold handles
  }

  /// Lets actors and reader tasks run until nothing is left to do, and the journal with them: a
  /// barrier is answered when everything before it is.
  void settle() {
    for (bool busy = true; busy;) {
      busy = world.run() > 0;
      while (runner.run_one()) busy = true;
      EXPECT_TRUE(append_and_wait(*journal, commit{}));
      busy = world.run() > 0 || busy || !runner.tasks.empty();
    }
  }

  /// Appends a deposit beside all actors, and says that it is durable.
  position deposit_in_journal(std::string_view stream, std::int64_t cents,
                              const char* note = nullptr) {
    commit c;
    c.origin.id = command_id::generate();
    c.bodies = note == nullptr ? build<Deposited>([cents](auto e) { e.setCents(cents); })
                               : build<Withdrawn>([cents, note](auto e) {
                                   e.setCents(cents);
                                   e.setNote(note);
                                 });
    c.events.push_back({note == nullptr ? type_id_of<Deposited> : type_id_of<Withdrawn>,
                        static_cast<std::uint32_t>(c.bodies.size())});
    c.parts.push_back({*stream_id::parse(stream), expected_version::any(), 1});
    const auto done = append_and_wait(*journal, std::move(c));
    EXPECT_TRUE(done);
    return done->last_position;
  }

  std::vector<std::string> logged;
  runtime_options options;
  std::unique_ptr<fasti::journal> journal = persistence::make_memory_journal(options);
  std::unique_ptr<snapshot_store> snapshots = persistence::make_memory_snapshots();
  std::unique_ptr<view_store> views = persistence::make_memory_views();
  manual_runner runner;
  actors::actor_figures figures;
  actors::services node{*journal, *snapshots, *views, runner, options, figures};
  const fasti::detail::decider_port decider = fasti::detail::port_of_decider<ledger>();
  const fasti::detail::projection_port projection = fasti::detail::port_of_projection<balances>();
  actors::test_world world;
};

}  // namespace fasti::test
