/// `./dev bench journal`: what the journal costs beside a plain file, raw LevelDB and, where they
/// are installed, SQLite and RocksDB. What counts is the ratios: all engines get the same bytes in
/// the same run and take turns, so that a noisy machine troubles all of them alike.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <variant>

#include "bench_kit.hpp"
#include "parts.hpp"
#include "slower_disk.hpp"

namespace fasti::bench {
namespace {

struct part {
  const char* name;
  table (*measure)(const plan&);
};
constexpr part parts[] = {{"append", measure_append},   {"scan", measure_scan},
                          {"streams", measure_streams}, {"disk", measure_disk},
                          {"open", measure_open},       {"growth", measure_growth}};

struct settings {
  plan what;
  std::string json;
  disk_speed disk;
  std::string crash_writer;  // its directory; empty: this is the benchmark
  std::uint64_t crash_events = 0;
};

constexpr auto about =
    "Measures the journal on the disk of --dir: synced appends, scans, streams, what the disk is\n"
    "given, opening, growth. A line of progress goes to stderr every two seconds.";

/// What to do, or the exit code of a program that has been told all.
std::variant<settings, int> parse(int argc, char** argv) {
  settings s;
  s.what.directory = std::filesystem::temp_directory_path().string();
  std::vector<std::string> names;
  for (const auto& p : parts) names.emplace_back(p.name);
  CLI::App app{about};
  app.add_option("--events", s.what.events, "Events of a full store")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{10'000}, std::uint64_t{1'000'000'000}).description(""))
      ->capture_default_str();
  app.add_option("--rounds", s.what.rounds, "Rounds of each measurement")
      ->type_name("N")
      ->check(CLI::Range(1, 1000).description(""))
      ->capture_default_str();
  app.add_flag("--large", s.what.large,
               "open and growth: compare N with 10 N events, not N/10 with N");
  app.add_option("--dir", s.what.directory, "A directory on the disk to measure")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--json", s.json, "Write the figures as JSON")->type_name("FILE");
  app.add_option("--only", s.what.only,
                 "append, scan, streams, disk, open or growth; may be repeated")
      ->type_name("PART")
      ->check(CLI::IsMember(names).description(""));
  app.add_option("--engine", s.what.engine, "append: engines whose name holds TEXT, for profiling")
      ->type_name("TEXT");
  app.add_option("--batch", s.what.batch, "append: this batch alone")->type_name("N");
  std::int64_t sync_us = 0;
  auto* sync = app.add_option("--sync", sync_us,
                              "As on a slower disk: a sync takes at least US microseconds")
                   ->type_name("US")
                   ->check(CLI::Range(1, 1'000'000).description(""));
  auto* bandwidth =
      app.add_option("--bandwidth", s.disk.megabytes_per_second,
                     "… and as long as it takes to write what is to be synced, at MB per second")
          ->type_name("MB")
          ->check(CLI::Range(1.0, 1e6).description(""));
  sync->needs(bandwidth);
  bandwidth->needs(sync);
  app.add_flag("--quick", s.what.quick, "A smoke of some seconds; its figures mean nothing");
  app.add_option("--crash-writer", s.crash_writer)->group("");
  app.add_option("--crash-events", s.crash_events)->group("");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  if (s.what.quick) {
    s.what.events = 4000;
    s.what.rounds = 1;
  }
  s.disk.sync = std::chrono::microseconds{sync_us};
  s.what.directory += "/fasti-journal-bench";
  return s;
}

bool is_wanted(const plan& p, const std::string& name) {
  return p.only.empty() || std::find(p.only.begin(), p.only.end(), name) != p.only.end();
}

bool write_json(const std::string& path, const nlohmann::json& figures) {
  std::ofstream out(path);
  out << figures.dump(2) << '\n';
  out.close();
  if (out) return true;
  std::fprintf(stderr, "journal bench: cannot write %s\n", path.c_str());
  return false;
}

int run(const settings& s) {
  slow_down(s.disk);
  if (s.disk.sync.count() > 0) {
    std::printf("As on a slower disk: a sync takes at least %lld us, and its bytes %.0f MB/s.\n\n",
                static_cast<long long>(s.disk.sync.count()), s.disk.megabytes_per_second);
  }
  const scratch place(s.what.directory);
  std::vector<std::string> wrong;
  nlohmann::json figures{{"format", 1},
                         {"events", s.what.events},
                         {"rounds", s.what.rounds},
                         {"sync_us_at_least", s.disk.sync.count()},
                         {"megabytes_per_second_at_most", s.disk.megabytes_per_second},
                         {"parts", nlohmann::json::array()}};
  for (const auto& p : parts) {
    if (!is_wanted(s.what, p.name)) continue;
    const auto t = p.measure(s.what);
    print(t);
    figures["parts"].push_back(to_json(t));
    for (auto& line : implausible(t)) wrong.push_back(std::move(line));
  }
  if (!s.json.empty() && !write_json(s.json, figures)) return 1;
  for (const auto& line : wrong)
    std::fprintf(stderr, "journal bench: cannot be: %s\n", line.c_str());
  return wrong.empty() ? 0 : 1;
}

}  // namespace
}  // namespace fasti::bench

int main(int argc, char** argv) {
  const auto parsed = fasti::bench::parse(argc, argv);
  if (const int* code = std::get_if<int>(&parsed)) return *code;
  const auto& settings = std::get<fasti::bench::settings>(parsed);
  if (!settings.crash_writer.empty()) {
    fasti::bench::write_and_die(settings.crash_writer, settings.crash_events);
  }
  return fasti::bench::run(settings);
}
