#include "raw_scan.hpp"

#include <leveldb/db.h>

#include <filesystem>
#include <memory>

#include "bench_kit.hpp"
#include "workload.hpp"

namespace fasti::bench {
namespace {

constexpr std::size_t load_batch = 4096;

std::string beside(const std::string& directory) { return directory + "/raw"; }

void fill(const engine_kind& kind, const std::string& directory, std::uint64_t events,
          const std::string& part) {
  workload from;
  const auto into = kind.open(directory);
  load(*into, from, events, load_batch, part + ", filling " + kind.name);
}

}  // namespace

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

void fill_journal_and_raw(const std::string& directory, std::uint64_t events,
                          const std::string& part) {
  fill(journal_pipelined(), directory, events, part);
  std::filesystem::create_directory(beside(directory));
  fill(raw_leveldb_log(), beside(directory), events, part);
}

leveldb_files open_raw_beside(const std::string& directory) {
  return open_leveldb(beside(directory));
}

}  // namespace fasti::bench
