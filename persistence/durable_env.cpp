#include "persistence/durable_env.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "persistence/file_lock.hpp"

namespace fasti::persistence {
namespace {

using leveldb::Slice;
using leveldb::Status;

Status io_error(const std::string& name, int number) {
  const std::string text = std::strerror(number);
  return number == ENOENT ? Status::NotFound(name, text) : Status::IOError(name, text);
}

std::string directory_of(const std::string& name) {
  const auto slash = name.rfind('/');
  return slash == std::string::npos ? "." : name.substr(0, slash);
}

std::string base_of(const std::string& name) { return name.substr(name.rfind('/') + 1); }

bool is_log(const std::string& name) { return base_of(name).ends_with(".log"); }
bool is_manifest(const std::string& name) { return base_of(name).starts_with("MANIFEST"); }

Status sync_directory(const std::string& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return io_error(directory, errno);
  Status s;
  if (::fsync(fd) != 0) s = io_error(directory, errno);
  ::close(fd);
  return s;
}

/// What the files of one database share.
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
  random_access_file(std::string name, int fd) : name_(std::move(name)), fd_(fd) {}
  ~random_access_file() override { ::close(fd_); }

  Status Read(std::uint64_t offset, std::size_t n, Slice* result, char* scratch) const override {
    std::size_t done = 0;
    while (done < n) {
      const auto got = ::pread(fd_, scratch + done, n - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) {
        *result = Slice();
        return io_error(name_, errno);
      }
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    *result = Slice(scratch, done);
    return Status::OK();
  }

 private:
  const std::string name_;
  const int fd_;
};

class durable_env;

class writable_file final : public leveldb::WritableFile {
 public:
  /// `shared` is null for files whose failure LevelDB handles by itself (tables).
  writable_file(std::string name, int fd, std::shared_ptr<latch> shared, durable_env* registered)
      : name_(std::move(name)), fd_(fd), latch_(std::move(shared)), registered_(registered) {
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
      s = write_all(data.data(), data.size());
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
    if (s.ok() && ::fdatasync(fd_) != 0) s = io_error(name_, errno);
    return pass(s);
  }
  Status Close() override {
    if (fd_ < 0) return Status::OK();
    auto s = latched();
    if (s.ok()) s = write_buffer();
    const int failed = ::close(std::exchange(fd_, -1));
    if (s.ok() && failed != 0) s = io_error(name_, errno);
    return pass(s);
  }

 private:
  static constexpr std::size_t buffer_bytes_max = 64U << 10;

  [[nodiscard]] Status latched() { return latch_ ? latch_->state() : Status::OK(); }
  Status pass(Status s) { return latch_ ? latch_->pass(std::move(s)) : s; }

  Status write_buffer() {
    auto s = write_all(buffer_.data(), buffer_.size());
    buffer_.clear();
    return s;
  }
  Status write_all(const char* data, std::size_t size) {
    while (size > 0) {
      const auto wrote = ::write(fd_, data, size);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) return io_error(name_, errno);
      data += wrote;
      size -= static_cast<std::size_t>(wrote);
    }
    return Status::OK();
  }

  const std::string name_;
  int fd_;
  std::string buffer_;
  const std::shared_ptr<latch> latch_;
  durable_env* const registered_;
};

class durable_file_lock final : public leveldb::FileLock {
 public:
  explicit durable_file_lock(std::unique_ptr<file_lock> held) : held_(std::move(held)) {}

 private:
  std::unique_ptr<file_lock> held_;
};

class durable_env final : public leveldb::EnvWrapper {
 public:
  explicit durable_env(leveldb::Env* base) : EnvWrapper(base) {}

  Status NewRandomAccessFile(const std::string& name, leveldb::RandomAccessFile** file) override {
    *file = nullptr;
    const int fd = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return io_error(name, errno);
    *file = new random_access_file(name, fd);
    return Status::OK();
  }

  Status NewWritableFile(const std::string& name, leveldb::WritableFile** file) override {
    *file = nullptr;
    if (is_log(name)) {
      if (auto s = sync_current_log(); !s.ok()) return s;
    }
    const int fd = ::open(name.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0) return io_error(name, errno);
    if (auto s = sync_directory(directory_of(name)); !s.ok()) {
      ::close(fd);
      return latch_->pass(s);
    }
    const bool latches = is_log(name) || is_manifest(name);
    auto* made =
        new writable_file(name, fd, latches ? latch_ : nullptr, is_log(name) ? this : nullptr);
    if (is_log(name)) set_current_log(made);
    *file = made;
    return Status::OK();
  }

  /// Appending to an old log loses what follows a torn tail: never.
  Status NewAppendableFile(const std::string& name, leveldb::WritableFile** file) override {
    *file = nullptr;
    return Status::NotSupported(name, "logs are never reused");
  }

  Status CreateDir(const std::string& name) override {
    if (::mkdir(name.c_str(), 0700) != 0) return io_error(name, errno);
    return sync_directory(directory_of(name));
  }

  Status RenameFile(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return io_error(from, errno);
    return latch_->pass(sync_directory(directory_of(to)));
  }

  Status RemoveFile(const std::string& name) override {
    if (auto s = latch_->pass(sync_directory(directory_of(name))); !s.ok()) return s;
    if (::unlink(name.c_str()) != 0) return io_error(name, errno);
    return Status::OK();
  }

  Status LockFile(const std::string& name, leveldb::FileLock** lock) override {
    *lock = nullptr;
    auto held = file_lock::acquire(name);
    if (!held) return Status::IOError("lock " + name, held.error().detail);
    *lock = new durable_file_lock(*std::move(held));
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
  Status sync_current_log() {
    const std::lock_guard lock(mutex_);
    return current_log_ == nullptr ? Status::OK() : current_log_->Sync();
  }
  void set_current_log(leveldb::WritableFile* log) {
    const std::lock_guard lock(mutex_);
    current_log_ = log;
  }

  const std::shared_ptr<latch> latch_ = std::make_shared<latch>();
  std::mutex mutex_;
  leveldb::WritableFile* current_log_ = nullptr;  // protected by mutex_
};

writable_file::~writable_file() {
  if (registered_ != nullptr) registered_->forget_log(this);
  static_cast<void>(Close());  // an error has latched
}

}  // namespace

std::unique_ptr<leveldb::Env> make_durable_env(leveldb::Env* base) {
  return std::make_unique<durable_env>(base);
}

}  // namespace fasti::persistence
