#include "persistence/log_lint.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include "persistence/database.hpp"
#include "persistence/varint.hpp"

namespace fasti::persistence {
namespace {

constexpr std::size_t log_block_bytes = 32U << 10;
constexpr std::size_t record_header_bytes = 7;
constexpr std::size_t batch_header_bytes = 12;

enum record_type : std::uint8_t { whole = 1, first = 2, middle = 3, last = 4 };

using crc_table = std::array<std::array<std::uint32_t, 256>, 8>;

/// CRC-32C, eight bytes a step; Debian 12 has no library for it.
constexpr crc_table make_crc_table() {
  crc_table t{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82f63b78U : 0U);
    t[0][i] = crc;
  }
  for (std::uint32_t i = 0; i < 256; ++i) {
    for (std::size_t k = 1; k < 8; ++k) t[k][i] = (t[k - 1][i] >> 8U) ^ t[0][t[k - 1][i] & 0xffU];
  }
  return t;
}

std::uint32_t crc32c(std::string_view bytes) {
  static constexpr crc_table t = make_crc_table();
  std::uint32_t crc = 0xffffffffU;
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, bytes.data() + at, 8);
    eight ^= crc;
    crc = 0;
    for (std::size_t k = 0; k < 8; ++k) crc ^= t[7 - k][(eight >> (8 * k)) & 0xffU];
  }
  for (; at < bytes.size(); ++at) {
    crc = (crc >> 8U) ^ t[0][(crc ^ static_cast<unsigned char>(bytes[at])) & 0xffU];
  }
  return ~crc;
}

/// LevelDB stores sums of data that may itself hold sums rotated and shifted.
std::uint32_t masked(std::uint32_t crc) { return ((crc >> 15U) | (crc << 17U)) + 0xa282ead8U; }

std::uint64_t little_endian(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.data() + at, size);
  return number;
}

/// One physical record; none where there is none that is good.
struct fragment {
  std::uint8_t type = 0;
  std::string_view data;
};
std::optional<fragment> fragment_at(std::string_view bytes, std::size_t at) {
  const std::size_t block_end =
      std::min((at / log_block_bytes + 1) * log_block_bytes, bytes.size());
  if (at + record_header_bytes > block_end) return std::nullopt;
  const auto length = static_cast<std::size_t>(little_endian(bytes, at + 4, 2));
  const auto type = static_cast<std::uint8_t>(bytes[at + 6]);
  if (type < whole || type > last || at + record_header_bytes + length > block_end) {
    return std::nullopt;
  }
  if (little_endian(bytes, at, 4) != masked(crc32c(bytes.substr(at + 6, length + 1)))) {
    return std::nullopt;
  }
  return fragment{type, bytes.substr(at + record_header_bytes, length)};
}

std::uint64_t sequence_of(std::string_view batch) {
  return batch.size() < batch_header_bytes ? 0 : little_endian(batch, 0, 8);
}

/// Where a record begins that was written after the last good one; the file's size: nowhere.
std::size_t later_record(std::string_view bytes, std::size_t from, log_kind kind,
                         std::uint64_t last_sequence) {
  for (std::size_t at = from; at + record_header_bytes <= bytes.size(); ++at) {
    const auto type = static_cast<std::uint8_t>(bytes[at + 6]);
    if (type != whole && type != first) continue;
    const auto found = fragment_at(bytes, at);
    if (!found || found->data.empty()) continue;
    if (kind == log_kind::manifest || sequence_of(found->data) > last_sequence) return at;
  }
  return bytes.size();
}

bool take_text(std::string_view& bytes) {
  std::uint64_t size = 0;
  if (!take_varint(bytes, size) || size > bytes.size()) return false;
  bytes.remove_prefix(size);
  return true;
}

/// The position under which a batch put its first block, for the message.
std::string last_position_in(std::string_view batch) {
  constexpr std::string_view key_of_a_position{"\x01\x08", 2};
  if (batch.size() < batch_header_bytes + 10) return "none";
  if (batch.substr(batch_header_bytes, 2) != key_of_a_position) return "unknown";
  return std::to_string(from_big_endian(batch.substr(batch_header_bytes + 2)));
}

error damaged(const std::string& file, std::uint64_t offset, const std::string& why) {
  return {errc::corrupt, "log-damaged",
          file + ", offset " + std::to_string(offset) + ": " + why + "; restore a backup"};
}

}  // namespace

log_scan scan_log(std::string_view bytes, log_kind kind,
                  const std::function<void(std::string_view)>& each) {
  log_scan scan;
  std::string record;
  bool inside = false;
  std::size_t began_at = 0;
  std::size_t at = 0;
  const auto bad = [&](std::size_t where) {
    scan.bad_at = inside ? began_at : where;  // a record of which a part is there is torn, too
    scan.later_at = later_record(bytes, where + 1, kind, sequence_of(scan.last_record));
    scan.found = scan.later_at < bytes.size() ? log_scan::state::damaged : log_scan::state::torn;
    return scan;
  };
  while (at < bytes.size()) {
    const std::size_t left = log_block_bytes - at % log_block_bytes;
    if (left < record_header_bytes) {
      at += left;
      continue;
    }
    const auto found = fragment_at(bytes, at);
    if (!found) return bad(at);
    const bool begins = found->type == whole || found->type == first;
    if (begins == inside) return bad(at);
    if (begins) {
      record.clear();
      began_at = at;
    }
    record += found->data;
    at += record_header_bytes + found->data.size();
    inside = found->type == first || found->type == middle;
    if (inside) continue;
    ++scan.records;
    if (each) each(record);
    scan.last_record.swap(record);
  }
  return inside ? bad(bytes.size()) : scan;
}

