/// `./dev bench`: how fast events become durable, against a plain file and raw LevelDB in the same
/// run, so that a noisy machine troubles all of them alike. Rounds are interleaved; the table holds
/// medians. What counts is the ratios.

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engines.hpp"

namespace fasti::bench {
namespace {

struct settings {
  std::vector<std::size_t> in_flight{1, 16, 256, 4096};
  std::chrono::milliseconds duration{700};
  int rounds = 5;
  std::string json;
  std::string only;  // part of an engine's name; the ratios are then of no use
  std::string directory = (std::filesystem::temp_directory_path() / "fasti-bench").string();
};

struct cell {
  std::vector<double> per_second;
  std::vector<double> p50_us;
  std::vector<double> p99_us;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double percentile_us(std::vector<std::chrono::nanoseconds>& samples, double fraction) {
  if (samples.empty()) return 0;
  std::sort(samples.begin(), samples.end());
  const auto at = static_cast<std::size_t>(fraction * static_cast<double>(samples.size() - 1));
  return std::chrono::duration<double, std::micro>(samples[at]).count();
}

void measure(cell& into, engine& e, const settings& s, std::size_t in_flight) {
  std::filesystem::remove_all(s.directory);
  std::filesystem::create_directories(s.directory);
  auto done = e.run(s.directory, in_flight, s.duration);
  into.per_second.push_back(done.per_second());
  into.p50_us.push_back(percentile_us(done.latencies, 0.5));
  into.p99_us.push_back(percentile_us(done.latencies, 0.99));
  std::filesystem::remove_all(s.directory);
}

void print_row(const engine& e, std::size_t in_flight, const cell& c, double file, double raw) {
  const double rate = median(c.per_second);
  std::printf("%9zu  %-30.*s %11.0f %11.0f %11.0f %8.2f %8.2f\n", in_flight,
              static_cast<int>(e.name().size()), e.name().data(), rate, median(c.p50_us),
              median(c.p99_us), rate / file, rate / raw);
}

nlohmann::json json_row(const engine& e, std::size_t in_flight, const cell& c, double file,
                        double raw) {
  const double rate = median(c.per_second);
  return {{"in_flight", in_flight},
          {"engine", e.name()},
          {"events_per_second", rate},
          {"p50_us", median(c.p50_us)},
          {"p99_us", median(c.p99_us)},
          {"ratio_to_plain_file", rate / file},
          {"ratio_to_raw_leveldb", rate / raw},
          {"rounds", c.per_second}};
}

nlohmann::json run(const settings& s) {
  auto engines = all_engines();
  std::erase_if(engines, [&s](const auto& e) { return e->name().find(s.only) == e->name().npos; });
  if (engines.empty()) return {};
  nlohmann::json rows = nlohmann::json::array();
  std::printf("%zu bytes an event, %d rounds of %lld ms each, medians, in %s\n\n", event_bytes(),
              s.rounds, static_cast<long long>(s.duration.count()), s.directory.c_str());
  std::printf("%9s  %-30s %11s %11s %11s %8s %8s\n", "in flight", "", "events/s", "p50 us",
              "p99 us", ": file", ": LevelDB");
  for (const auto in_flight : s.in_flight) {
    std::vector<cell> cells(engines.size());
    for (int round = 0; round < s.rounds; ++round) {
      for (std::size_t i = 0; i < engines.size(); ++i) {
        std::fprintf(stderr, "\rround %d of %d, %zu in flight: %-32.*s", round + 1, s.rounds,
                     in_flight, static_cast<int>(engines[i]->name().size()),
                     engines[i]->name().data());
        measure(cells[i], *engines[i], s, in_flight);
      }
    }
    std::fprintf(stderr, "\r%70s\r", "");
    const double file = median(cells[0].per_second);
    const double raw = median(cells[std::min<std::size_t>(1, cells.size() - 1)].per_second);
    for (std::size_t i = 0; i < engines.size(); ++i) {
      print_row(*engines[i], in_flight, cells[i], file, raw);
      rows.push_back(json_row(*engines[i], in_flight, cells[i], file, raw));
    }
    std::printf("\n");
    std::fflush(stdout);
  }
  return {{"format", 1}, {"event_bytes", event_bytes()}, {"rows", rows}};
}

int usage() {
  std::fprintf(stderr,
               "usage: fasti_bench [--json FILE] [--dir DIR] [--rounds N] [--ms N] [--quick]\n"
               "                   [--only ENGINE] [--in-flight N]\n"
               "  --dir DIR   a directory on the disk to measure; it is emptied\n"
               "  --quick     a smoke: one short round\n");
  return 2;
}

}  // namespace
}  // namespace fasti::bench

int main(int argc, char** argv) {
  fasti::bench::settings s;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const bool has_value = i + 1 < argc;
    if (option == "--quick") {
      s.rounds = 1;
      s.duration = std::chrono::milliseconds{50};
    } else if (option == "--json" && has_value) {
      s.json = argv[++i];
    } else if (option == "--dir" && has_value) {
      s.directory = std::string(argv[++i]) + "/fasti-bench";
    } else if (option == "--only" && has_value) {
      s.only = argv[++i];
    } else if (option == "--in-flight" && has_value) {
      s.in_flight = {static_cast<std::size_t>(std::max(1, std::atoi(argv[++i])))};
    } else if (option == "--rounds" && has_value) {
      s.rounds = std::max(1, std::atoi(argv[++i]));
    } else if (option == "--ms" && has_value) {
      s.duration = std::chrono::milliseconds{std::max(1, std::atoi(argv[++i]))};
    } else {
      return fasti::bench::usage();
    }
  }
  const auto figures = fasti::bench::run(s);
  if (s.json.empty()) return 0;
  std::ofstream out(s.json);
  out << figures.dump(2) << '\n';
  out.close();
  if (!out) {
    std::fprintf(stderr, "bench: cannot write %s\n", s.json.c_str());
    return 1;
  }
  return 0;
}
