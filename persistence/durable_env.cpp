#include "persistence/durable_env.hpp"

#include <cerrno>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

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

/// What the files of one opening share.
class latch {
 public:
  /// What is latched, or else `s`, which latches if it is an error.
  Status pass(Status s) {
    const std::lock_guard lock(mutex_);
    if (!failed_.ok()) return failed_;
    if (!s.ok()) failed_ = s;
    return s;
  }
  [[nodiscard]] Status state() {
    const std::lock_guard lock(mutex_);
    return failed_;
  }

 private:
  std::mutex mutex_;
  Status failed_;
};

class random_access_file final : public leveldb::RandomAccessFile {
 public:
  random_access_file(std::string name, std::unique_ptr<disk_file> file)
      : name_(std::move(name)), file_(std::move(file)) {}

  Status Read(std::uint64_t offset, std::size_t n, Slice* result, char* scratch) const override {
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

class durable_env;

class writable_file final : public leveldb::WritableFile {
 public:
  /// `shared` is null for files whose failure LevelDB handles by itself (tables).
  writable_file(std::string name, std::unique_ptr<disk_file> file, std::shared_ptr<latch> shared,
                durable_env* registered)
      : name_(std::move(name)),
        file_(std::move(file)),
        latch_(std::move(shared)),
        registered_(registered) {
    buffer_.reserve(buffer_bytes_max);
  }
  ~writable_file() override;

  Status Append(const Slice& data) override {
    if (auto s = latched(); !s.ok()) return s;
    if (buffer_.size() + data.size() <= buffer_bytes_max) {
      buffer_.append(data.data(), data.size());
      return Status::OK();
    }
    auto s = write_buffer();
    if (s.ok() && data.size() < buffer_bytes_max) {
      buffer_.append(data.data(), data.size());
    } else if (s.ok()) {
      s = status_of(name_, write_all(*file_, {data.data(), data.size()}));
    }
    return pass(s);
  }
  Status Flush() override {
    if (auto s = latched(); !s.ok()) return s;
    return pass(write_buffer());
  }
  Status Sync() override {
    if (auto s = latched(); !s.ok()) return s;
    auto s = write_buffer();
    if (s.ok()) s = status_of(name_, file_->sync());
    return pass(s);
  }
  Status Close() override {
    if (!file_) return Status::OK();
    auto s = latched();
    if (s.ok()) s = write_buffer();
    const auto why = file_->close();
    file_.reset();
    if (s.ok()) s = status_of(name_, why);
    return pass(s);
  }

 private:
  static constexpr std::size_t buffer_bytes_max = 64U << 10;

  [[nodiscard]] Status latched() { return latch_ ? latch_->state() : Status::OK(); }
  Status pass(Status s) { return latch_ ? latch_->pass(std::move(s)) : s; }

  Status write_buffer() {
    const auto why = write_all(*file_, buffer_);
    buffer_.clear();
    return status_of(name_, why);
  }

  const std::string name_;
  std::unique_ptr<disk_file> file_;
  std::string buffer_;
  const std::shared_ptr<latch> latch_;
  durable_env* const registered_;
};

class durable_env final : public leveldb::EnvWrapper {
 public:
  durable_env(disk& on, expected_logs& logs)
      : EnvWrapper(leveldb::Env::Default()), disk_(on), logs_(logs) {}

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
    if (const auto why = disk_.create(name, made); why != 0) return status_of(name, why);
    io_code why = disk_.sync_directory(directory_of(name));
    if (why == 0 && log != 0) why = logs_.note_made(log);
    if (why != 0) return latch_->pass(status_of(name, why));
    const bool latches = log != 0 || is_manifest(name);
    auto* opened = new writable_file(name, std::move(made), latches ? latch_ : nullptr,
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
    io_code why = disk_.make_directory(name);
    if (why == 0) why = disk_.sync_directory(directory_of(name));
    return status_of(name, why);
  }
  Status RemoveDir(const std::string& name) override {
    return status_of(name, disk_.remove_directory(name));
  }

  Status RenameFile(const std::string& from, const std::string& to) override {
    if (const auto why = disk_.rename(from, to); why != 0) return status_of(from, why);
    return latch_->pass(status_of(to, disk_.sync_directory(directory_of(to))));
  }

  Status RemoveFile(const std::string& name) override {
    io_code why = disk_.sync_directory(directory_of(name));
    const auto log = log_number(base_of(name));
    if (why == 0 && log != 0) why = logs_.note_removed(log);
    if (auto s = latch_->pass(status_of(name, why)); !s.ok()) return s;
    return status_of(name, disk_.remove(name));
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
};

writable_file::~writable_file() {
  if (registered_ != nullptr) registered_->forget_log(this);
  static_cast<void>(Close());  // an error has latched
}

}  // namespace

std::unique_ptr<leveldb::Env> make_durable_env(disk& on, expected_logs& logs) {
  return std::make_unique<durable_env>(on, logs);
}

}  // namespace fasti::persistence
