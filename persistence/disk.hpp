#pragma once
/// The file system, as far as the stores use it: every byte that fasti writes or reads goes through
/// here. There is the real one, and the one of the fault tests, which stands below the same code
/// and forgets what was not synced.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fasti/result.hpp"

namespace fasti::persistence {

/// 0, or an errno.
using io_code = int;

/// An open file. Not thread-safe, but for `read_at` and `expect`.
class disk_file {
 public:
  /// Closes. Errors are lost: where they count, call `close` before.
  virtual ~disk_file() = default;
  /// Writes at the end. May write less than was given, as write(2): `wrote` tells how much.
  [[nodiscard]] virtual io_code write(std::string_view data, std::size_t& wrote) = 0;
  /// May read less than was asked for, as pread(2); nothing at the end.
  [[nodiscard]] virtual io_code read_at(std::uint64_t offset, std::span<char> into,
                                        std::size_t& got) const = 0;
  /// These bytes will be read soon: the disk may begin to fetch them. Says nothing of errors.
  virtual void expect(std::uint64_t offset, std::size_t bytes) const noexcept {
    static_cast<void>(offset);
    static_cast<void>(bytes);
  }
  /// The file's bytes are on the disk; its name is not: that is the directory's.
  [[nodiscard]] virtual io_code sync() = 0;
  [[nodiscard]] virtual io_code close() = 0;
};

/// Held until it goes.
class disk_lock {
 public:
  virtual ~disk_lock() = default;
};

/// Safe to use from any thread. Paths are as the operating system takes them.
class disk {
 public:
  virtual ~disk() = default;

  /// A new empty file in the place of what was there.
  [[nodiscard]] virtual io_code create(const std::string& path,
                                       std::unique_ptr<disk_file>& file) = 0;
  [[nodiscard]] virtual io_code open(const std::string& path, std::unique_ptr<disk_file>& file) = 0;
  [[nodiscard]] virtual io_code rename(const std::string& from, const std::string& to) = 0;
  /// Makes a file shorter; it is so on the disk when this returns. Takes no room.
  [[nodiscard]] virtual io_code cut(const std::string& path, std::uint64_t bytes) = 0;
  [[nodiscard]] virtual io_code remove(const std::string& path) = 0;
  [[nodiscard]] virtual io_code make_directory(const std::string& path) = 0;
  [[nodiscard]] virtual io_code remove_directory(const std::string& path) = 0;
  /// What was created, renamed and removed in it so far is on the disk.
  [[nodiscard]] virtual io_code sync_directory(const std::string& path) = 0;
  [[nodiscard]] virtual io_code list(const std::string& path,
                                     std::vector<std::string>& names) const = 0;
  [[nodiscard]] virtual io_code size(const std::string& path, std::uint64_t& bytes) const = 0;
  [[nodiscard]] virtual bool exists(const std::string& path) const = 0;
  /// One opener of a file, and so of what it stands for (P7). Errors: `unavailable` ("locked"),
  /// naming who has it.
  [[nodiscard]] virtual result<std::unique_ptr<disk_lock>> lock(const std::string& path) = 0;
};

/// The operating system's. Files are 0600, directories 0700.
[[nodiscard]] disk& posix_disk();

/// `unavailable` ("storage-failed"), naming the path and what the system said.
[[nodiscard]] error storage_failed(const std::string& path, io_code why);

[[nodiscard]] std::string directory_of(const std::string& path);
[[nodiscard]] std::string base_of(const std::string& path);

/// There is a directory that is not empty, or that does not say.
[[nodiscard]] bool has_files(const disk& on, const std::string& path);
/// All of a small file.
[[nodiscard]] result<std::string> read_file(disk& on, const std::string& path);
/// The file is `text` or what it was before, also after a crash: written beside it, synced,
/// renamed.
[[nodiscard]] result<void> replace_file(disk& on, const std::string& path, std::string_view text);
[[nodiscard]] io_code write_all(disk_file& file, std::string_view data);
/// Removes a directory of files, or nothing when it is not there.
[[nodiscard]] result<void> remove_tree(disk& on, const std::string& path);
/// Makes the directory and those above it; each is on the disk when it returns.
[[nodiscard]] result<void> make_directories(disk& on, const std::string& path);

}  // namespace fasti::persistence
