// kill -9 after the k-th acknowledgement, again and again on the same directory. The oracle is
// outside the killed process: the lines that it wrote about what was acknowledged.

#include <gtest/gtest.h>

#include <csignal>
#include <iostream>
#include <map>
#include <random>
#include <sstream>

#include "fasti/runtime.hpp"
#include "ledger.hpp"
#include "temp_dir.hpp"
#include "tests/samples/process.hpp"

namespace fasti::test {
namespace {

constexpr int rounds = 20;
constexpr int acknowledgements_max = 400;

struct acknowledged {
  std::string stream;
  std::uint64_t version = 0;
  std::uint64_t position = 0;
  std::uint64_t events = 0;
};
using oracle = std::map<std::string, acknowledged>;  // by command id

/// Takes a line over; false when it is not an acknowledgement.
[[nodiscard]] bool note(const std::string& line, oracle& known) {
  std::istringstream words(line);
  std::string kind;
  std::string name;
  acknowledged a;
  words >> kind >> name >> a.stream >> a.version >> a.position >> a.events;
  if (kind != "ack" || !words) return false;
  return known.emplace(command_id::of(name).to_string(), a).second;
}

/// Lets it run until `kills_at` lines came, kills it, and takes the lines that were on their way.
void run_and_kill(const std::string& directory, int round, int kills_at, oracle& known) {
  child writer({CRASH_WRITER, directory, std::to_string(round)});
  int lines = 0;
  while (auto line = writer.read_line()) {
    ASSERT_TRUE(note(*line, known)) << "round " << round << ": " << *line;
    if (++lines == kills_at) writer.send_signal(SIGKILL);
  }
  ASSERT_EQ(writer.wait().signal, SIGKILL);
  ASSERT_GE(lines, kills_at);
}

/// A command as the journal has it.
struct stored {
  std::string stream;
  std::uint64_t last_version = 0;
  std::uint64_t last_position = 0;
  std::uint64_t events = 0;
  std::int64_t cents = 0;
};

struct journal_contents {
  std::map<std::string, stored> commands;
  std::map<std::string, std::uint64_t> versions;
  std::map<std::string, std::int64_t> balances;  // by stream
  std::map<std::string, std::uint64_t> entries;
  std::uint64_t events = 0;
};

[[nodiscard]] journal_contents contents_of(const journal& j) {
  journal_contents c;
  std::string previous;
  auto read = j.read({}, [&](const recorded_event& e) {
    EXPECT_EQ(count_of(e.position), ++c.events) << "P4: a gap of positions";
    const std::string stream(e.stream);
    EXPECT_EQ(count_of(e.version), ++c.versions[stream]) << "P4: a gap in " << stream;
    const auto id = e.command.to_string();
    auto [at, is_new] = c.commands.try_emplace(id);
    EXPECT_TRUE(is_new || id == previous) << "P8: command " << id << " had an effect twice";
    previous = id;
    stored& s = at->second;
    s.stream = stream;
    s.last_version = count_of(e.version);
    s.last_position = count_of(e.position);
    ++s.events;
    const auto cents = body_reader(e.body).root<Deposited>().getCents();
    s.cents += cents;
    c.balances[stream] += cents;
    ++c.entries[stream];
    return visit::more;
  });
  EXPECT_TRUE(read.has_value()) << read.error().to_string();
  return c;
}

void expect_acknowledged_are_there(const oracle& known, const journal_contents& c,
                                   const journal& j) {
  for (const auto& [id, a] : known) {
    const auto found = c.commands.find(id);
    ASSERT_NE(found, c.commands.end()) << "P1: acknowledged and lost: " << id;
    const stored& s = found->second;
    ASSERT_EQ(s.stream, a.stream);
    ASSERT_EQ(s.events, a.events) << "P3: half of a commit";
    ASSERT_EQ(s.last_version, a.version);
    ASSERT_EQ(s.last_position, a.position);
  }
  for (const auto& [id, s] : c.commands) {
    command_id key;
    key.high = std::stoull(id.substr(0, 16), nullptr, 16);
    key.low = std::stoull(id.substr(16), nullptr, 16);
    const auto record = j.find_command(key);
    ASSERT_TRUE(record.has_value()) << "P8: a stored command that is not known: " << id;
    ASSERT_EQ(count_of(record->outcome.last_position), s.last_position);
    ASSERT_EQ(count_of(record->outcome.first_position), s.last_position - s.events + 1);
  }
}

/// The n-th command of a round is a Split of 2 + n % 8 parts when 3 divides n: all or nothing.
void expect_no_half_commits(int last_round, const journal_contents& c) {
  std::size_t named = 0;
  for (int round = 0; round <= last_round; ++round) {
    for (std::uint64_t n = 0; n < 100'000 && named < c.commands.size(); ++n) {
      const auto name = "round-" + std::to_string(round) + "-command-" + std::to_string(n);
      const auto found = c.commands.find(command_id::of(name).to_string());
      if (found == c.commands.end()) {
        if (n % 1000 == 999) break;  // far behind what a round had under way
        continue;
      }
      ++named;
      ASSERT_EQ(found->second.events, n % 3 == 0 ? 2 + n % 8 : 1) << "P3: half of " << name;
    }
  }
  EXPECT_EQ(named, c.commands.size()) << "a command that nobody sent";
}

void expect_views_and_states_agree(runtime& rt, const journal_contents& c) {
  for (const auto& [stream, cents] : c.balances) {
    const auto key = stream.substr(stream.find('-') + 1);
    auto row = rt.query<balances, GetBalance>([&](auto q) { q.setAccount(key.c_str()); },
                                              {.visible_at = rt.journal().head()})
                   .get();
    ASSERT_TRUE(row.has_value()) << row.error().to_string();
    EXPECT_EQ((*row)->getCents(), cents) << "P9: view of " << stream;
    EXPECT_EQ((*row)->getEntries(), c.entries.at(stream)) << "P9: exactly once";
    auto state = rt.query<ledger, GetBalance>(stream, [](auto) {}).get();
    ASSERT_TRUE(state.has_value()) << state.error().to_string();
    EXPECT_EQ((*state)->getCents(), cents) << "P13: state of " << stream;
    EXPECT_EQ((*state)->getEntries(), c.entries.at(stream));
  }
}

void check(const std::string& directory, int round, const oracle& known) {
  runtime_options options;
  options.path = directory;
  options.snapshot_every_events = 20;
  options.worker_threads = 2;
  auto rt = runtime::open<ledger, balances>(options);
  ASSERT_TRUE(rt.has_value()) << rt.error().to_string();
  const auto c = contents_of(rt->journal());
  expect_acknowledged_are_there(known, c, rt->journal());
  expect_no_half_commits(round, c);
  expect_views_and_states_agree(*rt, c);
  EXPECT_TRUE(rt->close().has_value());
}

TEST(Crash, P1_P3_P4_P5_P8_P9_HoldAfterEachKill) {
  const unsigned seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const temp_dir dir;
  const auto directory = dir / "journal";
  oracle known;
  for (int round = 0; round < rounds; ++round) {
    const auto kills_at = static_cast<int>(random() % acknowledgements_max) + 1;
    SCOPED_TRACE("round " + std::to_string(round) + ", killed at " + std::to_string(kills_at));
    run_and_kill(directory, round, kills_at, known);
    if (testing::Test::HasFatalFailure()) return;
    check(directory, round, known);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Crash, P8_ACommandThatWasAcknowledgedBeforeTheKillIsARepeatAfterIt) {
  const temp_dir dir;
  const auto directory = dir / "journal";
  oracle known;
  run_and_kill(directory, 0, 50, known);
  ASSERT_FALSE(HasFatalFailure());
  runtime_options options;
  options.path = directory;
  auto rt = runtime::open<ledger, balances>(options);
  ASSERT_TRUE(rt.has_value()) << rt.error().to_string();
  const auto head = rt->journal().head();
  int repeats = 0;
  for (int n = 1; n < 50; ++n) {
    if (n % 3 == 0) continue;
    command_origin origin;
    origin.id = command_id::of("round-0-command-" + std::to_string(n));
    const auto first = known.find(origin.id.to_string());
    if (first == known.end()) continue;
    const auto r = rt->send<Deposit>(
                         "ledger-" + std::to_string(n % 7), [](auto c) { c.setCents(1); }, origin)
                       .get();
    ASSERT_TRUE(r.has_value()) << r.error().to_string();
    EXPECT_EQ(r->what, committed::kind::repeat);
    EXPECT_EQ(count_of(r->version), first->second.version);
    EXPECT_EQ(count_of(r->position), first->second.position);
    ++repeats;
  }
  EXPECT_GT(repeats, 0);
  EXPECT_EQ(rt->journal().head(), head);
}

TEST(Crash, P8_AReplyThatWasGivenBeforeTheKillIsGivenAgainAfterIt) {
  const temp_dir dir;
  const auto directory = dir / "journal";
  child writer({CRASH_WRITER, directory, "0", "draws"});
  std::map<std::string, std::int64_t> left;  // by the command's name
  int lines = 0;
  while (auto line = writer.read_line()) {
    std::istringstream words(*line);
    std::string kind;
    std::string name;
    words >> kind >> name;
    if (kind == "left") words >> left[name];
    ASSERT_TRUE(words && (kind == "left" || kind == "ack")) << *line;
    if (++lines == 300) writer.send_signal(SIGKILL);
  }
  ASSERT_EQ(writer.wait().signal, SIGKILL);
  ASSERT_GT(left.size(), 200U);
  runtime_options options;
  options.path = directory;
  auto rt = runtime::open<ledger, balances>(options);
  ASSERT_TRUE(rt.has_value()) << rt.error().to_string();
  // The balance that a draw sees now is not the one that it saw: none of them is decided again.
  const auto head = rt->journal().head();
  for (const auto& [name, was_left] : left) {
    const auto n = std::stoull(name.substr(name.rfind('-') + 1));
    const auto r =
        rt->send<ledger, Draw>("ledger-" + std::to_string(n % 7), [](auto c) { c.setCents(1); },
                               {.id = command_id::of(name)})
            .get();
    ASSERT_TRUE(r.has_value()) << r.error().to_string();
    EXPECT_EQ(r->receipt.what, committed::kind::repeat);
    EXPECT_EQ(r->reply->getLeft(), was_left) << name;
  }
  EXPECT_EQ(rt->journal().head(), head);
}

}  // namespace
}  // namespace fasti::test
