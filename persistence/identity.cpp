#include "persistence/identity.hpp"

#include <xxhash.h>

#include <charconv>
#include <sstream>
#include <vector>

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

constexpr auto creating = "creating";
constexpr auto restoring = "restoring";

std::string marker_text(std::string_view word, std::uint64_t number) {
  const std::string line = std::string(word) + " " + std::to_string(number) + "\n";
  return line + "checksum " + checksum_of(line) + "\n";
}

}  // namespace

result<std::optional<unique_id>> find_identity(disk& on, const std::string& directory) {
  if (on.exists(directory + "/" + restoring)) {
    return error{
        errc::invalid, "restore-incomplete",
        "a restore into " + directory + " was cut short; remove the directory and restore again"};
  }
  const std::string file = directory + "/identity";
  if (!on.exists(file)) return std::optional<unique_id>();
  auto text = read_file(on, file);
  if (!text) return std::move(text).error();
  return parse(file, *text);
}

result<std::unique_ptr<disk_lock>> begin_creation(disk& on, const std::string& directory,
                                                  when_missing missing) {
  const bool was_cut_short = on.exists(directory + "/" + creating);
  if (!was_cut_short && has_files(on, directory)) {
    return error{errc::invalid, "not-a-journal",
                 directory + " has files in it, but no journal; choose an empty directory"};
  }
  if (missing == when_missing::refuse) {
    return error{errc::invalid, "no-journal",
                 "there is no journal at " + directory +
                     "; check the path, or set options.when_missing to create"};
  }
  if (auto made = make_directories(on, directory); !made) return std::move(made).error();
  auto held = on.lock(directory + "/" + creating);
  if (!held) return held;
  if (on.exists(directory + "/identity")) {
    static_cast<void>(on.remove(directory + "/" + creating));
    return error{errc::unavailable, "made-meanwhile",
                 "another process has just made the journal at " + directory};
  }
  for (const auto* left : {"events", "index", "views", "snapshots"}) {
    if (auto gone = remove_tree(on, directory + "/" + left); !gone) return std::move(gone).error();
  }
  if (const auto why = on.sync_directory(directory); why != 0) {
    return storage_failed(directory, why);
  }
  return held;
}

result<void> write_marker(disk& on, const std::string& directory, const char* name,
                          const char* word, std::uint64_t number) {
  return replace_file(on, directory + "/" + name, marker_text(word, number));
}

std::optional<std::uint64_t> read_marker(disk& on, const std::string& directory, const char* name,
                                         const char* word) {
  const std::string file = directory + "/" + name;
  if (!on.exists(file)) return std::nullopt;
  const auto text = read_file(on, file);
  if (!text) return std::nullopt;
  std::istringstream in(*text);
  std::string first;
  std::uint64_t number = 0;
  in >> first >> number;
  if (*text != marker_text(word, number)) return std::nullopt;
  return number;
}

result<void> forget_marker(disk& on, const std::string& directory, const char* name) {
  const std::string file = directory + "/" + name;
  if (!on.exists(file)) return {};
  io_code why = on.remove(file);
  if (why == 0) why = on.sync_directory(directory);
  if (why != 0) return storage_failed(file, why);
  return {};
}

result<void> note_closed(disk& on, const std::string& directory, position head) {
  return write_marker(on, directory, "closed", "head", count_of(head));
}

std::optional<position> closed_at(disk& on, const std::string& directory) {
  const auto head = read_marker(on, directory, "closed", "head");
  return head ? std::optional(position{*head}) : std::nullopt;
}

result<void> forget_closed(disk& on, const std::string& directory) {
  return forget_marker(on, directory, "closed");
}

result<void> note_relaxed(disk& on, const std::string& directory) {
  return replace_file(on, directory + "/relaxed", "batches are not synced one by one\n");
}

bool was_relaxed(const disk& on, const std::string& directory) {
  return on.exists(directory + "/relaxed");
}

result<void> forget_relaxed(disk& on, const std::string& directory) {
  return forget_marker(on, directory, "relaxed");
}

result<unique_id> finish_creation(disk& on, const std::string& directory) {
  const auto id = unique_id::generate();
  if (auto wrote = replace_file(on, directory + "/identity", text_of(id)); !wrote) {
    return std::move(wrote).error();
  }
  static_cast<void>(on.remove(directory + "/" + creating));  // it only says less than `identity`
  return id;
}

result<void> begin_restore(disk& on, const std::string& directory) {
  if (has_files(on, directory)) {
    return error{errc::invalid, "not-empty",
                 directory + " has files in it; restore into an empty directory"};
  }
  if (auto made = make_directories(on, directory); !made) return made;
  return replace_file(on, directory + "/" + restoring, "a restore is under way\n");
}

result<void> finish_restore(disk& on, const std::string& directory, unique_id id) {
  if (auto wrote = replace_file(on, directory + "/identity", text_of(id)); !wrote) return wrote;
  return forget_marker(on, directory, restoring);
}

}  // namespace fasti::persistence
