// Tries to make the journal lose, double, tear or falsify something.
//
//     fasti_prove [--part NAME] [--budget SECONDS] [--seed N] [--findings N]
//
// Exit code: 0 nothing was found, 1 something was (each finding is printed), 2 wrong arguments.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <future>
#include <random>
#include <thread>

#include "tests/prove/parts.hpp"

namespace {

using namespace fasti::prove;

struct part {
  const char* name;
  const char* what;
  void (*run)(tally&, std::uint64_t seed);
  int share;  ///< Of the budget, in hundredths.
};
constexpr part parts[] = {
    {"crash-images", "crash images", crash_images, 45},
    {"disk-errors", "disk errors", disk_errors, 15},
    {"bit-flips", "bit flips", bit_flips, 20},
    {"kills", "kill -9 cycles", kills, 20},
};

/// Waits for all of them; on a terminal it says meanwhile how far they are.
void wait_for(std::vector<std::thread>& workers, const part& p, const tally& t, double seconds) {
  const auto started = std::chrono::steady_clock::now();
  const auto ended = std::async(std::launch::async, [&workers] {
    for (auto& w : workers) w.join();
  });
  const bool watched = ::isatty(STDERR_FILENO) != 0;
  while (ended.wait_for(std::chrono::milliseconds{500}) != std::future_status::ready) {
    if (!watched) continue;
    const std::chrono::duration<double> gone = std::chrono::steady_clock::now() - started;
    std::fprintf(stderr, "\r%s: %llu %s, %.0f of %.0f s ", p.name,
                 static_cast<unsigned long long>(t.checked()), p.what, gone.count(), seconds);
  }
  if (watched) std::fprintf(stderr, "\r\x1b[K");
}

/// True: nothing was found.
bool run(const part& p, double seconds, std::uint64_t seed, unsigned threads, int findings_max) {
  tally t(std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000)), findings_max);
  std::vector<std::thread> workers;
  for (unsigned i = 0; i < threads; ++i) workers.emplace_back([&, i] { p.run(t, seed + i); });
  wait_for(workers, p, t, seconds);
  const auto findings = t.findings();
  std::printf(
      "%-14s %9llu %s, seed %llu: %s\n", p.name, static_cast<unsigned long long>(t.checked()),
      p.what, static_cast<unsigned long long>(seed),
      findings.empty() ? "nothing found" : (std::to_string(findings.size()) + " found").c_str());
  for (const auto& f : findings) std::printf("  ! %s\n", f.c_str());
  std::fflush(stdout);
  return findings.empty() && t.checked() > 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Tries to make the journal lose, double, tear or falsify something."};
  std::string only;
  std::string append_to;
  double budget_s = 60;
  int findings_max = 5;
  std::uint64_t seed = std::random_device{}();
  unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  app.add_option("--part", only, "crash-images, disk-errors, bit-flips or kills; all if left out");
  app.add_option("--budget", budget_s, "Seconds, for all parts together")
      ->check(CLI::PositiveNumber);
  app.add_option("--seed", seed, "What to repeat; printed with every finding");
  app.add_option("--threads", threads, "How many search at once")->check(CLI::PositiveNumber);
  app.add_option("--findings", findings_max, "Stop a part after so many")
      ->check(CLI::PositiveNumber);
  app.add_option("--append-until-killed", append_to)->group("");
  CLI11_PARSE(app, argc, argv);
  if (!append_to.empty()) return append_until_killed(append_to, seed);
  bool good = true;
  bool any = false;
  for (const auto& p : parts) {
    if (!only.empty() && only != p.name) continue;
    any = true;
    good =
        run(p, only.empty() ? budget_s * p.share / 100 : budget_s, seed, threads, findings_max) &&
        good;
  }
  if (!any) std::fprintf(stderr, "fasti_prove: there is no part %s; see --help\n", only.c_str());
  return any ? (good ? 0 : 1) : 2;
}
