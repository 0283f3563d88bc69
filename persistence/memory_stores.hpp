#pragma once
/// Snapshots and views in memory: the reference models, with the behaviour of the LevelDB ones.

#include <memory>

#include "fasti/stores.hpp"

namespace fasti::persistence {

[[nodiscard]] std::unique_ptr<snapshot_store> make_memory_snapshots(std::size_t kept = 2);
[[nodiscard]] std::unique_ptr<view_store> make_memory_views();

}  // namespace fasti::persistence
