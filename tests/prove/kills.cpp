#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>

#include "tests/prove/load.hpp"
#include "tests/prove/parts.hpp"
#include "tests/support/temp_dir.hpp"

namespace fasti::prove {
namespace {

runtime_options options_of(const std::string& directory) {
  runtime_options options;
  options.path = directory;
  options.when_missing = when_missing::create;
  options.log = [](log_level, std::string_view) {};
  return options;
}
constexpr persistence::leveldb_tuning small{
    .log_bytes = 1U << 20, .index_events_in_memory = 2000, .ahead_bytes_min = 1};

/// Says what was acknowledged, a line in one write: shorter than PIPE_BUF.
class speaker final : public commit_observer {
 public:
  speaker(command_id id, std::atomic<int>& under_way) : id_(id), under_way_(under_way) {}
  void on_outcome(result<committed> outcome) noexcept override {
    std::array<char, 160> line{};
    const int length =
        outcome
            ? std::snprintf(line.data(), line.size(), "%016llx%016llx %llu %llu\n",
                            static_cast<unsigned long long>(id_.high),
                            static_cast<unsigned long long>(id_.low),
                            static_cast<unsigned long long>(count_of(outcome->first_position)),
                            static_cast<unsigned long long>(count_of(outcome->last_position)))
            : std::snprintf(line.data(), line.size(), "error %s\n", outcome.error().reason.c_str());
    if (::write(3, line.data(), static_cast<std::size_t>(length)) != length) ::_exit(3);
    --under_way_;
    under_way_.notify_one();
  }

 private:
  const command_id id_;
  std::atomic<int>& under_way_;
};

/// first and last position by command id.
using oracle = std::map<std::string, std::pair<std::uint64_t, std::uint64_t>>;

/// Reads what the process says until it has said `kill_at` lines, kills it, reads the rest.
std::string listen_and_kill(int from, pid_t child, int kill_at, oracle& known) {
  std::string text;
  std::array<char, 4096> piece{};
  int lines = 0;
  while (true) {
    const auto got = ::read(from, piece.data(), piece.size());
    if (got <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(got));
    for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
      std::array<char, 40> id{};
      unsigned long long first = 0;
      unsigned long long last = 0;
      const auto line = text.substr(0, end);
      text.erase(0, end + 1);
      if (std::sscanf(line.c_str(), "%32s %llu %llu", id.data(), &first, &last) != 3) {
        ::kill(child, SIGKILL);
        return "it said: " + line;
      }
      known[id.data()] = {first, last};
      if (++lines == kill_at) ::kill(child, SIGKILL);
    }
  }
  return lines < kill_at ? "it ended by itself" : "";
}

std::string run_and_kill(const std::string& directory, std::uint64_t seed, int kill_at,
                         oracle& known) {
  std::array<int, 2> pipe{};
  if (::pipe(pipe.data()) != 0) return "no pipe";
  const auto seed_text = std::to_string(seed);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(pipe[1], 3);
    ::execl("/proc/self/exe", "fasti_prove", "--append-until-killed", directory.c_str(), "--seed",
            seed_text.c_str(), nullptr);
    ::_exit(4);
  }
  ::close(pipe[1]);
  auto wrong = child < 0 ? "no process" : listen_and_kill(pipe[0], child, kill_at, known);
  ::close(pipe[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (wrong.empty() && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)) {
    return "it was not killed, but ended with " + std::to_string(status);
  }
  return wrong;
}

std::string check(const std::string& directory, const oracle& known) {
  auto opened =
      persistence::open_leveldb_journal(options_of(directory), persistence::posix_disk(), small);
  if (!opened) return "P5: " + opened.error().to_string();
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> stored;
  std::map<std::string, std::uint64_t> versions;
  std::uint64_t events = 0;
  std::string wrong;
  auto read = (*opened)->read({}, [&](const recorded_event& e) {
    if (count_of(e.position) != ++events) wrong = "P4: a gap of positions";
    if (count_of(e.version) != ++versions[std::string(e.stream)]) wrong = "P4: a gap of versions";
    auto& span = stored[e.command.to_string()];
    if (span.first == 0) span.first = events;
    if (span.second != 0 && span.second + 1 != events) wrong = "P8: a command had an effect twice";
    span.second = events;
    return visit::more;
  });
  if (!read) return "P10: " + read.error().to_string();
  if (!wrong.empty()) return wrong;
  for (const auto& [id, span] : known) {
    const auto found = stored.find(id);
    if (found == stored.end()) return "P1: acknowledged and lost: command " + id;
    if (found->second != span) return "P3: not all of command " + id + " is there";
  }
  for (const auto& [id, span] : stored) {
    command_id key;
    key.high = std::stoull(id.substr(0, 16), nullptr, 16);
    key.low = std::stoull(id.substr(16), nullptr, 16);
    if (!(*opened)->find_command(key)) return "P8: a command that is stored is not known";
  }
  return {};
}

}  // namespace

int append_until_killed(const std::string& directory, std::uint64_t seed) {
  auto opened =
      persistence::open_leveldb_journal(options_of(directory), persistence::posix_disk(), small);
  if (!opened) {
    const auto line = "error " + opened.error().to_string() + "\n";
    return ::write(3, line.data(), line.size()) < 0 ? 2 : 1;
  }
  std::mt19937_64 random(seed);
  std::atomic<int> under_way{0};
  while (true) {
    for (int now = under_way; now >= 32; now = under_way) under_way.wait(now);
    const auto stream = "s-" + std::to_string(random() % 50);
    commit c =
        test::commit_to(stream, static_cast<std::uint32_t>(1 + random() % 8),
                        expected_version::any(), static_cast<std::uint32_t>(1 + random() % 300));
    c.origin.id = command_id{unique_id{random(), random()}};
    ++under_way;
    auto observer = std::make_unique<speaker>(c.origin.id, under_way);
    if (!(*opened)->append(std::move(c), nullptr, std::move(observer))) return 1;
  }
}

void kills(tally& t, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  while (t.goes_on()) {
    const test::temp_dir dir;
    oracle known;
    for (int round = 0; round < 25 && t.goes_on(); ++round) {
      const int kill_at = 1 + static_cast<int>(random() % (round % 5 == 4 ? 600 : 60));
      auto wrong = run_and_kill(dir / "journal", random(), kill_at, known);
      if (wrong.empty()) wrong = check(dir / "journal", known);
      t.count();
      if (wrong.empty()) continue;
      t.find("seed " + std::to_string(seed) + ", round " + std::to_string(round) + ", killed at " +
             std::to_string(kill_at) + ": " + wrong);
      break;
    }
  }
}

}  // namespace fasti::prove
