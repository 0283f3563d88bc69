#include "persistence/durable_env.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "persistence/background_thread.hpp"

namespace fasti::persistence {
namespace {

using leveldb::Slice;
using leveldb::Status;

Status status_of(const std::string& name, io_code why) {
  if (why == 0) return Status::OK();
  const std::string text = std::strerror(why);
  return why == ENOENT ? Status::NotFound(name, text) : Status::IOError(name, text);
}

bool is_manifest(const std::string& name) { return base_of(name).starts_with("MANIFEST"); }

/// What the files of one opening share: the first error that may have moved bytes.
class latch {
 public:
  /// Runs `change`, unless something failed before; its error latches if `what` does.
  enum class errors : std::uint8_t { latch, pass };
  template <class Change>
  Status run(errors what, Change&& change) {
    const std::shared_lock working(working_);
    if (auto s = state(); !s.ok()) return s;
    Status s = change();
    if (s.ok() || what == errors::pass) return s;
    const std::lock_guard lock(mutex_);
    if (failed_.ok()) failed_ = s;
    return failed_;
  }
  void close_down(const Status& why) {
    {
      const std::lock_guard lock(mutex_);
      if (failed_.ok()) failed_ = why;
    }
    const std::unique_lock nothing_under_way(working_);
  }

 private:
  Status state() {
    const std::lock_guard lock(mutex_);
    return failed_;
  }
  std::shared_mutex working_;
  std::mutex mutex_;
  Status failed_;  // protected by mutex_
};

thread_local std::uint64_t file_reads = 0;
thread_local bool only_expecting = false;

/// LevelDB reads these when it opens a table that has no filter: the footer, then the index.
constexpr int reads_to_open = 2;

class random_access_file final : public leveldb::RandomAccessFile {
 public:
  random_access_file(std::string name, std::unique_ptr<disk_file> file)
      : name_(std::move(name)), file_(std::move(file)) {}

  Status Read(std::uint64_t offset, std::size_t n, Slice* result, char* scratch) const override {
    if (only_expecting && reads_.load(std::memory_order_relaxed) >= reads_to_open) {
      file_->expect(offset, n);
      *result = Slice();
      return Status::IOError(name_, "expected only");
    }
    reads_.fetch_add(1, std::memory_order_relaxed);
    ++file_reads;
    std::size_t done = 0;
    while (done < n) {
      std::size_t got = 0;
      const auto why = file_->read_at(offset + done, {scratch + done, n - done}, got);
      if (why != 0) {
        *result = Slice();
        return status_of(name_, why);
      }
      if (got == 0) break;
      done += got;
    }
    *result = Slice(scratch, done);
    return Status::OK();
  }

 private:
  const std::string name_;
  const std::unique_ptr<disk_file> file_;
  mutable std::atomic<int> reads_{0};
};

class sequential_file final : public leveldb::SequentialFile {
 public:
  sequential_file(std::string name, std::unique_ptr<disk_file> file)
      : file_(std::move(name), std::move(file)) {}

  Status Read(std::size_t n, Slice* result, char* scratch) override {
    auto s = file_.Read(at_, n, result, scratch);
    at_ += result->size();
    return s;
  }
  Status Skip(std::uint64_t n) override {
    at_ += n;
    return Status::OK();
  }

 private:
  random_access_file file_;
  std::uint64_t at_ = 0;
};

class careful_env;

class writable_file final : public leveldb::WritableFile {
 public:
  /// Of tables LevelDB handles the failure by itself: `errors::pass`.
  writable_file(std::string name, std::unique_ptr<disk_file> file, std::shared_ptr<latch> shared,
                latch::errors errors, careful_env* registered)
      : name_(std::move(name)),
        file_(std::move(file)),
        latch_(std::move(shared)),
        errors_(errors),
        registered_(registered) {
    buffer_.reserve(buffer_bytes_max);
  }
  ~writable_file() override;

