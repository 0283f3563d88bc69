#pragma once
/// Opening: brings the index and the window of command ids to where the blocks end.

#include "persistence/group_commit.hpp"

namespace fasti::persistence {

struct opened_index {
  std::unique_ptr<stream_index> index;
  journal_state state;
  std::uint64_t events_indexed = 0;
};

/// Opens the index, adds what it lacks, and fills the window: from what is saved beside the index
/// and the blocks behind its watermark, in one pass; when nothing fit for it is saved, from the
/// newest blocks. Errors: `corrupt` "index-damaged" when the index must be made anew.
[[nodiscard]] result<opened_index> open_index(disk& on, const runtime_options& options,
                                              unique_id id, const block_store& blocks,
                                              std::size_t events_in_memory);

}  // namespace fasti::persistence
