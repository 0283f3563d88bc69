#include "persistence/disk.hpp"

#include <array>
#include <cerrno>
#include <cstring>

namespace fasti::persistence {

error storage_failed(const std::string& path, io_code why) {
  return {errc::unavailable, "storage-failed", path + ": " + std::strerror(why)};
}

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string base_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool has_files(const disk& on, const std::string& path) {
  std::vector<std::string> names;
  return on.exists(path) && (on.list(path, names) != 0 || !names.empty());
}

result<std::string> read_file(disk& on, const std::string& path) {
  std::unique_ptr<disk_file> file;
  if (const auto why = on.open(path, file); why != 0) return storage_failed(path, why);
  std::string text;
  std::array<char, 16384> piece{};
  while (true) {
    std::size_t got = 0;
    if (const auto why = file->read_at(text.size(), piece, got); why != 0) {
      return storage_failed(path, why);
    }
    if (got == 0) return text;
    text.append(piece.data(), got);
  }
}

io_code write_all(disk_file& file, std::string_view data) {
  while (!data.empty()) {
    std::size_t wrote = 0;
    if (const auto why = file.write(data, wrote); why != 0) return why;
    if (wrote == 0) return EIO;
    data.remove_prefix(wrote);
  }
  return 0;
}

result<void> replace_file(disk& on, const std::string& path, std::string_view text) {
  const std::string beside = path + ".new";
  std::unique_ptr<disk_file> file;
  io_code why = on.create(beside, file);
  if (why == 0) why = write_all(*file, text);
  if (why == 0) why = file->sync();
  if (why == 0) why = file->close();
  if (why != 0) return storage_failed(beside, why);
  why = on.rename(beside, path);
  if (why == 0) why = on.sync_directory(directory_of(path));
  if (why != 0) return storage_failed(path, why);
  return {};
}

result<void> remove_tree(disk& on, const std::string& path) {
  if (!on.exists(path)) return {};
  std::vector<std::string> names;
  if (const auto why = on.list(path, names); why != 0) return storage_failed(path, why);
  for (const auto& name : names) {
    const std::string inside = path + "/" + name;
    const auto why = on.remove(inside);
    if (why == EISDIR || why == EPERM) {
      if (auto removed = remove_tree(on, inside); !removed) return removed;
    } else if (why != 0 && why != ENOENT) {
      return storage_failed(inside, why);
    }
  }
  if (const auto why = on.remove_directory(path); why != 0) return storage_failed(path, why);
  const auto above = directory_of(path);
  if (const auto why = on.sync_directory(above); why != 0) return storage_failed(above, why);
  return {};
}

result<void> make_directories(disk& on, const std::string& path) {
  if (on.exists(path)) return {};
  const auto above = directory_of(path);
  if (auto made = make_directories(on, above); !made) return made;
  const auto why = on.make_directory(path);
  if (why != 0 && why != EEXIST) return storage_failed(path, why);
  if (const auto failed = on.sync_directory(above); failed != 0) {
    return storage_failed(above, failed);
  }
  return {};
}

}  // namespace fasti::persistence