  Status Append(const Slice& data) override {
    return latch_->run(errors_, [&] {
      auto s = append(data);
      return s.ok() && is_table() && unsynced_ >= table_bytes_unsynced_max ? sync() : s;
    });
  }
  /// LevelDB asks for it behind each block of a table, which nobody reads before it is synced: that
  /// goes to the system in whole buffers, so in whole pages.
  Status Flush() override {
    if (is_table()) return Status::OK();
    return latch_->run(errors_, [&] { return write_buffer(); });
  }
  Status Sync() override {
    return latch_->run(errors_, [&] {
      auto s = write_buffer();
      return s.ok() ? sync() : s;
    });
  }
  Status Close() override {
    if (!file_) return Status::OK();
    auto s = latch_->run(errors_, [&] {
      auto wrote = write_buffer();
      const auto why = file_->close();
      return wrote.ok() ? status_of(name_, why) : wrote;
    });
    file_.reset();  // latched: closed all the same, without a byte more
    return s;
  }

 private:
  static constexpr std::size_t buffer_bytes_max = 64U << 10;
  /// A table is synced as it grows. All of it at once would keep the disk for so long that commits
  /// wait: 32 MiB are 100 ms of a disk that writes 320 MB/s. Where files go to the disk piece by
  /// piece (`posix_disk.cpp`) that is a bound for those that cannot.
  static constexpr std::size_t table_bytes_unsynced_max = 1U << 20;

  [[nodiscard]] bool is_table() const noexcept { return errors_ == latch::errors::pass; }

  Status append(const Slice& data) {
    for (std::string_view left(data.data(), data.size()); !left.empty();) {
      const auto fits = std::min(left.size(), buffer_bytes_max - buffer_.size());
      buffer_.append(left.substr(0, fits));
      left.remove_prefix(fits);
      if (buffer_.size() < buffer_bytes_max) break;
      if (auto s = write_buffer(); !s.ok()) return s;
    }
    return Status::OK();
  }
  Status write_buffer() {
    auto s = write(buffer_);
    buffer_.clear();
    return s;
  }
  Status write(std::string_view all) {
    unsynced_ += all.size();
    return status_of(name_, write_all(*file_, all));
  }
  Status sync() {
    unsynced_ = 0;
    return status_of(name_, file_->sync());
  }

  const std::string name_;
  std::unique_ptr<disk_file> file_;
  std::string buffer_;
  std::size_t unsynced_ = 0;  // bytes that were written since the last sync
  const std::shared_ptr<latch> latch_;
  const latch::errors errors_;
  careful_env* const registered_;
};

/// Does what POSIX asks of whoever wants files to stay, and LevelDB leaves out.
class careful_env final : public durable_env {
 public:
  careful_env(disk& on, expected_logs& logs) : disk_(on), logs_(logs) {}

  /// LevelDB's own thread is one for all databases of the process, the user's as well: what one of
  /// them has to merge would hold up the others.
  void Schedule(void (*work)(void*), void* on) override {
    background_.run([work, on] { work(on); });
  }
  void retire() override { latch_->close_down(Status::IOError("opened anew")); }

  Status NewRandomAccessFile(const std::string& name, leveldb::RandomAccessFile** file) override {
    return open<random_access_file>(name, file);
  }
  Status NewSequentialFile(const std::string& name, leveldb::SequentialFile** file) override {
    return open<sequential_file>(name, file);
  }

  Status NewWritableFile(const std::string& name, leveldb::WritableFile** file) override {
    *file = nullptr;
    const auto log = log_number(base_of(name));
    if (log != 0) {
      if (auto s = sync_current_log(); !s.ok()) return s;
    }
    std::unique_ptr<disk_file> made;
    // Nothing is lost by a file that could not be made.
    auto s =
        latch_->run(latch::errors::pass, [&] { return status_of(name, disk_.create(name, made)); });
    if (!s.ok()) return s;
    s = latch_->run(latch::errors::latch, [&] {
      io_code why = disk_.sync_directory(directory_of(name));
      if (why == 0 && log != 0) why = logs_.note_made(log);
      return status_of(name, why);
    });
    if (!s.ok()) return s;
    const bool latches = log != 0 || is_manifest(name);
    auto* opened = new writable_file(name, std::move(made), latch_,
                                     latches ? latch::errors::latch : latch::errors::pass,
                                     log != 0 ? this : nullptr);
    if (log != 0) set_current_log(opened);
    *file = opened;
    return Status::OK();
  }

