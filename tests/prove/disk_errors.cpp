#include <cerrno>

#include "tests/prove/load.hpp"
#include "tests/prove/parts.hpp"

namespace fasti::prove {
namespace {

using test::disk_op;
using test::fault_disk;
using kind = disk_op::kind;

/// One way in which a disk can fail.
struct failure {
  const char* name;
  std::set<kind> at;  ///< Operations it can befall.
  fault_disk::verdict verdict;
  std::size_t lasts = 1;  ///< Operations; those of other kinds succeed.
  bool may_lose = false;  ///< The disk breaks its word: then only the order must hold.
};

const std::set<kind> everything{
    kind::cut,    kind::create, kind::write,          kind::sync,           kind::close,
    kind::rename, kind::remove, kind::make_directory, kind::sync_directory, kind::remove_directory};
const std::set<kind> growing{kind::create, kind::write, kind::make_directory, kind::rename};

const std::vector<failure>& failures() {
  static const std::vector<failure> all{
      {"EIO once", everything, {.code = EIO}},
      {"EIO for good", everything, {.code = EIO}, 1U << 20},
      {"disk full for a while", growing, {.code = ENOSPC}, 6},
      {"disk full for good", growing, {.code = ENOSPC}, 1U << 20},
      {"quota", growing, {.code = EDQUOT}, 2},
      {"no descriptors", {kind::create, kind::open}, {.code = EMFILE}, 3},
      {"short write", {kind::write}, {.written = 3}, 2},
      {"short write, then full", {kind::write}, {.code = ENOSPC, .written = 5}, 1},
      {"failing sync", {kind::sync}, {.code = EIO}},
      {"failing close", {kind::close}, {.code = EIO}},
      {"failing rename", {kind::rename}, {.code = EIO}},
      {"failing remove", {kind::remove}, {.code = EIO}},
      {"failing sync of the directory", {kind::sync_directory}, {.code = EIO}},
      {"read error", {kind::read}, {.code = EIO}, 2},
      {"lying sync", {kind::sync}, {.lies = true}, 1U << 20, true},
  };
  return all;
}

class none_survive final : public test::survival {
 public:
  bool keeps() override { return false; }
  std::size_t torn_to(std::size_t bytes) override { return bytes; }
};
class half_survive final : public test::survival {
 public:
  explicit half_survive(std::mt19937_64& random) : random_(random) {}
  bool keeps() override { return random_() % 2 == 0; }
  std::size_t torn_to(std::size_t bytes) override { return random_() % (bytes + 1); }

 private:
  std::mt19937_64& random_;
};

/// P12: nothing but committed, certainly not stored, and unknown; the certain ones are true.
std::string check_outcomes(const recorded_run& run) {
  std::set<std::string> stored;
  for (const auto& e : run.events) stored.insert(e.command.to_string());
  for (const auto& c : run.commits) {
    if (c.must_conflict && c.outcome) return "P7: a stale version was accepted";
    const bool is_there = stored.contains(c.id.to_string());
    if (c.outcome) {
      if (!is_there) return "P1: acknowledged, and not in the journal";
      continue;
    }
    const auto& why = c.outcome.error();
    const bool certain = why.code != errc::unknown;
    if (why.reason == "not-told") return "P12: a commit was told nothing";
    if (certain && is_there) return "P12: said not to be stored, and is: " + why.to_string();
  }
  return {};
}

class trial {
 public:
  trial(const load& l, const failure& f, std::size_t at) : load_(l), failure_(f), at_(at) {}

  /// What went wrong; empty: nothing.
  std::string run(std::mt19937_64& random) {
    fault_disk on;
    std::size_t left = failure_.lasts;
    on.set_judge([&](const disk_op& op, std::size_t number) -> fault_disk::verdict {
      if (number < at_ || left == 0 || !failure_.at.contains(op.what)) return {};
      --left;
      befell_ = true;
      return failure_.verdict;
    });
    auto run = play(load_, on);
    on.set_judge({});
    if (!befell_) return {};
    run.disk_lied = failure_.may_lose;
    const auto cut = on.tree();
    // What the journal says when the disk is good again is what counts.
    {
      fault_disk good(cut);
      auto opened = open_on(good, load_);
      if (!opened) return "P11: it does not open again: " + opened.error().to_string();
      auto read = test::read_all(**opened);
      if (read.failed) return "P10: " + read.failed->to_string();
      take_over(std::move(read.events), run);
    }
    if (auto wrong = check_outcomes(run); !wrong.empty()) return wrong;
    none_survive none;
    half_survive half(random);
    if (auto wrong = after(run, cut.after_cut(none)); !wrong.empty()) return "cut, " + wrong;
    if (auto wrong = after(run, cut.after_cut(half)); !wrong.empty()) return "half cut, " + wrong;
    return {};
  }
  [[nodiscard]] bool befell() const noexcept { return befell_; }

 private:
  /// What is there, and with what was truncated of it as it was written.
  static void take_over(std::vector<test::kept_event> there, recorded_run& run) {
    for (std::size_t i = 0; i < std::min(there.size(), run.events.size()); ++i) {
      if (there[i].truncated_by != no_position && there[i].id == run.events[i].id)
        there[i] = run.events[i];
    }
    run.events = std::move(there);
  }

  std::string after(const recorded_run& run, test::disk_tree tree) {
    fault_disk left(std::move(tree));
    // Operations 0: of a disk that lied nothing is owed but the order.
    auto wrong = check_left(run, failure_.may_lose ? 0 : run.history.size(), left, false);
    const bool is_refusal =
        wrong.starts_with("P5: it does not open: corrupt") || wrong.starts_with("P10: ");
    if (failure_.may_lose && is_refusal) return {};
    return wrong;
  }

  const load load_;
  const failure& failure_;
  const std::size_t at_;
  bool befell_ = false;
};

}  // namespace

void disk_errors(tally& t, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  for (bool first = true; t.goes_on(); first = false) {
    const load l = first ? load{.seed = seed, .commits = 8, .words_max = 1200, .reopen_every = 4}
                         : random_load(random);
    fault_disk on;
    const auto operations = play(l, on).history.size();
    for (const auto& f : failures()) {
      // All places of the first load; of the others some.
      for (std::size_t at = 0; at < operations && t.goes_on();
           at += first ? 1 : 1 + random() % 20) {
        trial one(l, f, at);
        const auto wrong = one.run(random);
        if (one.befell()) t.count();
        if (!wrong.empty()) {
          t.find(std::string(f.name) + " from operation " + std::to_string(at) + " on: " + wrong +
                 "\n    load: " + l.to_string());
          break;
        }
      }
    }
  }
}

}  // namespace fasti::prove
