// Records, blocks and packed blocks: whatever passes the checksums must be walkable, and in its
// place.

#include "persistence/packed_block.hpp"

#include "tests/fuzz/samples.hpp"
#include "tests/fuzz/target.hpp"

namespace fasti::fuzz {

const char* name() { return "fuzz_block"; }

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  for (const std::uint32_t commits : {1U, 2U, 7U}) {
    all.emplace_back(sample_block(no_position, commits)->bytes());
  }
  std::string room;
  all.emplace_back(persistence::packed(*sample_block(no_position, 20), room));
  return all;
}

namespace {

void walk(const result<std::shared_ptr<const persistence::block>>& b) {
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
      for (const auto tag : e.tags.all()) sum += tag.size();
      return true;
    });
    return true;
  });
  must(!walked || expected == next((*b)->last()), "events are missing, and nothing says so");
}

}  // namespace

void run(std::string_view bytes) {
  walk(persistence::block::open_behind(bytes, no_position));
  for (const std::uint64_t last : {1U, 2U, 12U, 40U}) {
    walk(persistence::unpacked(bytes, position{last}));
  }
}

}  // namespace fasti::fuzz
