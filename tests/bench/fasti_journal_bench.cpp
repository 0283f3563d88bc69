/// `./dev bench journal`: what the journal costs beside a plain file, raw LevelDB and, where they
/// are installed, SQLite and RocksDB. What counts is the ratios: all engines get the same bytes in
/// the same run and take turns, so that a noisy machine troubles all of them alike.

#include "bench_program.hpp"

namespace fasti::bench {
namespace {

void add_options(CLI::App& app, plan& p) {
  app.add_option("--events", p.events, "Events of a full store")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{10'000}, std::uint64_t{1'000'000'000}).description(""))
      ->capture_default_str();
  app.add_flag("--large", p.large, "open and growth: compare N with 10 N events, not N/10 with N");
  app.add_option("--batch", p.batch, "append: this batch alone")->type_name("N");
}

}  // namespace
}  // namespace fasti::bench

int main(int argc, char** argv) {
  using namespace fasti::bench;
  std::string crash_writer;  // its directory; empty: this is the benchmark
  std::uint64_t crash_events = 0;
  program journal{"fasti-journal-bench",
                  "Measures the journal on the disk of --dir: synced appends, scans, streams, what "
                  "the disk is\n"
                  "given, opening, growth. A line of progress goes to stderr every two seconds.",
                  {{"append", measure_append},
                   {"scan", measure_scan},
                   {"streams", measure_streams},
                   {"disk", measure_disk},
                   {"open", measure_open},
                   {"growth", measure_growth}}};
  journal.add_options = [&](CLI::App& app, plan& p) {
    add_options(app, p);
    app.add_option("--crash-writer", crash_writer)->group("");
    app.add_option("--crash-events", crash_events)->group("");
  };
  journal.before = [&] {
    if (!crash_writer.empty()) write_and_die(crash_writer, crash_events);
  };
  return run(std::move(journal), argc, argv);
}
