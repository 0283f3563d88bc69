// Archives: read to the end or refused, and never told to be more than they are.

#include <cstring>

#include "tests/fuzz/samples.hpp"
#include "tests/fuzz/target.hpp"

namespace fasti::fuzz {

const char* name() { return "fuzz_archive"; }

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  for (const int blocks : {0, 1, 4}) {
    std::string bytes;
    persistence::archive_writer writer([&](std::string_view more) -> result<void> {
      bytes += more;
      return {};
    });
    bool good = writer.begin(unique_id{1, 2}, no_position, timestamp{}).has_value();
    position last{};
    for (int i = 0; i < blocks; ++i) {
      const auto b = sample_block(last, 3);
      good = good && writer.add(*b);
      last = b->last();
    }
    must(good && writer.end().has_value(), "a good archive that cannot be written");
    all.push_back(bytes);
  }
  return all;
}

void run(std::string_view bytes) {
  std::size_t at = 0;
  persistence::archive_reader reader([&](std::span<char> into) -> result<std::size_t> {
    const auto size = std::min(into.size(), bytes.size() - at);
    std::memcpy(into.data(), bytes.data() + at, size);
    at += size;
    return size;
  });
  if (!reader.begin()) return;
  position last = reader.summary().after;
  while (true) {
    auto b = reader.next();
    if (!b) return must(!b.error().detail.empty(), "an error without a word");
    if (!*b) break;
    must((*b)->first() == next(last), "a gap between blocks");
    last = (*b)->last();
  }
  must(at == bytes.size() && reader.summary().last == last, "an end that is not the end");
}

}  // namespace fasti::fuzz
