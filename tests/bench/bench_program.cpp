#include "bench_program.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>

#include "bench_kit.hpp"
#include "slower_disk.hpp"

namespace fasti::bench {
namespace {

struct settings {
  plan what;
  std::string json;
  disk_speed disk;
};

void add_disk_options(CLI::App& app, std::int64_t& sync_us, disk_speed& disk) {
  auto* sync = app.add_option("--sync", sync_us,
                              "As on a slower disk: a sync takes at least US microseconds")
                   ->type_name("US")
                   ->check(CLI::Range(1, 1'000'000).description(""));
  auto* bandwidth =
      app.add_option("--bandwidth", disk.megabytes_per_second,
                     "… and as long as it takes to write what is to be synced, at MB per second")
          ->type_name("MB")
          ->check(CLI::Range(1.0, 1e6).description(""));
  sync->needs(bandwidth);
  bandwidth->needs(sync);
}

/// What to do; otherwise `code` says how the program ends, which has been told all.
std::optional<settings> parse(const program& p, int argc, char** argv, int& code) {
  settings s{p.usual, {}, {}};
  s.what.directory = std::filesystem::temp_directory_path().string();
  std::vector<std::string> names;
  for (const auto& part : p.parts) names.emplace_back(part.name);
  CLI::App app{p.about};
  app.add_option("--rounds", s.what.rounds, "Rounds of each measurement")
      ->type_name("N")
      ->check(CLI::Range(1, 1000).description(""))
      ->capture_default_str();
  app.add_option("--dir", s.what.directory, "A directory on the disk to measure")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--json", s.json, "Write the figures as JSON")->type_name("FILE");
  app.add_option("--only", s.what.only, "This part; may be repeated")
      ->type_name("PART")
      ->check(CLI::IsMember(names));
  app.add_option("--engine", s.what.engine, "Engines whose name holds TEXT, for profiling")
      ->type_name("TEXT");
  std::int64_t sync_us = 0;
  add_disk_options(app, sync_us, s.disk);
  app.add_flag("--quick", s.what.quick, "A smoke of some seconds; its figures mean nothing");
  if (p.add_options) p.add_options(app, s.what);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    code = app.exit(e) == 0 ? 0 : 2;
    return std::nullopt;
  }
  if (s.what.quick) {
    s.what.rounds = 1;
    s.what.round_ms = 50;
    s.what.warm_up_ms = 0;
    s.what.events = p.quick_events;
  }
  s.disk.sync = std::chrono::microseconds{sync_us};
  s.what.directory += "/" + p.name;
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
  std::fprintf(stderr, "bench: cannot write %s\n", path.c_str());
  return false;
}

int measure(const program& p, const settings& s) {
  slow_down(s.disk);
  if (s.disk.sync.count() > 0) {
    std::printf("As on a slower disk: a sync takes at least %lld us, and its bytes %.0f MB/s.\n\n",
                static_cast<long long>(s.disk.sync.count()), s.disk.megabytes_per_second);
  }
  const scratch place(s.what.directory);
  std::vector<std::string> wrong;
  nlohmann::json figures{{"format", 1},
                         {"rounds", s.what.rounds},
                         {"sync_us_at_least", s.disk.sync.count()},
                         {"megabytes_per_second_at_most", s.disk.megabytes_per_second},
                         {"parts", nlohmann::json::array()}};
  for (const auto& part : p.parts) {
    if (!is_wanted(s.what, part.name)) continue;
    const auto t = part.measure(s.what);
    print(t);
    figures["parts"].push_back(to_json(t));
    for (auto& line : implausible(t)) wrong.push_back(std::move(line));
  }
  if (!s.json.empty() && !write_json(s.json, figures)) return 1;
  for (const auto& line : wrong) std::fprintf(stderr, "bench: cannot be: %s\n", line.c_str());
  return wrong.empty() ? 0 : 1;
}

}  // namespace

int run(program p, int argc, char** argv) {
  int code = 0;
  const auto asked = parse(p, argc, argv, code);
  if (!asked) return code;
  if (p.before) p.before();
  return measure(p, *asked);
}

}  // namespace fasti::bench
