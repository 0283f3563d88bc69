#include "stores.hpp"

#include <fcntl.h>
#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/env.h>
#include <leveldb/write_batch.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <mutex>

#include "bench_kit.hpp"
#include "fasti/schema.hpp"
#include "ledger.capnp.h"
#include "persistence/durable_env.hpp"
#include "persistence/leveldb_journal.hpp"

namespace fasti::bench {
namespace {

void append_big_endian(std::string& key, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(number >> shift);
}

class file_store final : public store {
 public:
  explicit file_store(const std::string& directory)
      : fd_(::open((directory + "/log").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600)) {
    if (fd_ < 0) fail("cannot make " + directory + "/log");
  }
  ~file_store() override { ::close(fd_); }

  void append(std::span<const new_event> batch) override {
    bytes_.clear();
    for (const auto& e : batch) bytes_ += e.bytes->record;
    const char* at = bytes_.data();
    for (std::size_t left = bytes_.size(); left > 0;) {
      const auto wrote = ::write(fd_, at, left);
      if (wrote < 0) fail("write failed");
      at += wrote;
      left -= static_cast<std::size_t>(wrote);
    }
    if (::fdatasync(fd_) != 0) fail("fdatasync failed");
  }

 private:
  const int fd_;
  std::string bytes_;
};

class leveldb_store final : public store {
 public:
  leveldb_store(const std::string& directory, bool with_streams)
      : files_(open_leveldb(directory)), with_streams_(with_streams) {}

  void append(std::span<const new_event> batch) override {
    leveldb::WriteBatch changes;
    for (const auto& e : batch) {
      const auto key = position_key(e.position);
      changes.Put(key, e.bytes->record);
      if (with_streams_) changes.Put(stream_key(e.stream->text(), e.version), key);
    }
    leveldb::WriteOptions synced;
    synced.sync = true;
    if (!files_.db->Write(synced, &changes).ok()) fail("LevelDB does not write");
  }

 private:
  const leveldb_files files_;
  const bool with_streams_;
};

/// How many commits of a batch are still on their way.
class countdown {
 public:
  void begin(std::size_t n) { left_.store(n, std::memory_order_relaxed); }
  void one_done() {
    if (left_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    const std::lock_guard lock(mutex_);
    none_left_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    none_left_.wait(lock, [this] { return left_.load(std::memory_order_acquire) == 0; });
  }

 private:
  std::atomic<std::size_t> left_{0};
  std::mutex mutex_;
  std::condition_variable none_left_;
};

class journal_store final : public store {
 public:
  journal_store(const std::string& directory, bool pipelined)
      : journal_(open_journal(directory)), pipelined_(pipelined) {}
  ~journal_store() override {
    drain();
    if (auto closed = journal_->close(); !closed) fail(closed.error().to_string());
  }

  void append(std::span<const new_event> batch) override {
    auto& now = batches_[turn_];
    now.begin(batch.size());
    for (const auto& e : batch) hand_over(e, now, !pipelined_ && &e == &batch.back());
    if (pipelined_) turn_ = 1 - turn_;
    batches_[turn_].wait();
  }
  void drain() override {
    for (auto& b : batches_) b.wait();
  }
  std::optional<std::uint64_t> syncs() const override { return journal_->stats().syncs; }

 private:
  struct observer final : commit_observer {
    explicit observer(countdown& b) : batch(b) {}
    void on_outcome(result<committed> r) noexcept override {
      if (!r) fail(r.error().to_string());
      batch.one_done();
    }
    countdown& batch;
  };

  /// The last one before the caller waits is handed over in person.
  void hand_over(const new_event& e, countdown& batch, bool in_person) {
    const auto& body = e.bytes->body;
    commit c;
    c.origin.id = command_id::generate();
    c.fingerprint = c.origin.id.low;
    c.parts.push_back({*e.stream, expected_version::exactly(version{e.version - 1}), 1});
    c.events.push_back({type_id_of<test::Withdrawn>, static_cast<std::uint32_t>(body.size())});
    c.bodies = body;
    std::unique_ptr<commit_observer> o = std::make_unique<observer>(batch);
    auto given = in_person ? journal_->append_in_person(std::move(c), nullptr, std::move(o))
                           : journal_->append(std::move(c), nullptr, std::move(o));
    if (!given) fail(given.error().to_string());
  }

