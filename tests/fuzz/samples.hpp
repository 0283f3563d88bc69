#pragma once
/// Good bytes for targets to begin with.

#include "persistence/archive.hpp"
#include "persistence/blocks.hpp"
#include "tests/support/journal_kit.hpp"

namespace fasti::fuzz {

/// A block of some commits behind `before`.
[[nodiscard]] inline std::shared_ptr<const persistence::block> sample_block(position before,
                                                                            std::uint32_t commits) {
  persistence::block_writer writer;
  writer.begin(next(before));
  for (std::uint32_t i = 0; i < commits; ++i) {
    commit c = test::commit_to("a-" + std::to_string(i), 1 + i % 3);
    c.origin.id = command_id{unique_id{i + 1, 77}};
    if (i % 2 == 1) {
      test::add_part(c, "b-1", 2);
      c.origin.correlation = unique_id{5, 6};
      c.origin.metadata = "metadata";
    }
    if (i % 3 == 1) {
      c.origin.trace = {unique_id{7, 8}, 9, 1};
      c.reply = {type_id{0xc3}, {1, 2}};
      c.tags = std::string("red\0round\0", 10);
      c.events[0].tag_bytes = 10;
    }
    const std::vector<version> versions(c.parts.size(), version{i + 1});
    writer.add(c, versions, timestamp{std::chrono::seconds{i}});
  }
  return writer.finish();
}

}  // namespace fasti::fuzz