bool apply_edit(std::string_view record, manifest_state& state) {
  enum tag : std::uint8_t {
    comparator = 1,
    log = 2,
    next_file = 3,
    last_sequence = 4,
    compact_pointer = 5,
    deleted_file = 6,
    new_file = 7,
    previous_log = 9
  };
  std::uint64_t kind = 0;
  std::uint64_t number = 0;
  std::uint64_t level = 0;
  while (!record.empty()) {
    if (!take_varint(record, kind)) return false;
    bool good = true;
    if (kind == comparator) {
      good = take_text(record);
    } else if (kind == log) {
      good = take_varint(record, state.log_number);
    } else if (kind == next_file || kind == last_sequence || kind == previous_log) {
      good = take_varint(record, number);
    } else if (kind == compact_pointer) {
      good = take_varint(record, level) && take_text(record);
    } else if (kind == deleted_file) {
      good = take_varint(record, level) && take_varint(record, number);
      state.tables.erase(number);
    } else if (kind == new_file) {
      std::uint64_t size = 0;
      good = take_varint(record, level) && take_varint(record, number) &&
             take_varint(record, size) && take_text(record) && take_text(record);
      state.tables[number] = size;
    } else {
      return false;
    }
    if (!good) return false;
  }
  return true;
}

namespace {

result<manifest_state> lint_manifest(disk& on, const std::string& directory) {
  auto current = read_file(on, directory + "/CURRENT");
  if (!current) return std::move(current).error();
  if (!current->ends_with('\n') || !current->starts_with("MANIFEST-")) {
    return error{errc::corrupt, "log-damaged", directory + "/CURRENT names no MANIFEST"};
  }
  const std::string file = directory + "/" + current->substr(0, current->size() - 1);
  if (!on.exists(file)) {
    return error{errc::corrupt, "log-missing", file + " is not there, but CURRENT names it"};
  }
  auto bytes = read_file(on, file);
  if (!bytes) return std::move(bytes).error();
  manifest_state state;
  bool good = true;
  const auto scan = scan_log(*bytes, log_kind::manifest, [&](std::string_view record) {
    good = good && apply_edit(record, state);
  });
  if (!good || scan.found == log_scan::state::damaged) {
    return damaged(file, scan.bad_at, "the list of tables is not what was written");
  }
  return state;
}

/// Tables come and go with MANIFEST; each has the size it was written with.
result<void> lint_tables(const disk& on, const std::string& directory,
                         const manifest_state& state) {
  for (const auto& [number, bytes] : state.tables) {
    const auto digits = file_number_text(number);
    std::uint64_t size = 0;
    std::string file = directory + "/" + digits + ".ldb";
    if (!on.exists(file)) file = directory + "/" + digits + ".sst";
    if (on.size(file, size) != 0) {
      return error{errc::corrupt, "table-missing",
                   directory + "/" + digits + ".ldb is not there; restore a backup"};
    }
    if (size != bytes) {
      return error{errc::corrupt, "table-damaged",
                   file + " has " + std::to_string(size) + " bytes, " + std::to_string(bytes) +
                       " were written; restore a backup"};
    }
  }
  return {};
}

result<std::vector<torn_log>> lint_logs(disk& on, const std::string& directory, std::uint64_t from,
                                        log_tail tail) {
  std::vector<std::string> names;
  if (const auto why = on.list(directory, names); why != 0) return storage_failed(directory, why);
  std::map<std::uint64_t, std::string> logs;
  for (const auto& name : names) {
    const auto number = log_number(name);
    if (number != 0 && number >= from) logs[number] = directory + "/" + name;
  }
  std::vector<torn_log> torn;
  for (const auto& [number, file] : logs) {
    auto bytes = read_file(on, file);
    if (!bytes) return std::move(bytes).error();
    const auto scan = scan_log(*bytes, log_kind::batches);
    if (scan.found == log_scan::state::whole) continue;
    const auto good = "last good position " + last_position_in(scan.last_record);
    if (tail == log_tail::may_have_holes && number == logs.rbegin()->first) {
      torn.push_back({file, scan.bad_at});
      continue;
    }
    if (scan.found == log_scan::state::damaged) {
      return damaged(file, scan.bad_at,
                     "a record that was written later begins at " + std::to_string(scan.later_at) +
                         " (" + good + ")");
    }
    const char* promised = nullptr;
    if (number != logs.rbegin()->first) promised = "it was synced before the next log was made";
    if (tail == log_tail::must_be_whole) promised = "it was whole when the journal was closed";
    if (promised != nullptr) {
      return damaged(file, scan.bad_at, std::string(promised) + " (" + good + ")");
    }
    torn.push_back({file, scan.bad_at});
  }
  return torn;
}

}  // namespace

result<std::vector<torn_log>> lint_database(disk& on, const std::string& directory,
                                            const expected_logs& logs, log_tail tail) {
  if (!on.exists(directory + "/CURRENT")) return std::vector<torn_log>();
  auto manifest = lint_manifest(on, directory);
  if (!manifest) return std::move(manifest).error();
  if (auto good = lint_tables(on, directory, *manifest); !good) return std::move(good).error();
  if (auto good = logs.check(manifest->log_number); !good) return std::move(good).error();
  return lint_logs(on, directory, manifest->log_number, tail);
}

}  // namespace fasti::persistence
