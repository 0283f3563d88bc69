#include "persistence/identity.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace fasti::persistence {
namespace {

std::string checksum_of(const std::string& text) {
  return unique_id{0, XXH3_64bits(text.data(), text.size())}.to_string().substr(16);
}

std::string text_of(unique_id id) {
  const std::string lines =
      "fasti journal\nformat " + std::to_string(journal_format) + "\nid " + id.to_string() + "\n";
  return lines + "checksum " + checksum_of(lines) + "\n";
}

error damaged(const std::string& file) {
  return {errc::corrupt, "identity-damaged", file + " is not what was written"};
}

error failed(const std::string& what) {
  return {errc::unavailable, "storage-failed", what + ": " + std::strerror(errno)};
}

bool parse_hex(std::string_view text, std::uint64_t& number) {
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  return ec == std::errc() && end == text.data() + text.size();
}

result<std::optional<unique_id>> parse(const std::string& file, const std::string& text) {
  std::istringstream in(text);
  std::string title;
  std::string word;
  std::string id;
  int format = 0;
  std::getline(in, title);
  in >> word >> format;
  if (title != "fasti journal" || word != "format") return damaged(file);
  if (format > journal_format) {
    return error{errc::invalid, "newer-format",
                 file + " says journal format " + std::to_string(format) +
                     "; this program reads up to " + std::to_string(journal_format)};
  }
  in >> word >> id;
  unique_id found;
  if (id.size() != 32 || !parse_hex(std::string_view(id).substr(0, 16), found.high) ||
      !parse_hex(std::string_view(id).substr(16), found.low) || text != text_of(found)) {
    return damaged(file);
  }
  return std::optional<unique_id>(found);
}

result<void> sync(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) return failed(path);
  const int synced = ::fsync(fd);
  ::close(fd);
  if (synced != 0) return failed(path);
  return {};
}

result<void> write_durably(const std::string& directory, const std::string& name,
                           const std::string& text) {
  const std::string beside = directory + "/" + name + ".new";
  const int fd = ::open(beside.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return failed(beside);
  const bool wrote = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                     ::fsync(fd) == 0;
  if (!wrote) {
    auto why = failed(beside);
    ::close(fd);
    return why;
  }
  ::close(fd);
  if (::rename(beside.c_str(), (directory + "/" + name).c_str()) != 0) return failed(beside);
  return sync(directory, O_RDONLY | O_DIRECTORY);
}

bool exists(const std::string& path) {
  std::error_code ec;
  return std::filesystem::exists(path, ec);
}

result<void> make_directory(const std::string& directory) {
  std::error_code ec;
  auto whole = std::filesystem::absolute(directory);
  if (!whole.has_filename()) whole = whole.parent_path();  // it ended in a slash
  const auto parent = whole.parent_path();
  std::filesystem::create_directories(parent, ec);
  if (::mkdir(directory.c_str(), 0700) != 0) return failed(directory);
  return sync(parent.string(), O_RDONLY | O_DIRECTORY);
}

constexpr auto creating = "creating";

}  // namespace

result<std::optional<unique_id>> find_identity(const std::string& directory) {
  const std::string file = directory + "/identity";
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    if (exists(file)) return failed(file);
    return std::optional<unique_id>();
  }
  std::ostringstream text;
  text << in.rdbuf();
  return parse(file, text.str());
}

result<std::unique_ptr<file_lock>> begin_creation(const std::string& directory,
                                                  when_missing missing) {
  std::error_code ec;
  const bool is_there = exists(directory);
  const bool was_cut_short = exists(directory + "/" + creating);
  if (is_there && !was_cut_short && !std::filesystem::is_empty(directory, ec)) {
    return error{errc::invalid, "not-a-journal",
                 directory + " has files in it, but no journal; choose an empty directory"};
  }
  if (missing == when_missing::refuse) {
    return error{errc::invalid, "no-journal",
                 "there is no journal at " + directory +
                     "; check the path, or set options.when_missing to create"};
  }
  if (!is_there) {
    if (auto made = make_directory(directory); !made) return std::move(made).error();
  }
  auto held = file_lock::acquire(directory + "/" + creating);
  if (!held) return held;
  if (exists(directory + "/identity")) {
    std::filesystem::remove(directory + "/" + creating, ec);
    return error{errc::unavailable, "made-meanwhile",
                 "another process has just made the journal at " + directory};
  }
  for (const auto* left : {"events", "index", "views", "snapshots", "identity.new"}) {
    std::filesystem::remove_all(directory + "/" + left, ec);
  }
  if (auto synced = sync(directory, O_RDONLY | O_DIRECTORY); !synced) {
    return std::move(synced).error();
  }
  return held;
}

result<unique_id> finish_creation(const std::string& directory) {
  const auto id = unique_id::generate();
  if (auto wrote = write_durably(directory, "identity", text_of(id)); !wrote) {
    return std::move(wrote).error();
  }
  std::error_code ec;
  std::filesystem::remove(directory + "/" + creating, ec);
  return id;
}

}  // namespace fasti::persistence
