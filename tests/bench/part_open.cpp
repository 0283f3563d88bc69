// How long opening takes: after a close, and after the process died at its last acknowledgement.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "bench_kit.hpp"
#include "parts.hpp"
#include "stores.hpp"

namespace fasti::bench {
namespace {

constexpr std::size_t load_batch = 1024;

/// A process of its own, started afresh: LevelDB's background thread does not live through a fork.
void fill_and_crash(const std::string& directory, std::uint64_t events) {
  const auto count = std::to_string(events);
  tell_progress("open, filling with " + count + " events");
  const pid_t child = ::fork();
  if (child < 0) fail("cannot fork");
  if (child == 0) {
    ::execl("/proc/self/exe", "fasti_journal_bench", "--crash-writer", directory.c_str(),
            "--crash-events", count.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
    fail("the writer did not die as it was to");
}

struct opened {
  double ms = 0;
  double reindexed = 0;
};

opened timed_open(const std::string& directory, std::uint64_t events) {
  calm_disk(directory);
  const auto begin = stopwatch::now();
  const auto j = open_journal(directory);
  const double took = seconds_since(begin);
  if (count_of(j->head()) != events) fail("the journal lost acknowledged events");
  return {took * 1e3, static_cast<double>(j->stats().events_reindexed_at_open)};
}

/// Medians of the rounds, after a crash and after a close.
std::pair<opened, opened> measure(const plan& p, std::uint64_t events) {
  const scratch crashed(p.directory + "/open-crashed");
  fill_and_crash(crashed.path(), events);
  std::vector<double> after_crash;
  std::vector<double> after_close;
  double reindexed = 0;
  for (int round = 0; round < p.rounds; ++round) {
    tell_progress("open at " + std::to_string(events) + " events, round " +
                  std::to_string(round + 1) + " of " + std::to_string(p.rounds));
    const scratch copy(p.directory + "/open");
    std::filesystem::copy(crashed.path(), copy.path(), std::filesystem::copy_options::recursive);
    const auto first = timed_open(copy.path(), events);
    after_crash.push_back(first.ms);
    reindexed = first.reindexed;
    after_close.push_back(timed_open(copy.path(), events).ms);
  }
  return {{median(after_crash), reindexed}, {median(after_close), 0}};
}

}  // namespace

void write_and_die(const std::string& directory, std::uint64_t events) {
  {
    workload from;
    const auto into = journal_pipelined().open(directory);
    load(*into, from, events, load_batch, "open, filling");
    ::raise(SIGKILL);
  }
  fail("still alive");
}

table measure_open(const plan& p) {
  table t{"open",
          "opening the journal, " + std::to_string(p.rounds) + " rounds",
          {{"before", "before"},
           {"events", "events"},
           {"ms", "ms", 1, "from the call to a journal that takes commits; pages are in memory"},
           {"events_reindexed", "reindexed", 0, "events that the index lacked"},
           {"ratio_to_smaller", ": smaller", 2, "ms against that at a tenth of the events", true}}};
  t.notes = {
      "crash: the writer killed itself by SIGKILL after its last acknowledgement; each round",
      "opens a copy. close: the same journal closed and opened once more. Opening reads the",
      "window of command ids: the newest million commits."};
  const auto [small_crash, small_close] = measure(p, p.smaller());
  const auto [large_crash, large_close] = measure(p, p.larger());
  const auto add = [&](const char* before, const opened& small, const opened& large) {
    const auto events = static_cast<double>(p.smaller());
    t.rows.push_back({std::string(before), events, small.ms, small.reindexed, cell{}});
    t.rows.push_back(
        {std::string(before), events * 10, large.ms, large.reindexed, large.ms / small.ms});
  };
  add("close", small_close, large_close);
  add("crash", small_crash, large_crash);
  return t;
}

}  // namespace fasti::bench
