#pragma once
/// The journal on LevelDB. `persistence/README.md` tells the layout and what is promised.

#include <memory>

#include "fasti/journal.hpp"
#include "fasti/options.hpp"

namespace fasti::persistence {

/// Opens `options.path`; `options.log` and `options.clock` must be set. Blocks until the tail
/// behind the index's watermark is indexed and the window of command ids is filled. Errors as
/// `runtime::open` says.
[[nodiscard]] result<std::unique_ptr<journal>> open_leveldb_journal(const runtime_options& options);

}  // namespace fasti::persistence
