// An office that handles requests for loans: a process manager for each, fed with a log.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <thread>

#include "domain.hpp"
#include "office.hpp"

namespace {

using std::chrono::steady_clock;

int fail(const fasti::error& e) {
  std::cerr << "loans: " << e.to_string() << '\n';
  return 1;
}

/// Says now and then how far it is, to a person and to who has asked for it.
class progress {
 public:
  explicit progress(int also_to) : also_to_(also_to) {}
  void operator()(std::uint64_t rows) {
    if (rows % 1000 != 0) return;
    const auto line = std::to_string(rows) + "\n";
    if (also_to_ >= 0 && ::write(also_to_, line.data(), line.size()) < 0) also_to_ = -1;
    if (steady_clock::now() - said_ < std::chrono::seconds(2)) return;
    said_ = steady_clock::now();
    std::cerr << "loans: " << rows << " rows\n";
  }

 private:
  int also_to_;
  steady_clock::time_point said_ = steady_clock::now();
};

std::uint64_t tallied(const std::map<std::string, loans::tally>& all) {
  std::uint64_t n = 0;
  for (const auto& [name, t] : all) n += t.tallied;
  return n;
}

/// Until all of them are tallied, or nothing has moved for a minute.
fasti::result<std::map<std::string, loans::tally>> wait_for_the_clerks(fasti::runtime& rt,
                                                                       std::uint64_t rows) {
  auto moved = steady_clock::now();
  auto said = moved;
  std::uint64_t before = 0;
  while (true) {
    auto all = loans::tallies(rt);
    if (!all) return all;
    const auto n = tallied(*all);
    const auto now = steady_clock::now();
    if (n != before) moved = now;
    before = n;
    if (n >= rows || now - moved > std::chrono::minutes(1)) return all;
    if (now - said > std::chrono::seconds(2)) {
      said = now;
      std::cerr << "loans: " << n << " of " << rows << " tallied\n";
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

/// False when one does not agree with the file.
bool print(const loans::counts& in_file, const std::map<std::string, loans::tally>& all) {
  bool agrees = all.size() == in_file.size();
  std::printf("%-32s %10s %10s %10s\n", "activity", "in file", "recorded", "tallied");
  for (const auto& [name, count] : in_file) {
    const auto found = all.find(name);
    const auto t = found == all.end() ? loans::tally{} : found->second;
    const bool same = t.recorded == count && t.tallied == count;
    agrees = agrees && same;
    std::printf("%-32s %10llu %10llu %10llu%s\n", name.c_str(),
                static_cast<unsigned long long>(count), static_cast<unsigned long long>(t.recorded),
                static_cast<unsigned long long>(t.tallied), same ? "" : "  FAIL");
  }
  return agrees;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Follows requests for loans. Exit code 0: all that the log says was tallied once."};
  loans::import_options import;
  std::string directory = "loans.fasti";
  int say_to = -1;
  app.add_option("--input", import.input,
                 "the log: case_id,activity,timestamp,lifecycle,resource,…; .csv or .csv.gz")
      ->required();
  app.add_option("--rows", import.rows, "no more than so many; 0: all")->capture_default_str();
  app.add_option("--dir", directory, "the journal's directory")->capture_default_str();
  app.add_option("--say-to", say_to, "a descriptor that gets a line for each thousand rows");
  CLI11_PARSE(app, argc, argv);

  auto rt =
      fasti::runtime::open<loans::application, loans::activity, loans::clerk, loans::activities>(
          {.path = directory, .when_missing = fasti::when_missing::create});
  if (!rt) return fail(rt.error());
  const auto begin = steady_clock::now();
  import.on_progress = progress(say_to);
  const auto in_file = loans::import_log(*rt, import);
  if (!in_file) return fail(in_file.error());
  std::uint64_t rows = 0;
  for (const auto& [name, count] : *in_file) rows += count;
  const auto all = wait_for_the_clerks(*rt, rows);
  if (!all) return fail(all.error());
  const std::chrono::duration<double> took = steady_clock::now() - begin;
  const bool agrees = print(*in_file, *all);
  std::printf("\n%llu rows in %.1f s, %llu events in the journal: %s\n",
              static_cast<unsigned long long>(rows), took.count(),
              static_cast<unsigned long long>(count_of(rt->journal().head())),
              agrees ? "all agree" : "they do NOT agree");
  if (auto closed = rt->close(); !closed) return fail(closed.error());
  return agrees ? 0 : 1;
}
