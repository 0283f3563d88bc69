#pragma once
/// Two views held against each other, row by row.

#include "fasti/rebuild.hpp"
#include "fasti/stores.hpp"

namespace fasti::core {

/// Two views as they are at one position.
struct view_pair {
  std::shared_ptr<const view_reader> in;
  std::string serving;  ///< Its name in the store.
  std::string rebuilt;
  position as_of{};
};

/// Walks through both, some rows of each in memory at a time; see `view_rebuild::compare`.
[[nodiscard]] result<view_difference> difference_of(const view_pair& views,
                                                    const detail::rebuild_control::visitor& visit);

}  // namespace fasti::core
