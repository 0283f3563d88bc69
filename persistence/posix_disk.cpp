// The real file system.

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "persistence/disk.hpp"
#include "persistence/file_lock.hpp"

namespace fasti::persistence {
namespace {

class posix_file final : public disk_file {
 public:
  explicit posix_file(int fd) : fd_(fd) {}
  ~posix_file() override { static_cast<void>(posix_file::close()); }
  posix_file(const posix_file&) = delete;
  posix_file& operator=(const posix_file&) = delete;

  io_code write(std::string_view data, std::size_t& wrote) override {
    const auto some = data.substr(0, writeback_bytes);
    const auto count = retried([&] { return ::write(fd_, some.data(), some.size()); });
    wrote = count < 0 ? 0 : static_cast<std::size_t>(count);
    written_ += wrote;
    return count < 0 ? errno : write_back();
  }
  io_code read_at(std::uint64_t offset, std::span<char> into, std::size_t& got) const override {
    const auto count =
        retried([&] { return ::pread(fd_, into.data(), into.size(), static_cast<off_t>(offset)); });
    got = count < 0 ? 0 : static_cast<std::size_t>(count);
    return count < 0 ? errno : 0;
  }
  void expect(std::uint64_t offset, std::size_t bytes) const noexcept override {
    static_cast<void>(::posix_fadvise(fd_, static_cast<off_t>(offset), static_cast<off_t>(bytes),
                                      POSIX_FADV_WILLNEED));
  }
  io_code sync() override {
    written_back_ = piece_before_ = written_ / page_bytes * page_bytes;
    return ::fdatasync(fd_) == 0 ? 0 : errno;
  }
  io_code close() override {
    if (fd_ < 0) return 0;
    return ::close(std::exchange(fd_, -1)) == 0 ? 0 : errno;
  }

 private:
  static constexpr std::size_t writeback_bytes = 256U << 10;
  static constexpr std::uint64_t page_bytes = 4096;

  /// What was written goes to the disk piece by piece, and the next one is begun when the one
  /// before is there. Else the one who syncs this file would wait for all of it, and so would those
  /// who sync others meanwhile: a log's sync comes behind a piece, not behind the 8 MB of another
  /// file. (RocksDB: bytes_per_sync, strict.) Not the page that is being filled.
  ///
  /// What goes wrong on the way is said once, here or by a sync: so it is the write's error.
  io_code write_back() noexcept {
    const auto whole = written_ / page_bytes * page_bytes;
    if (whole - written_back_ < writeback_bytes) return 0;
    const auto from = std::exchange(piece_before_, written_back_);
    written_back_ = whole;
    const int done =
        ::sync_file_range(fd_, static_cast<off_t>(from), static_cast<off_t>(whole - from),
                          SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE);
    const bool failed = done != 0 && errno != ENOSYS && errno != EINVAL && errno != ESPIPE;
    return failed ? errno : 0;  // a file that knows no pieces goes when it is synced
  }

  template <class Call>
  static ssize_t retried(Call call) {
    while (true) {
      const ssize_t count = call();
      if (count >= 0 || errno != EINTR) return count;
    }
  }
  int fd_;
  // Bytes from the beginning:
  std::uint64_t written_ = 0;
  std::uint64_t written_back_ = 0;  // what the system was told of, or synced
  std::uint64_t piece_before_ = 0;  // where the last piece of that begins
};

class posix_lock final : public disk_lock {
 public:
  explicit posix_lock(std::unique_ptr<file_lock> held) : held_(std::move(held)) {}

 private:
  std::unique_ptr<file_lock> held_;
};

io_code code_of(int result) { return result == 0 ? 0 : errno; }

class posix_file_system final : public disk {
 public:
  io_code create(const std::string& path, std::unique_ptr<disk_file>& file) override {
    return open_as(path, O_CREAT | O_TRUNC | O_WRONLY, file);
  }
  io_code open(const std::string& path, std::unique_ptr<disk_file>& file) override {
    return open_as(path, O_RDONLY, file);
  }
  io_code rename(const std::string& from, const std::string& to) override {
    return code_of(::rename(from.c_str(), to.c_str()));
  }
  io_code cut(const std::string& path, std::uint64_t bytes) override {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) return errno;
    io_code why = code_of(::ftruncate(fd, static_cast<off_t>(bytes)));
    if (why == 0) why = code_of(::fsync(fd));
    ::close(fd);
    return why;
  }
  io_code remove(const std::string& path) override { return code_of(::unlink(path.c_str())); }
  io_code make_directory(const std::string& path) override {
    return code_of(::mkdir(path.c_str(), 0700));
  }
  io_code remove_directory(const std::string& path) override {
    return code_of(::rmdir(path.c_str()));
  }
  io_code sync_directory(const std::string& path) override {
    const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return errno;
    const auto why = code_of(::fsync(fd));
    ::close(fd);
    return why;
  }
  io_code list(const std::string& path, std::vector<std::string>& names) const override {
    DIR* at = ::opendir(path.c_str());
    if (at == nullptr) return errno;
    names.clear();
    while (const dirent* entry = ::readdir(at)) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
    }
    ::closedir(at);
    return 0;
  }
  io_code size(const std::string& path, std::uint64_t& bytes) const override {
    struct stat s {};
    if (::stat(path.c_str(), &s) != 0) return errno;
    bytes = static_cast<std::uint64_t>(s.st_size);
    return 0;
  }
  bool exists(const std::string& path) const override {
    struct stat s {};
    return ::stat(path.c_str(), &s) == 0;
  }
  result<std::unique_ptr<disk_lock>> lock(const std::string& path) override {
    auto held = file_lock::acquire(path);
    if (!held) return std::move(held).error();
    return std::unique_ptr<disk_lock>(std::make_unique<posix_lock>(*std::move(held)));
  }

 private:
  static io_code open_as(const std::string& path, int flags, std::unique_ptr<disk_file>& file) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
    if (fd < 0) return errno;
    file = std::make_unique<posix_file>(fd);
    return 0;
  }
};

}  // namespace

disk& posix_disk() {
  static posix_file_system the_one;
  return the_one;
}

}  // namespace fasti::persistence
