// Records and blocks: whatever passes the checksums must be walkable, and in its place.

#include "tests/fuzz/samples.hpp"
#include "tests/fuzz/target.hpp"

namespace fasti::fuzz {

const char* name() { return "fuzz_block"; }

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  for (const std::uint32_t commits : {1U, 2U, 7U}) {
    all.emplace_back(sample_block(no_position, commits)->bytes());
  }
  return all;
}

void run(std::string_view bytes) {
  auto b = persistence::block::open_behind(bytes, no_position);
  if (!b) return must(!b.error().detail.empty(), "an error without a word");
  position expected{1};
  std::uint64_t sum = 0;
  auto walked = (*b)->each_commit(no_position, [&](const persistence::commit_view& c) {
    c.each_event([&](const recorded_event& e) {
      must(e.position == expected, "an event out of its place");
      expected = next(expected);
      for (const auto w : e.body) sum += w;
      for (const char ch : e.stream) sum += static_cast<unsigned char>(ch);
      for (const char ch : e.metadata) sum += static_cast<unsigned char>(ch);
      return true;
    });
    return true;
  });
  must(!walked || expected == next((*b)->last()), "events are missing, and nothing says so");
}

}  // namespace fasti::fuzz
