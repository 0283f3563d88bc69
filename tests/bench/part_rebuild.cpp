// How fast a view is made anew beside the one that serves, in one lane and in two.
#include "ledgers.hpp"
#include "parts.hpp"
#include "raw_scan.hpp"

namespace fasti::bench {
namespace {

/// `balances`, in lanes if wanted, and with something to think about at each event.
template <unsigned Lanes, unsigned Thoughts>
struct rebuilt_balances : test::balances {
  static constexpr auto name = "rebuilt";
  static constexpr projection_options options{.lanes = Lanes};
  static std::string order_key(const recorded_event& e) { return std::string(e.key()); }

  template <class Event>
  void apply(Event e, const recorded_event& at, fasti::rows<row>& rows) {
    thought ^= count_of(at.position);
    for (unsigned i = 0; i < Thoughts; ++i) {
      thought ^= thought << 13U;
      thought ^= thought >> 7U;
      thought ^= thought << 17U;
    }
    if (thought == 0) fail("xorshift came to zero");  // it cannot: so that it is not left out
    test::balances::apply(e, at, rows);
  }
  std::uint64_t thought = 88172645463325252U;
};
constexpr unsigned hard_thoughts = 5'000;

struct contestant {
  std::string name;
  double (*events_per_second)(std::uint64_t events, const std::string& directory);
  std::vector<double> rate = {};
};

double scan_raw(std::uint64_t events, const std::string& directory) {
  const auto files = open_raw_beside(directory);
  const auto begin = stopwatch::now();
  if (raw_scan(*files.db).events != events) fail("a scan did not see all events");
  return static_cast<double>(events) / seconds_since(begin);
}

template <unsigned Lanes, unsigned Thoughts>
double rebuild(std::uint64_t events, const std::string& directory) {
  using view = rebuilt_balances<Lanes, Thoughts>;
  auto rt = open_ledgers(directory);
  if (auto added = rt.add<view>(); !added) fail(added.error().to_string());
  const auto shown = rt.read_view<view>(
      [](const auto&) {}, {.visible_at = position{events}, .timeout = std::chrono::hours{1}});
  if (!shown) fail(shown.error().to_string());
  const auto begin = stopwatch::now();
  auto made = rt.rebuild<view>({.then = when_caught_up::wait});
  if (!made) fail(made.error().to_string());
  while (true) {
    const auto status = made->wait(std::chrono::seconds{2});
    if (status) break;
    if (status.error().reason != "still-folding") fail(status.error().to_string());
    tell_progress("rebuild, " + std::to_string(count_of(made->status().at)) + " of " +
                  std::to_string(events) + " events");
  }
  const auto took = seconds_since(begin);
  const auto differences = made->compare();
  if (!differences || differences->rows() != 0) fail("the rebuilt view is another");
  if (auto done = made->switch_over(); !done) fail(done.error().to_string());
  close(rt);
  return static_cast<double>(events) / took;
}

}  // namespace

table measure_rebuild(const plan& p) {
  const auto events = p.quick ? p.events : p.large ? 10'000'000 : 1'000'000;
  const scratch place(p.directory + "/rebuild");
  fill_journal_and_raw(place.path(), events, "rebuild");
  std::vector<contestant> all{{"raw LevelDB, scan", scan_raw},
                              {"rebuild", rebuild<1, 0>},
                              {"rebuild, two lanes", rebuild<2, 0>},
                              {"rebuild, hard apply", rebuild<1, hard_thoughts>},
                              {"rebuild, hard apply, two lanes", rebuild<2, hard_thoughts>}};
  std::erase_if(all, [&p](const auto& c) {
    const bool takes_long = p.large && c.name.find("hard") != c.name.npos;
    return takes_long || c.name.find(p.engine) == c.name.npos;
  });
  for (int round = 0; round < p.rounds; ++round) {
    for (auto& c : all) {
      tell_progress("rebuild, round " + std::to_string(round + 1) + " of " +
                    std::to_string(p.rounds) + ", " + c.name);
      calm_disk(place.path());
      c.rate.push_back(c.events_per_second(events, place.path()));
    }
  }
  table t{"rebuild",
          "making a view of " + std::to_string(events) + " events anew beside the one that serves",
          {{"engine", "engine"},
           {"events_per_second", "events/s"},
           {"ratio_to_scan", ": scan", 2, "events/s against the scan in the same round", true}}};
  t.notes = {"Each is compared with the view that serves, row by row, and takes its place; that is",
             "not counted. A hard apply computes for some 10 us at each event."};
  for (const auto& c : all) {
    const bool is_beside_scan = all.front().name.ends_with("scan");
    t.rows.push_back({c.name, median(c.rate),
                      is_beside_scan ? cell{median_ratio(c.rate, all.front().rate)} : cell{}});
  }
  return t;
}

}  // namespace fasti::bench
