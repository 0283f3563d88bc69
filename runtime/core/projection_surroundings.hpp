#pragma once
/// What a projection works with.

#include "fasti/detail/port.hpp"
#include "fasti/journal.hpp"
#include "fasti/options.hpp"
#include "fasti/stores.hpp"

namespace fasti::core {

/// Calls `one(0)` … `one(n - 1)`, perhaps on several threads at the same time, and returns when all
/// of them have returned. They do not throw.
using run_each_function =
    std::function<void(std::size_t n, const std::function<void(std::size_t)>& one)>;

/// All of it outlives the projection.
struct projection_surroundings {
  const detail::projection_port& port;
  const fasti::journal& journal;
  view_store& views;
  const runtime_options& options;
  run_each_function run_each = {};  ///< Empty: one after the other.
};

}  // namespace fasti::core
