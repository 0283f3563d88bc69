#pragma once
/// What every reader of the journal is held against: raw LevelDB, one key an event, read in order.

#include <cstdint>
#include <string>

#include "stores.hpp"

namespace fasti::bench {

struct scanned {
  std::uint64_t events = 0;
  std::uint64_t sum = 0;  ///< Something of each body is looked at.
};

/// Reads all that `raw_leveldb_log` wrote, checksums verified.
[[nodiscard]] scanned raw_scan(leveldb::DB& db);

/// Writes the same events into a journal at `directory` and into raw LevelDB beside it.
void fill_journal_and_raw(const std::string& directory, std::uint64_t events,
                          const std::string& part);
[[nodiscard]] leveldb_files open_raw_beside(const std::string& directory);

}  // namespace fasti::bench
