#include "persistence/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <set>

namespace fasti::persistence {
namespace {

using inode_key = std::pair<std::uint64_t, std::uint64_t>;

/// The one thing that is the process's and not an object's: which files it holds.
struct held_files {
  std::mutex mutex;
  std::set<inode_key> inodes;
};
held_files& held() {
  static held_files files;
  return files;
}

error locked(const std::string& path, const std::string& by) {
  return {errc::unavailable, "locked", path + " is held by " + by};
}

error failed(const std::string& path, int number) {
  return {errc::unavailable, "lock-failed", path + ": " + std::strerror(number)};
}

std::string holder_in(int fd) {
  char text[32] = {};
  const auto got = ::pread(fd, text, sizeof text - 1, 0);
  const std::string pid(text, got > 0 ? static_cast<std::size_t>(got) : 0);
  const auto digits = pid.find_first_not_of("0123456789");
  return digits == 0 || pid.empty() ? "another process" : "process " + pid.substr(0, digits);
}

inode_key key_of(const struct stat& s) {
  return {static_cast<std::uint64_t>(s.st_dev), static_cast<std::uint64_t>(s.st_ino)};
}

}  // namespace

result<std::unique_ptr<file_lock>> file_lock::acquire(const std::string& path) {
  auto& table = held();
  const std::lock_guard lock(table.mutex);
  struct stat before {};
  if (::stat(path.c_str(), &before) == 0 && table.inodes.contains(key_of(before))) {
    return locked(path, "this process already");
  }
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return failed(path, errno);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int why = errno;
    auto refusal = why == EWOULDBLOCK ? locked(path, holder_in(fd)) : failed(path, why);
    ::close(fd);
    return refusal;
  }
  struct stat opened {};
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::fstat(fd, &opened) != 0 || ::ftruncate(fd, 0) != 0 ||
      ::pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    auto refusal = failed(path, errno);
    ::close(fd);
    return refusal;
  }
  table.inodes.insert(key_of(opened));
  return std::unique_ptr<file_lock>(new file_lock(fd, key_of(opened)));
}

file_lock::file_lock(int fd, std::pair<std::uint64_t, std::uint64_t> inode)
    : fd_(fd), holder_(::getpid()), inode_(inode) {}

file_lock::~file_lock() {
  auto& table = held();
  const std::lock_guard lock(table.mutex);
  table.inodes.erase(inode_);
  // Closing would leave it with a child that was forked meanwhile and has not yet come to its exec;
  // but a child's copy of this object must not free what the parent holds.
  if (::getpid() == holder_) ::flock(fd_, LOCK_UN);
  ::close(fd_);
}

}  // namespace fasti::persistence
