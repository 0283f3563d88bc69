// A projection in a world where everything may happen in any order: events come, steps are taken,
// the process ends between any two changes of the store and begins anew, the view is rebuilt,
// switched, cancelled; events are poisoned, parked, replayed by a mended program; one lane folds
// it, or several in any order. The machine and the stores are the real ones; one seed is one
// history. At every moment the view is what a fold of the journal up to its checkpoint gives (P9).

#include <algorithm>
#include <numeric>
#include <random>

#include "tests/core/fold_kit.hpp"

namespace fasti::test {
namespace {

/// Throws at poison while it is not mended, when half of the row is changed.
struct moody_balances : balances {
  using balances::apply;
  void apply(Withdrawn::Reader e, const recorded_event& at, fasti::rows<row>& rows) {
    auto r = rows.at(at.key());
    r.setCents(r.getCents() - e.getCents());
    if (e.getNote() == "poison" && !is_mended) throw std::runtime_error("apply is cross");
    r.setEntries(r.getEntries() + 1);
    if (e.getNote() == "close") rows.erase(at.key());
  }
  static std::string order_key(const recorded_event& e) { return std::string(e.key()); }
  static inline bool is_mended = false;
};

class simulation : public FoldTest {
 public:
  void TestBody() override {}

  explicit simulation(std::uint64_t seed) : chance_(seed) {
    moody_balances::is_mended = false;
    port = fasti::detail::port_of_projection<moody_balances>();
    options.projection_batch_events = 1 + below(5);
    how.on_failure.then = one_in(3) ? when_failing::stop : when_failing::park;
    how.on_failure.retries_max = static_cast<unsigned>(below(3));
    how.on_failure.backoff = 1ms;
    options.view_bytes_kept_max = one_in(2) ? 0 : 2000;
    how.lanes = 1 + static_cast<unsigned>(below(3));
    run_each = [this](std::size_t n, const auto& one) { run_in_some_order(n, one); };
    start();
  }

  void run(int moves) {
    for (int i = 0; i < moves && fault.empty(); ++i) move();
    begin_anew();
    go_on();
    moody_balances::is_mended = true;
    begin_anew();
    go_on();
    if (machine->rebuild() && machine->rebuild()->phase == rebuild_phase::caught_up) {
      static_cast<void>(machine->switch_over(machine->rebuild_generation()));
    }
    if (!machine->replay_parked()) fault = "parked events cannot be replayed at the end";
    go_on();
    if (machine->checkpoint() != journal->head()) fault = "it does not come to the end";
    check();
    if (fault.empty() && !machine->serving().parked().empty()) fault = "events stay parked";
  }

  std::string fault;
  std::uint64_t crashes = 0;
  std::uint64_t switches = 0;
  std::uint64_t parked = 0;

 private:
  static constexpr auto unlimited = std::numeric_limits<std::uint64_t>::max();

  std::uint64_t below(std::uint64_t n) { return chance_() % n; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }

  void move() {
    switch (below(10)) {
      case 0:
      case 1:
      case 2:
        return happen();
      case 3:
      case 4:
      case 5:
        now += 1ms;
        machine->step(journal->head(), now);
        return check();
      case 6:
        store.changes_left = below(6);  // killed before the change after these
        return;
      case 7:
        return begin_anew();
      case 8:
        return look_after();
      default:
        if (auto replayed = machine->replay_parked(); replayed) parked += replayed->applied;
        moody_balances::is_mended = one_in(3);
        return check();
    }
  }

  void run_in_some_order(std::size_t n, const std::function<void(std::size_t)>& one) {
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), chance_);
    for (const auto i : order) one(i);
  }

  /// … until nothing is left to do, which comes soon.
  void go_on() {
    for (int steps = 0; machine->wants_step(journal->head(), now); ++steps, now += 1ms) {
      if (steps > 1000) fault = "it does not come to an end";
      if (!fault.empty()) return;
      machine->step(journal->head(), now);
    }
    check();
  }

  void happen() {
    const auto stream = "ledger-" + std::to_string(below(3));
    if (one_in(3)) {
      constexpr const char* notes[] = {"poison", "close", "", ""};
      withdrawn(stream, 1, notes[below(4)]);
    } else {
      deposited(stream, 10);
    }
  }

  void begin_anew() {
    ++crashes;
    store.changes_left = unlimited;
    start();
    check();
  }

  void look_after() {
    const auto generation = machine->rebuild_generation();
    switch (below(3)) {
      case 0:
        static_cast<void>(machine->start_rebuild(
            no_position, one_in(2) ? when_caught_up::wait : when_caught_up::switch_over));
        break;
      case 1:
        if (machine->switch_over(generation)) ++switches;
        break;
      default:
        if (one_in(3)) static_cast<void>(machine->cancel_rebuild(generation));
        break;
    }
    check();
  }

  /// Rows and parked events together are what a fold up to the checkpoint gives.
  void check() {
    if (!fault.empty()) return;
    check(machine->serving());
    // What the store has is what counts after a crash.
    const auto at = kept->checkpoint(machine->serving().name());
    if (!at || *at != machine->checkpoint()) fault = "the store is at another checkpoint";
    const auto generations = core::load_generations(*kept, port.name);
    if (!generations ||
        core::name_in_store(port.name, generations->serving) != machine->serving().name()) {
      fault = "the store serves another generation";
    }
  }
  void check(const core::view_fold& fold) {
    shown_rows expected;
    const auto& waiting = fold.parked().all();
    std::set<std::string> blocked;
    const auto read = journal->read({.to = fold.checkpoint()}, [&](const recorded_event& e) {
      const std::string stream(e.stream);
      if (waiting.contains(e.position)) {
        blocked.insert(stream);
        return visit::more;
      }
      if (blocked.contains(stream)) fault = "overtook a parked event of its key";
      const std::string key(e.key());
      body_reader body(e.body);
      auto& [cents, entries] = expected[key];
      ++entries;
      if (e.type == type_id_of<Deposited>) {
        cents += body.root<Deposited>().getCents();
      } else {
        const auto withdrawal = body.root<Withdrawn>();
        cents -= withdrawal.getCents();
        if (withdrawal.getNote() == "close") expected.erase(key);
      }
      return visit::more;
    });
    if (!read) fault = read.error().to_string();
    if (rows_of(*kept, fold.name()) != expected) fault = "the rows are not those of the events";
  }

  std::mt19937_64 chance_;
};

TEST(ProjectionSimulation, P9_TheViewIsWhatItsEventsMakeWhateverHappens) {
  constexpr std::uint64_t seeds = 10'000;
  std::uint64_t crashes = 0;
  std::uint64_t switches = 0;
  std::uint64_t replayed = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    simulation s(seed);
    s.run(60);
    ASSERT_EQ(s.fault, "") << "seed " << seed;
    crashes += s.crashes;
    switches += s.switches;
    replayed += s.parked;
  }
  EXPECT_GT(crashes, seeds);
  EXPECT_GT(switches, seeds / 10);
  EXPECT_GT(replayed, seeds / 10);
}

}  // namespace
}  // namespace fasti::test
