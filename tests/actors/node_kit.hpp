#pragma once
/// A node without threads: actors in the test world, reader tasks in a queue that the test empties,
/// a journal whose disk is as slow as the test wants. The same every time.

#include <map>
#include <string>

#include "actors/caf/test_world.hpp"
#include "actors/registry.hpp"
#include "ledger.hpp"
#include "persistence/memory_stores.hpp"
#include "runtime/core/projection_machine.hpp"
#include "tests/actors/manual_journal.hpp"

namespace fasti::test {

/// Tasks wait until the test runs them.
class manual_runner final : public actors::task_runner {
 public:
  bool run(std::function<void()> task) override {
    if (closed) return false;
    tasks_.push_back(std::move(task));
    return true;
  }
  bool run_if_idle(std::function<void()> task) override { return !busy && run(std::move(task)); }

  bool run_once() {
    if (tasks_.empty()) return false;
    const auto task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
    return true;
  }
  [[nodiscard]] std::size_t waiting() const { return tasks_.size(); }
  /// What was taken in is lost, as when the process ends.
  void drop_all() { tasks_.clear(); }

  bool closed = false;
  bool busy = false;

 private:
  std::deque<std::function<void()>> tasks_;
};

/// Counts what is saved.
class watched_snapshots final : public snapshot_store {
 public:
  result<void> save(const snapshot& s) override {
    saved.push_back(s);
    return store_->save(s);
  }
  result<std::optional<snapshot>> load(const stream_id& stream, version at_most) const override {
    return store_->load(stream, at_most);
  }
  result<void> remove(const stream_id& stream) override { return store_->remove(stream); }

  std::vector<snapshot> saved;

 private:
  std::unique_ptr<snapshot_store> store_ = persistence::make_memory_snapshots();
};

/// Where there is no registry nothing finds its way back.
struct no_home final : actors::aggregate_home {
  result<void> deliver(const stream_id&, const fasti::detail::decider_port&,
                       core::incoming&&) override {
    return error{errc::unavailable, "no-home", "a test without a registry"};
  }
};

using answers = std::vector<result<receipt>>;

struct node_kit {
  explicit node_kit(runtime_options o = {}) : options(std::move(o)) {
    options.log = [this](log_level, std::string_view line) { logged.emplace_back(line); };
    if (!options.clock) options.clock = [] { return timestamp{}; };
  }

  /// What still waits in a mailbox is handled while everything that it may touch is there.
  ~node_kit() { world.run(); }
  node_kit(const node_kit&) = delete;
  node_kit& operator=(const node_kit&) = delete;

  /// Runs actors and reader tasks until neither has anything to do. The disk stands still.
  void run() {
    while (world.run() > 0 || readers.run_once()) {
    }
  }
  /// … and the disk works, too.
  void run_all() {
    do {
      run();
      journal.settle_all();
      run();
    } while (journal.queued() > 0);
  }

  [[nodiscard]] std::size_t running(std::string_view actor) const {
    for (const auto& a : world.running()) {
      if (a.name == actor) return a.count;
    }
    return 0;
  }

  answers answered;          // before everything that may answer at its end
  actors::test_world world;  // handles of its actors go before it
  std::vector<std::string> logged;
  manual_journal journal;
  watched_snapshots snapshots;
  std::unique_ptr<view_store> views = persistence::make_memory_views();
  manual_runner readers;
  runtime_options options;
  actors::actor_figures figures;
  actors::services services{journal, snapshots, readers, options, figures};
  fasti::detail::decider_port decider = fasti::detail::port_of_decider<ledger>();
};

template <schema_struct Command, class Fill>
[[nodiscard]] core::incoming command(Fill&& fill, core::incoming_command::callback to) {
  core::command_request asks{type_id_of<Command>, build<Command>(std::forward<Fill>(fill)), {}};
  asks.origin.id = command_id::generate();
  return std::make_unique<core::incoming_command>(stream_id::of("ledger", "a"), std::move(asks),
                                                  std::move(to));
}

template <schema_struct Command, class Fill>
[[nodiscard]] core::incoming command(Fill&& fill, answers& to) {
  return command<Command>(std::forward<Fill>(fill),
                          [&to](result<receipt> r) { to.push_back(std::move(r)); });
}

[[nodiscard]] inline core::incoming deposit(std::int64_t cents, answers& to) {
  return command<Deposit>([cents](auto c) { c.setCents(cents); }, to);
}

[[nodiscard]] inline core::incoming withdraw(std::int64_t cents, answers& to) {
  return command<Withdraw>([cents](auto c) { c.setCents(cents); }, to);
}

[[nodiscard]] inline std::vector<word> deposited(std::int64_t cents) {
  return build<Deposited>([cents](auto e) { e.setCents(cents); });
}

using query_answers = std::vector<result<std::vector<word>>>;

[[nodiscard]] inline core::query_reply::callback into(query_answers& to) {
  return [&to](result<std::vector<word>> r) { to.push_back(std::move(r)); };
}

using view_answers = std::vector<result<fasti::detail::view_words>>;

[[nodiscard]] inline core::view_reply::callback into(view_answers& to) {
  return [&to](result<fasti::detail::view_words> r) { to.push_back(std::move(r)); };
}

[[nodiscard]] inline core::incoming balance_query(query_answers& to) {
  return std::make_unique<core::incoming_query>(
      type_id_of<GetBalance>, build<GetBalance>([](auto) {}), conditions{}, into(to));
}

[[nodiscard]] inline std::int64_t cents_of(const result<std::vector<word>>& answer) {
  if (!answer) return -1;
  return owned<Balance>(*answer)->getCents();
}

[[nodiscard]] inline std::int64_t cents_of(const result<fasti::detail::view_words>& answer) {
  return answer ? cents_of(result<std::vector<word>>(answer->words)) : -1;
}

}  // namespace fasti::test
