#include "raw_scan.hpp"

#include <leveldb/db.h>

#include <memory>

#include "bench_kit.hpp"
#include "workload.hpp"

namespace fasti::bench {

scanned raw_scan(leveldb::DB& db) {
  scanned seen;
  leveldb::ReadOptions checked;
  checked.verify_checksums = true;
  const std::unique_ptr<leveldb::Iterator> it(db.NewIterator(checked));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    ++seen.events;
    seen.sum += static_cast<unsigned char>(it->value()[record_header_bytes + word_bytes]);
    seen.sum += it->value().size();
  }
  if (!it->status().ok()) fail(it->status().ToString());
  return seen;
}

}  // namespace fasti::bench
