// Counts `what` so many times, waits for so many snapshots, and says what has come of it:
// tally <directory> <what> <times> <snapshots>. Built once with each schema of the state.
//
//     sum <sum> times <times> snapshots_loaded <n> events_replayed <n>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include "fasti/runtime.hpp"
#include TALLY_SCHEMA

namespace {

using namespace fasti;
using namespace fasti::test;

struct tally {
  static constexpr auto category = "tally";
  using commands = types<Count>;
  using events = types<Counted>;
  using snapshot = TallyState;

  decision decide(Count::Reader c, emit& out) const {
    out.event<Counted>().setWhat(c.getWhat());
    return accept();
  }
  void evolve(Counted::Reader e) {
    sum += e.getWhat();
    ++times;
  }
  void save(TallyState::Builder s) const {
    s.setSum(sum);
    s.setTimes(times);
  }
  void load(TallyState::Reader s) {
    sum = s.getSum();
    times = s.getTimes();
  }

  std::int64_t sum = 0;
  std::int64_t times = 0;
};

int fail(const error& e) {
  std::cerr << e.to_string() << "\n";
  return EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  auto rt = runtime::open<tally>(
      {.path = argv[1], .when_missing = when_missing::create, .snapshot_every_events = 10});
  if (!rt) return fail(rt.error());
  const auto fill = [what = std::stoi(argv[2])](auto c) { c.setWhat(what); };
  for (int left = std::stoi(argv[3]); left > 0; --left) {
    const auto counted = rt->send<Count>("tally-a", fill).get();
    if (!counted) return fail(counted.error());
  }
  const auto saved_by = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (rt->stats().snapshots_saved < std::stoul(argv[4])) {
    if (std::chrono::steady_clock::now() > saved_by) return 3;
    std::this_thread::yield();
  }
  const auto now = rt->state_of<tally>("tally-a");
  if (!now) return fail(now.error());
  const auto figures = rt->stats();
  std::cout << "sum " << now->state.sum << " times " << now->state.times << " snapshots_loaded "
            << figures.snapshots_loaded << " events_replayed " << figures.events_replayed << "\n";
  return EXIT_SUCCESS;
}
