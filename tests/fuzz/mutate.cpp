// Runs a target without a fuzzer, so that the suite can: its seeds, and for some seconds the seeds
// with bits flipped, pieces cut, doubled and overwritten.
//
//     fuzz_block [--seconds N] [--seed N] [FILE...]      FILE: inputs to try, and nothing else
//     fuzz_block --write-seeds DIR                       for libFuzzer's corpus

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "tests/fuzz/target.hpp"

namespace fasti::fuzz {

void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s: must not be: %s\n", name(), what);
  std::abort();
}

namespace {

std::string mutated(std::string bytes, std::mt19937_64& random) {
  for (auto times = 1 + random() % 4; times > 0 && !bytes.empty(); --times) {
    const auto at = random() % bytes.size();
    const auto size = std::min<std::size_t>(1 + random() % 64, bytes.size() - at);
    switch (random() % 6) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << (random() % 8)));
        break;
      case 1:
        bytes[at] = static_cast<char>(random());
        break;
      case 2:
        bytes.erase(at, size);
        break;
      case 3:
        bytes.insert(at, bytes.substr(random() % bytes.size(), size));
        break;
      case 4:
        bytes.resize(at);
        break;
      default: {
        const std::uint64_t numbers[] = {0, 1, 0xffffffff, ~std::uint64_t{0}, random()};
        const auto number = numbers[random() % 5];
        std::memcpy(bytes.data() + at, &number, std::min<std::size_t>(8, bytes.size() - at));
      }
    }
  }
  return bytes;
}

int write_seeds(const std::string& directory) {
  std::filesystem::create_directories(directory);
  int n = 0;
  for (const auto& seed : seeds()) {
    std::ofstream(directory + "/seed-" + std::to_string(++n), std::ios::binary) << seed;
  }
  return 0;
}

int run_files(int count, char** files) {
  for (int i = 0; i < count; ++i) {
    std::ostringstream bytes;
    bytes << std::ifstream(files[i], std::ios::binary).rdbuf();
    run(bytes.str());
  }
  return 0;
}

}  // namespace
}  // namespace fasti::fuzz

int main(int argc, char** argv) {
  using namespace fasti::fuzz;
  double seconds = 2;
  std::uint64_t seed = std::random_device{}();
  int at = 1;
  for (; at + 1 < argc && std::strncmp(argv[at], "--", 2) == 0; at += 2) {
    const std::string option = argv[at];
    if (option == "--write-seeds") return write_seeds(argv[at + 1]);
    if (option == "--seconds") seconds = std::atof(argv[at + 1]);
    if (option == "--seed") seed = std::strtoull(argv[at + 1], nullptr, 10);
  }
  if (at < argc) return run_files(argc - at, argv + at);
  std::mt19937_64 random(seed);
  const auto good = seeds();
  for (const auto& bytes : good) run(bytes);
  const auto ends = std::chrono::steady_clock::now() +
                    std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
  std::uint64_t runs = good.size();
  std::printf("%s: seed %llu\n", name(), static_cast<unsigned long long>(seed));
  for (; std::chrono::steady_clock::now() < ends; ++runs) {
    run(mutated(good[random() % good.size()], random));
  }
  std::printf("%s: %llu inputs\n", name(), static_cast<unsigned long long>(runs));
  return 0;
}
