// Sends commands for ever and writes a line for each acknowledged one to descriptor 3, until it is
// killed: crash_writer <directory> <round> [draws]. The parent is the oracle.
//
//     ack <command's name> <stream> <version> <position> <events>
//     left <command's name> <what the reply of a draw says is left>
//
// With `draws`: a deposit to each account, then one draw after the other from it.

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <thread>

#include "fasti/runtime.hpp"
#include "ledger.hpp"

namespace {

using namespace fasti;
using namespace fasti::test;

constexpr std::uint64_t streams_count = 7;
constexpr std::size_t under_way_max = 64;

/// One line in one write: shorter than PIPE_BUF, so lines of several threads do not mix.
void say(const char* line, int length) {
  if (::write(3, line, static_cast<std::size_t>(length)) != length) std::_Exit(3);
}

class writer {
 public:
  writer(runtime& rt, std::string round) : rt_(rt), round_(std::move(round)) {}

  void send(std::uint64_t n) {
    const auto [name, stream, origin] = next(n);
    auto done = [this, name = name](const result<receipt>& r) { acknowledge(name, r); };
    if (n % 3 == 0) {
      rt_.send_then<Split>(
          stream, [&](auto c) { fill(c, n); }, done, origin);
    } else {
      rt_.send_then<Deposit>(
          stream, [](auto c) { c.setCents(1); }, done, origin);
    }
  }

  void send_of_draws(std::uint64_t n) {
    const auto [name, stream, origin] = next(n);
    if (n < streams_count) {
      return rt_.send_then<Deposit>(
          stream, [](auto c) { c.setCents(1'000'000); },
          [this, name = name](const result<receipt>& r) { acknowledge(name, r); }, origin);
    }
    rt_.send_then<ledger, Draw>(
        stream, [](auto c) { c.setCents(1); },
        [this, name = name](const result<replied<Drawn>>& r) { note_left(name, r); }, origin);
  }

 private:
  struct addressed {
    std::string name;
    std::string stream;
    command_origin origin;
  };
  /// As soon as it may be under way.
  addressed next(std::uint64_t n) {
    while (under_way_ >= under_way_max) std::this_thread::yield();
    ++under_way_;
    addressed a{"round-" + round_ + "-command-" + std::to_string(n),
                "ledger-" + std::to_string(n % streams_count),
                {}};
    a.origin.id = command_id::of(a.name);
    return a;
  }

  /// 2 to 9 events that are there together or not at all.
  static void fill(Split::Builder c, std::uint64_t n) {
    const auto events = static_cast<unsigned>(2 + n % 8);
    auto parts = c.initParts(events);
    for (unsigned i = 0; i < events; ++i) parts.set(i, 1);
  }

  void note_left(const std::string& name, const result<replied<Drawn>>& r) {
    if (!r) return acknowledge(name, r.error());
    std::array<char, 256> line{};
    say(line.data(), std::snprintf(line.data(), line.size(), "left %s %lld\n", name.c_str(),
                                   static_cast<long long>(r->reply->getLeft())));
    --under_way_;
  }

  void acknowledge(const std::string& name, const result<receipt>& r) {
    std::array<char, 256> line{};
    int length = 0;
    if (r) {
      length = std::snprintf(line.data(), line.size(), "ack %s %s %llu %llu %u\n", name.c_str(),
                             std::string(r->stream.text()).c_str(),
                             static_cast<unsigned long long>(count_of(r->version)),
                             static_cast<unsigned long long>(count_of(r->position)), r->events);
    } else {
      length = std::snprintf(line.data(), line.size(), "error %s\n",
                             std::string(name_of(r.error().code)).c_str());
    }
    say(line.data(), length);
    --under_way_;
  }

  runtime& rt_;
  const std::string round_;
  std::atomic<std::size_t> under_way_{0};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) return 2;
  runtime_options options;
  options.path = argv[1];
  options.when_missing = when_missing::create;
  options.snapshot_every_events = 20;
  options.projection_batch_events = 50;
  options.worker_threads = 2;
  auto rt = runtime::open<ledger, balances>(options);
  if (!rt) {
    const auto text = "error " + rt.error().to_string() + "\n";
    say(text.c_str(), static_cast<int>(text.size()));
    return 1;
  }
  writer w(*rt, argv[2]);
  for (std::uint64_t n = 0;; ++n) argc == 4 ? w.send_of_draws(n) : w.send(n);
}
