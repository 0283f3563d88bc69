/// `./dev bench`: what commands, aggregates in memory and their coming back cost, beside a plain
/// file, raw LevelDB and bare CAF in the same run. What counts is the ratios.

#include "bench_program.hpp"

int main(int argc, char** argv) {
  using namespace fasti::bench;
  program aggregates{
      "fasti-bench",
      "Measures the runtime on the disk of --dir: durable commands, memory of aggregates, how "
      "fast\n"
      "they come back, how fast subscriptions and views catch up, and how far they are behind. A\n"
      "line of progress goes to stderr every two seconds.",
      {{"commands", measure_commands},
       {"memory", measure_memory},
       {"activation", measure_activation},
       {"catchup", measure_catchup},
       {"rebuild", measure_rebuild},
       {"followers", measure_followers},
       {"visible", measure_visible}}};
  aggregates.usual.events = 100'000;
  aggregates.quick_events = 1000;
  aggregates.add_options = [](CLI::App& app, plan& p) {
    app.add_option("--in-flight", p.batch, "commands: so many in flight alone")->type_name("N");
    app.add_option("--ms", p.round_ms,
                   "commands: how long many in flight are measured in a round; few a quarter of it")
        ->type_name("N")
        ->check(CLI::Range(10, 60'000).description(""))
        ->capture_default_str();
    app.add_option("--warm-up", p.warm_up_ms, "commands: how long many in flight run before that")
        ->type_name("N")
        ->check(CLI::Range(0, 60'000).description(""))
        ->capture_default_str();
    app.add_flag("--large", p.large,
                 "memory: a million aggregates, not a hundred thousand; "
                 "rebuild: ten million events, not one million");
  };
  return run(std::move(aggregates), argc, argv);
}
