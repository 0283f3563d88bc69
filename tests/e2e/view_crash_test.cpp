// kill -9 between any two changes that a projection makes to the store of views: while it folds,
// parks, rebuilds, switches and cleans up. What the next process finds is compared row by row with
// a fold from the beginning.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "ledger.hpp"
#include "persistence/disk.hpp"
#include "persistence/leveldb_journal.hpp"
#include "persistence/leveldb_stores.hpp"
#include "persistence/memory_stores.hpp"
#include "persistence/views_over.hpp"
#include "runtime/core/projection_machine.hpp"
#include "temp_dir.hpp"

namespace fasti::test {
namespace {

constexpr std::uint64_t events = 300;
constexpr std::uint64_t kills = 250;

/// `balances`, found by the number of entries, too.
struct found_balances : balances {
  static void keys_of(Balance::Reader row, std::string_view, secondary_keys& out) {
    out.add("by-entries", std::to_string(row.getEntries()));
  }
};

/// The process ends before one of the changes.
class deadly_views final : public persistence::views_over {
 public:
  deadly_views(std::shared_ptr<view_store> under, std::uint64_t changes)
      : views_over(under), under_(std::move(under)), left_(changes) {}

  result<void> write(std::string_view view, const view_batch& batch) override {
    count();
    return under_->write(view, batch);
  }
  result<void> clear(std::string_view view) override {
    count();
    return under_->clear(view);
  }
  std::shared_ptr<const view_reader> snapshot() const override { return under_->snapshot(); }

 private:
  void count() {
    if (left_-- == 0) ::raise(SIGKILL);
  }

  const std::shared_ptr<view_store> under_;
  std::uint64_t left_;
};

/// Journal and views as they lie on the disk.
struct opened {
  explicit opened(const std::string& path) {
    options.path = path;
    options.when_missing = when_missing::create;
    options.projection_batch_events = 7;
    options.log = [](log_level, std::string_view) {};
    auto& disk = persistence::posix_disk();
    journal = *persistence::open_leveldb_journal(options, disk);
    views = *persistence::open_leveldb_views(disk, path + "/views", journal->id(), options.log);
  }
  [[nodiscard]] core::projection_surroundings with(view_store& store) const {
    return {port, *journal, store, options};
  }

  runtime_options options;
  std::unique_ptr<fasti::journal> journal;
  std::shared_ptr<view_store> views;
  const fasti::detail::projection_port port = fasti::detail::port_of_projection<found_balances>();
};

constexpr projection_options parks{.on_failure = {.then = when_failing::park}};

void fill(fasti::journal& j) {
  for (std::uint64_t i = 0; i < events; ++i) {
    commit c;
    c.origin.id = command_id::generate();
    c.parts.push_back(
        {stream_id::of("ledger", std::to_string(i % 11)), expected_version::any(), 1});
    const bool withdraws = i % 5 == 4;
    c.bodies = withdraws ? build<Withdrawn>([i](auto e) {
      e.setCents(1);
      e.setNote(i % 100 == 99 ? "poison" : i % 25 == 24 ? "close" : "");
    })
                         : build<Deposited>([](auto e) { e.setCents(10); });
    c.events.push_back({withdraws ? type_id_of<Withdrawn> : type_id_of<Deposited>,
                        static_cast<std::uint32_t>(c.bodies.size())});
    ASSERT_TRUE(append_and_wait(j, std::move(c)));
  }
}

/// Folds, begins rebuilds, cancels some of them, for ever: it is going to be killed.
[[noreturn]] void live(const std::string& path, std::uint64_t life) {
  const opened at(path);
  deadly_views store(at.views, life % 13);
  core::projection_machine machine(at.with(store), parks);
  if (!machine.open()) ::_exit(1);
  const auto now = core::projection_machine::clock::time_point{};
  for (std::uint64_t step = life;; ++step) {
    machine.step(at.journal->head(), now);
    const auto generation = machine.rebuild_generation();
    if (step % 17 == 0) static_cast<void>(machine.cancel_rebuild(generation));
    if (step % 5 == 0) static_cast<void>(machine.switch_over(generation));
    if (step % 3 == 0) {
      static_cast<void>(machine.start_rebuild(
          no_position, step % 2 == 0 ? when_caught_up::wait : when_caught_up::switch_over));
    }
  }
}

using stored = std::map<std::string, std::string>;  // rows, secondary keys, parked events

[[nodiscard]] stored all_of(const view_reader& in, const std::string& view) {
  stored all;
  EXPECT_TRUE(in.scan(view, {}, [&all](std::string_view key, std::string_view row) {
    // When an event was parked differs from process to process.
    all.emplace(key, key.starts_with(core::parked_keys) ? "parked" : std::string(row));
    return true;
  }));
  return all;
}

/// What a fold from the beginning makes of the events up to there.
[[nodiscard]] stored folded_anew(const opened& at, position up_to) {
  const auto fresh = persistence::make_memory_views();
  core::projection_machine machine(at.with(*fresh), parks);
  EXPECT_TRUE(machine.open());
  const auto now = core::projection_machine::clock::time_point{};
  while (machine.wants_step(up_to, now)) machine.step(up_to, now);
  EXPECT_EQ(machine.checkpoint(), up_to);
  return all_of(*fresh, machine.serving().name());
}

TEST(ViewCrash, P9_KilledBetweenAnyTwoChangesTheViewIsWhatItsEventsMake) {
  const temp_dir dir;
  const auto path = dir / "journal";
  {
    opened first(path);
    fill(*first.journal);
    if (HasFatalFailure()) return;
  }
  std::set<std::string> served;
  std::set<std::uint64_t> checkpoints;
  for (std::uint64_t life = 1; life <= kills; ++life) {
    const auto child = ::fork();
    if (child == 0) live(path, life);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "life " << life;

    const opened after(path);
    const auto generations = core::load_generations(*after.views, "balances");
    ASSERT_TRUE(generations);
    const auto name = core::name_in_store("balances", generations->serving);
    const auto at = after.views->checkpoint(name);
    ASSERT_TRUE(at);
    if (*at != no_position) {
      ASSERT_EQ(all_of(*after.views, name), folded_anew(after, *at)) << "life " << life;
    }
    served.insert(name);
    checkpoints.insert(count_of(*at));
  }
  EXPECT_GT(served.size(), 5U) << "it was switched";
  EXPECT_GT(checkpoints.size(), 10U) << "it was killed while it folded";
}

}  // namespace
}  // namespace fasti::test
