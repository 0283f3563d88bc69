#include "tests/prove/load.hpp"
#include "tests/prove/parts.hpp"

namespace fasti::prove {
namespace {

using test::disk_op;
using test::disk_tree;
using test::fault_disk;

/// The bits of a number decide, then whether the last page is torn.
class by_bits final : public test::survival {
 public:
  explicit by_bits(std::uint64_t bits) : bits_(bits) {}
  bool keeps() override { return next(); }
  std::size_t torn_to(std::size_t bytes) override { return next() ? bytes : bytes / 2; }

 private:
  bool next() {
    const bool bit = (bits_ & 1U) != 0;
    bits_ >>= 1U;
    return bit;
  }
  std::uint64_t bits_;
};

/// Keeps each with the same probability; tears at any byte.
class by_chance final : public test::survival {
 public:
  by_chance(std::mt19937_64& random) : random_(random), of_8_(random() % 9) {}
  bool keeps() override { return random_() % 8 < of_8_; }
  std::size_t torn_to(std::size_t bytes) override {
    return random_() % 2 == 0 ? bytes : random_() % bytes;
  }

 private:
  std::mt19937_64& random_;
  const std::uint64_t of_8_;
};

constexpr std::size_t all_subsets_max = 5;
constexpr int random_images_per_operation = 3;

/// Checks one image; false: something is wrong.
bool check_image(const recorded_run& run, std::size_t operations, const disk_tree& before,
                 test::survival& what, bool twice, tally& t) {
  fault_disk left(before.after_cut(what));
  t.count();
  const auto wrong = check_left(run, operations, left, twice);
  if (wrong.empty()) return true;
  t.find("cut after operation " + std::to_string(operations) + " of " +
         std::to_string(run.history.size()) + " (" +
         (operations == 0 ? "nothing" : name_of(run.history[operations - 1].what)) + " " +
         (operations == 0 ? "" : run.history[operations - 1].path) + "): " + wrong +
         "\n    load: " + run.made_by.to_string());
  return false;
}

/// A cut while the journal comes back from a cut.
void cut_again(const recorded_run& run, std::size_t operations, const disk_tree& before,
               std::mt19937_64& random, tally& t) {
  by_chance first(random);
  fault_disk left(before.after_cut(first));
  const disk_tree start = left.tree();
  if (!check_left(run, operations, left, false).empty()) return;  // told by another image
  disk_tree again = start;
  for (const auto& op : left.history()) {
    if (!t.goes_on()) return;
    if (again.apply(op) != 0 || op.what == disk_op::kind::close) continue;
    // What check_left appended may be there or not: only what the run acknowledged counts.
    by_chance second(random);
    fault_disk twice_left(again.after_cut(second));
    t.count();
    auto opened = open_on(twice_left, run.made_by);
    if (!opened) {
      t.find("cut twice, first after operation " + std::to_string(operations) +
             ": P5: " + opened.error().to_string() + "\n    load: " + run.made_by.to_string());
      return;
    }
    const auto read = test::read_all(**opened);
    for (const auto& c : run.commits) {
      const bool lost = !run.made_by.relaxed && c.outcome && c.operations <= operations &&
                        c.outcome->last_position > (*opened)->head();
      if (!lost && !read.failed) continue;
      t.find("cut twice, first after operation " + std::to_string(operations) +
             ": P1: something acknowledged is lost\n    load: " + run.made_by.to_string());
      return;
    }
  }
}

void cut_everywhere(const load& l, bool every_subset, std::mt19937_64& random, tally& t) {
  fault_disk on;
  const auto run = play(l, on);
  if (!run.went_wrong.empty()) return t.find("a load without faults: " + run.went_wrong);
  disk_tree at;
  for (std::size_t k = 0; k <= run.history.size() && t.goes_on(); ++k) {
    if (k > 0) static_cast<void>(at.apply(run.history[k - 1]));
    if (k > 0 && run.history[k - 1].what == disk_op::kind::close) continue;
    const auto undecided = at.undecided();
    const bool twice = k % 8 == 0;
    if (every_subset && undecided <= all_subsets_max) {
      for (std::uint64_t bits = 0; bits < (2U << undecided) && t.goes_on(); ++bits) {
        by_bits what(bits);
        if (!check_image(run, k, at, what, twice, t)) return;
      }
      continue;
    }
    by_bits none(0);
    by_bits all(~std::uint64_t{0});
    if (!check_image(run, k, at, none, twice, t) || !check_image(run, k, at, all, twice, t)) return;
    for (int i = 0; i < random_images_per_operation; ++i) {
      by_chance some(random);
      if (!check_image(run, k, at, some, twice, t)) return;
    }
    if (random() % 16 == 0) cut_again(run, k, at, random, t);
  }
}

/// One commit at a time, over the making of the journal, closing and opening.
void cut_scripts(std::uint64_t seed, std::mt19937_64& random, tally& t) {
  for (const int reopen_every : {0, 2}) {
    for (const std::uint32_t words : {4U, 1500U}) {
      cut_everywhere({.seed = seed, .commits = 6, .words_max = words, .reopen_every = reopen_every},
                     true, random, t);
    }
  }
}

}  // namespace

void crash_images(tally& t, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  // Of two that search at once one begins with the scripts, the other with random loads.
  constexpr int loads_before_scripts = 40;
  if (seed % 2 == 0) cut_scripts(seed, random, t);
  for (int n = 1; t.goes_on(); ++n) {
    cut_everywhere(random_load(random), false, random, t);
    if (seed % 2 == 1 && n == loads_before_scripts) cut_scripts(seed, random, t);
  }
}

}  // namespace fasti::prove
