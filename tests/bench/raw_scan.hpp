#pragma once
/// What every reader of the journal is held against: raw LevelDB, one key an event, read in order.

#include <cstdint>

namespace leveldb {
class DB;
}

namespace fasti::bench {

struct scanned {
  std::uint64_t events = 0;
  std::uint64_t sum = 0;  ///< Something of each body is looked at.
};

/// Reads all that `raw_leveldb_log` wrote, checksums verified.
[[nodiscard]] scanned raw_scan(leveldb::DB& db);

}  // namespace fasti::bench
