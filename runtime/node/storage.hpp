#pragma once
/// Opens what a node stores: the one place that knows which engines there are.

#include "fasti/journal.hpp"
#include "fasti/options.hpp"
#include "fasti/stores.hpp"

namespace fasti::node {

/// In the order of opening; closed the other way round.
struct opened_storage {
  std::unique_ptr<fasti::journal> journal;
  std::unique_ptr<snapshot_store> snapshots;
  std::unique_ptr<view_store> views;
  std::unique_ptr<view_store> memory_views;  ///< For those that want to be kept there.
};

[[nodiscard]] result<opened_storage> open_storage(const runtime_options& options);

}  // namespace fasti::node
