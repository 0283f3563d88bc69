#pragma once
/// One process, one opener (P7).

#include <memory>
#include <string>

#include "fasti/result.hpp"

namespace fasti::persistence {

/// Holds a file against other processes (flock) and against a second opener in this one (a table by
/// device and inode, asked before the file is opened). The kernel frees it when the process dies.
/// The file holds the holder's pid, for the message that the other one gets.
class file_lock {
 public:
  /// Makes the file if it is not there. Errors: `unavailable` ("locked"), naming who has it.
  [[nodiscard]] static result<std::unique_ptr<file_lock>> acquire(const std::string& path);
  file_lock(const file_lock&) = delete;
  file_lock& operator=(const file_lock&) = delete;
  ~file_lock();

 private:
  file_lock(int fd, std::pair<std::uint64_t, std::uint64_t> inode);
  const int fd_;
  const int holder_;  // pid
  const std::pair<std::uint64_t, std::uint64_t> inode_;
};

}  // namespace fasti::persistence