  /// Appending to an old log loses what follows a torn tail: never.
  Status NewAppendableFile(const std::string& name, leveldb::WritableFile** file) override {
    *file = nullptr;
    return Status::NotSupported(name, "logs are never reused");
  }

  bool FileExists(const std::string& name) override { return disk_.exists(name); }
  Status GetChildren(const std::string& name, std::vector<std::string>* names) override {
    return status_of(name, disk_.list(name, *names));
  }
  Status GetFileSize(const std::string& name, std::uint64_t* bytes) override {
    return status_of(name, disk_.size(name, *bytes));
  }

  Status CreateDir(const std::string& name) override {
    return latch_->run(latch::errors::pass, [&] {
      io_code why = disk_.make_directory(name);
      if (why == 0) why = disk_.sync_directory(directory_of(name));
      return status_of(name, why);
    });
  }
  Status RemoveDir(const std::string& name) override {
    return latch_->run(latch::errors::pass,
                       [&] { return status_of(name, disk_.remove_directory(name)); });
  }

  Status RenameFile(const std::string& from, const std::string& to) override {
    auto s =
        latch_->run(latch::errors::pass, [&] { return status_of(from, disk_.rename(from, to)); });
    if (!s.ok()) return s;
    return latch_->run(latch::errors::latch,
                       [&] { return status_of(to, disk_.sync_directory(directory_of(to))); });
  }

  Status RemoveFile(const std::string& name) override {
    const auto log = log_number(base_of(name));
    auto s = latch_->run(latch::errors::latch, [&] {
      io_code why = disk_.sync_directory(directory_of(name));
      if (why == 0 && log != 0) why = logs_.note_removed(log);
      return status_of(name, why);
    });
    if (!s.ok()) return s;
    return latch_->run(latch::errors::pass, [&] { return status_of(name, disk_.remove(name)); });
  }

  /// Whoever opens the database holds it already: it had to look at the files first.
  Status LockFile(const std::string&, leveldb::FileLock** lock) override {
    *lock = new leveldb::FileLock();
    return Status::OK();
  }
  Status UnlockFile(leveldb::FileLock* lock) override {
    delete lock;
    return Status::OK();
  }

  void forget_log(const leveldb::WritableFile* log) {
    const std::lock_guard lock(mutex_);
    if (current_log_ == log) current_log_ = nullptr;
  }

 private:
  template <class Opened, class File>
  Status open(const std::string& name, File** file) {
    *file = nullptr;
    std::unique_ptr<disk_file> opened;
    if (const auto why = disk_.open(name, opened); why != 0) return status_of(name, why);
    *file = new Opened(name, std::move(opened));
    return Status::OK();
  }
  Status sync_current_log() {
    const std::lock_guard lock(mutex_);
    return current_log_ == nullptr ? Status::OK() : current_log_->Sync();
  }
  void set_current_log(leveldb::WritableFile* log) {
    const std::lock_guard lock(mutex_);
    current_log_ = log;
  }

  disk& disk_;
  expected_logs& logs_;
  const std::shared_ptr<latch> latch_ = std::make_shared<latch>();
  std::mutex mutex_;
  leveldb::WritableFile* current_log_ = nullptr;  // protected by mutex_
  background_thread background_{"fasti.compact"};
};

writable_file::~writable_file() {
  if (registered_ != nullptr) registered_->forget_log(this);
  static_cast<void>(Close());  // an error has latched
}

}  // namespace

expecting_reads::expecting_reads() noexcept { only_expecting = true; }
expecting_reads::~expecting_reads() { only_expecting = false; }

std::uint64_t file_reads_of_this_thread() noexcept { return file_reads; }

std::unique_ptr<durable_env> make_durable_env(disk& on, expected_logs& logs) {
  return std::make_unique<careful_env>(on, logs);
}

}  // namespace fasti::persistence
