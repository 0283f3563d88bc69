#pragma once
/// The journal's reference model: the same behaviour as the LevelDB journal in as few lines as it
/// takes, for tests, for trying things out, and to compare with. Nothing survives the process.

#include <memory>

#include "fasti/journal.hpp"
#include "fasti/options.hpp"

namespace fasti::persistence {

/// Uses `options.journal` and `options.clock` only.
[[nodiscard]] std::unique_ptr<journal> make_memory_journal(const runtime_options& options);

}  // namespace fasti::persistence
