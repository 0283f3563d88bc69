// RocksDB with the same two keys an event as raw LevelDB, and the same sizes.
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "bench_kit.hpp"
#include "stores.hpp"

namespace fasti::bench {
namespace {

class rocksdb_store final : public store {
 public:
  explicit rocksdb_store(const std::string& directory) {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.write_buffer_size = 32U << 20;
    options.target_file_size_base = 32U << 20;
    rocksdb::DB* opened = nullptr;
    const auto s = rocksdb::DB::Open(options, directory + "/db", &opened);
    if (!s.ok()) fail(s.ToString());
    db_.reset(opened);
  }

  void append(std::span<const new_event> batch) override {
    rocksdb::WriteBatch changes;
    for (const auto& e : batch) {
      const auto key = position_key(e.position);
      changes.Put(key, e.bytes->record);
      changes.Put(stream_key(e.stream->text(), e.version), key);
    }
    rocksdb::WriteOptions synced;
    synced.sync = true;
    if (const auto s = db_->Write(synced, &changes); !s.ok()) fail(s.ToString());
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace

std::optional<engine_kind> rocksdb_wal() {
  return engine_kind{"RocksDB, 2 keys",
                     [](const std::string& d) { return std::make_unique<rocksdb_store>(d); }};
}

}  // namespace fasti::bench