  countdown batches_[2];  // must outlive the journal's threads
  std::size_t turn_ = 0;
  const std::unique_ptr<journal> journal_;
  const bool pipelined_;
};

}  // namespace

std::string position_key(std::uint64_t position) {
  std::string key(1, 'p');
  append_big_endian(key, position);
  return key;
}

std::string stream_key(std::string_view stream, std::uint64_t version) {
  std::string key(1, 's');
  key.append(stream).push_back('\0');
  append_big_endian(key, version);
  return key;
}

leveldb_files::leveldb_files() = default;
leveldb_files::leveldb_files(leveldb_files&&) noexcept = default;
leveldb_files::~leveldb_files() = default;

leveldb_files open_leveldb(const std::string& directory, reads_by how) {
  leveldb_files files;
  files.cache.reset(leveldb::NewLRUCache(32U << 20));
  leveldb::Options options;
  if (how == reads_by::pread) {
    auto& disk = persistence::posix_disk();
    if (!persistence::make_directories(disk, directory + "/db")) fail("no directory");
    auto logs = persistence::expected_logs::read(disk, directory + "/db");
    if (!logs) fail(logs.error().to_string());
    files.logs = *std::move(logs);
    if (files.logs->begin() != 0) fail("no file LOGS");
    files.env = persistence::make_durable_env(disk, *files.logs);
    options.env = files.env.get();
  }
  options.create_if_missing = true;
  options.write_buffer_size = 32U << 20;
  options.max_file_size = 32U << 20;
  options.block_cache = files.cache.get();
  leveldb::DB* opened = nullptr;
  const auto s = leveldb::DB::Open(options, directory + "/db", &opened);
  if (!s.ok()) fail(s.ToString());
  files.db.reset(opened);
  return files;
}

std::unique_ptr<journal> open_journal(const std::string& directory, std::size_t command_ids_max) {
  runtime_options options;
  options.path = directory + "/journal";
  options.when_missing = when_missing::create;
  options.journal.command_ids_max = command_ids_max;
  options.log = [](log_level level, std::string_view line) {
    if (level < log_level::warning) return;
    std::fprintf(stderr, "journal: %.*s\n", static_cast<int>(line.size()), line.data());
  };
  auto opened = persistence::open_leveldb_journal(options);
  if (!opened) fail(opened.error().to_string());
  return *std::move(opened);
}

engine_kind plain_file() {
  return {"plain file + fdatasync",
          [](const std::string& d) { return std::make_unique<file_store>(d); }};
}
engine_kind raw_leveldb() {
  return {"raw LevelDB, 2 keys",
          [](const std::string& d) { return std::make_unique<leveldb_store>(d, true); }};
}
engine_kind raw_leveldb_log() {
  return {"raw LevelDB, 1 key",
          [](const std::string& d) { return std::make_unique<leveldb_store>(d, false); }};
}
engine_kind journal_waiting() {
  return {"fasti's journal",
          [](const std::string& d) { return std::make_unique<journal_store>(d, false); }};
}
engine_kind journal_pipelined() {
  return {"fasti's journal, pipelined",
          [](const std::string& d) { return std::make_unique<journal_store>(d, true); }};
}

#ifndef FASTI_BENCH_SQLITE
std::optional<engine_kind> sqlite_wal() { return std::nullopt; }
#endif
#ifndef FASTI_BENCH_ROCKSDB
std::optional<engine_kind> rocksdb_wal() { return std::nullopt; }
#endif

std::vector<engine_kind> all_engine_kinds() {
  std::vector<engine_kind> kinds{plain_file(), raw_leveldb(), journal_waiting(),
                                 journal_pipelined()};
  if (auto s = sqlite_wal()) kinds.push_back(*std::move(s));
  if (auto r = rocksdb_wal()) kinds.push_back(*std::move(r));
  return kinds;
}

std::vector<std::string> engines_left_out() {
  std::vector<std::string> lines;
  if (!sqlite_wal()) lines.emplace_back("SQLite is not in this build: no libsqlite3-dev was found");
  if (!rocksdb_wal())
    lines.emplace_back("RocksDB is not in this build: no librocksdb-dev was found");
  return lines;
}

void load(store& into, workload& from, std::uint64_t events, std::size_t batch,
          const std::string& what) {
  while (from.taken() < events) {
    into.append(from.take(std::min<std::uint64_t>(batch, events - from.taken())));
    tell_progress(what + ": " + std::to_string(from.taken()) + " of " + std::to_string(events));
  }
  into.drain();
}

}  // namespace fasti::bench
