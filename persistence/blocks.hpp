#pragma once
/// Bytes of the journal. A block is the value of one LevelDB entry and holds some commits, one
/// behind the other; it can be checked and decoded on its own. Its key is the position of its last
/// event, 8 bytes, big endian: a seek to any position finds the block that holds it.
///
/// All numbers are little endian; everything begins at a multiple of 8 bytes, and gaps are zero.
///
///     block    := header commit*
///     header   := checksum      u64   XXH3-64 of the rest of the header
///                 magic         u32   "fblk"
///                 format        u16   1, or 2 when events in it are truncated
///                 reserved      u16   0
///                 first         u64   position of the first event
///                 events        u32
///                 commits       u32
///                 bytes         u64   of the whole block
///                 time          i64   of the last commit, ns since 1970 UTC
///                 types         u64   bit (id * odd constant >> 58) is set for each event's type
///                 categories    u64   the same for the hash of each stream's category
///                 tags          u64   … and of each event's tags
///     commit   := checksum      u64   XXH3-64 of the rest of the commit, seed: its first position
///                 bytes         u32   of the whole commit
///                 events        u32
///                 command       u64 u64
///                 fingerprint   u64
///                 time          i64
///                 parts         u16
///                 flags         u16   what follows: 1 correlation, 2 causation, 4 a reply,
///                                     8 a trace
///                 metadata      u32   bytes
///                 [correlation  u64 u64]
///                 [causation    u64 u64]
///                 [trace        u64 u64, parent u64, flags u64]
///                 part* metadata [reply] event*
///     part     := first_version u64, events u32, stream_bytes u32, stream, zeros
///     reply    := type u64, words u32, zeros u32, body
///     event    := type u64, words u32, flags u32, body [tags]
///     tags     := bytes u64, names with a zero byte behind each, zeros
///
/// An event with tags has flag 2. A truncated event has flag 1, no tags, and for its body one word:
/// the position of the event that says why. A correlation or causation that equals the command id
/// is left out. Versions and positions of the events follow from their places. The event's id
/// follows from the command id and its ordinal.

#include <span>

#include "fasti/event.hpp"
#include "fasti/journal.hpp"

namespace fasti::persistence {

inline constexpr std::uint32_t block_magic = 0x6b6c6266;  // "fblk"
inline constexpr std::uint16_t block_format = 1;
inline constexpr std::uint16_t block_format_truncated = 2;

struct block_header {
  std::uint64_t checksum = 0;
  std::uint32_t magic = block_magic;
  std::uint16_t format = block_format;
  std::uint16_t reserved = 0;
  std::uint64_t first = 0;
  std::uint32_t events = 0;
  std::uint32_t commits = 0;
  std::uint64_t bytes = 0;
  std::int64_t time = 0;
  std::uint64_t types = 0;
  std::uint64_t categories = 0;
  std::uint64_t tags = 0;
};
static_assert(sizeof(block_header) == 72);

struct commit_header {
  std::uint64_t checksum = 0;
  std::uint32_t bytes = 0;
  std::uint32_t events = 0;
  std::uint64_t command_high = 0;
  std::uint64_t command_low = 0;
  std::uint64_t fingerprint = 0;
  std::int64_t time = 0;
  std::uint16_t parts = 0;
  std::uint16_t flags = 0;
  std::uint32_t metadata_bytes = 0;
};
static_assert(sizeof(commit_header) == 56);

[[nodiscard]] std::uint64_t type_bit(type_id type) noexcept;
[[nodiscard]] std::uint64_t category_bit(std::string_view category) noexcept;
[[nodiscard]] std::uint64_t tag_bit(std::string_view tag) noexcept;

class block;

/// A commit as it will lie in a block, but for its checksum, its time and the versions.
struct commit_draft {
  std::uint32_t words = 0;
  std::uint32_t events = 0;
  std::uint32_t first_part = 0;  // the word where the parts begin
  std::uint16_t parts = 0;
  std::uint64_t types = 0;  // as in the block's header
  std::uint64_t categories = 0;
  std::uint64_t tags = 0;
};
/// Appends it to `words`.
[[nodiscard]] commit_draft draft_of(const commit& c, std::vector<word>& words);

/// The part at word `at` of a draft. The name lives as long as the words.
struct part_draft {
  std::string_view stream;
  std::uint32_t events = 0;
  std::size_t next = 0;  // word of the part behind it
};
[[nodiscard]] part_draft part_at(std::span<const word> draft, std::size_t at);

/// Builds one block after the other.
class block_writer {
 public:
  /// Starts an empty block.
  void begin(position first);
  /// `first_versions`: the version of the first event in each of the commit's parts.
  void add(const commit& c, std::span<const version> first_versions, timestamp time);
  /// The same for a commit that was written down before.
  void add(const commit_draft& draft, std::span<const word> words,
           std::span<const version> first_versions, timestamp time);
  /// Checksums the header and hands the block out; `begin` comes next.
  [[nodiscard]] std::shared_ptr<const block> finish();

  [[nodiscard]] bool empty() const noexcept { return header_.commits == 0; }
  [[nodiscard]] std::size_t bytes() const noexcept { return words_.size() * word_bytes; }
  [[nodiscard]] position last() const noexcept {
    return position{header_.first + header_.events - 1};
  }

 private:
  block_header header_;
  std::vector<word> words_;
};

/// One commit of a checked block, for walking.
struct commit_view {
  commit_header header;
  fasti::position first_position{};
  command_id command;
  unique_id correlation;
  unique_id causation;
  trace_context trace;
  std::string_view metadata;
  type_id reply_type{};
  body_view reply;          // empty: none
  std::string_view parts;   // undecoded
  std::string_view events;  // undecoded

  [[nodiscard]] position last_position() const noexcept {
    return position{count_of(first_position) + header.events - 1};
  }
  /// Calls `visitor(event)` for each event in order; false from it ends the walk.
  template <class Visitor>
  void each_event(Visitor&& visitor) const;
  /// Calls `visitor(stream, first_version, events)` for each part.
  template <class Visitor>
  void each_part(Visitor&& visitor) const;
};

/// A block that was read: an aligned copy of its bytes. Immutable, safe to share.
class block {
 public:
  /// Checks the header and the length. `last` is what the key says. Errors: `corrupt` or, for a
  /// newer format, `invalid`; both name the position.
  [[nodiscard]] static result<std::shared_ptr<const block>> open(std::string_view bytes,
                                                                 position last);

  [[nodiscard]] static result<std::shared_ptr<const block>> open(std::vector<word> words,
                                                                 position last);

  /// The same for a block that must begin behind `before`.
  [[nodiscard]] static result<std::shared_ptr<const block>> open_behind(std::string_view bytes,
                                                                        position before);

  [[nodiscard]] const block_header& header() const noexcept { return header_; }
  [[nodiscard]] position first() const noexcept { return position{header_.first}; }
  [[nodiscard]] position last() const noexcept {
    return position{header_.first + header_.events - 1};
  }
  /// What goes to the disk.
  [[nodiscard]] std::string_view bytes() const noexcept {
    return {reinterpret_cast<const char*>(words_.data()), words_.size() * word_bytes};
  }
  [[nodiscard]] timestamp time() const noexcept {
    return timestamp{std::chrono::nanoseconds{header_.time}};
  }

  /// The same without the bodies of the events of `stream` up to a version, with a note that leads
  /// to `said_at`. Null when that changes nothing. Errors: `corrupt`.
  [[nodiscard]] result<std::shared_ptr<const block>> without_bodies(std::string_view stream,
                                                                    version up_to,
                                                                    position said_at) const;

  /// Calls `visitor(commit)` for each commit whose events reach beyond `after`; false ends the
  /// walk. Each is checked before it is given out, those before are not looked at. Errors:
  /// `corrupt`, naming the position.
  template <class Visitor>
  [[nodiscard]] result<void> each_commit(position after, Visitor&& visitor) const {
    std::size_t at = sizeof(block_header);
    position first = this->first();
    for (std::uint32_t i = 0; i < header_.commits; ++i) {
      auto commit = commit_at(at, first, after);
      if (!commit) return std::move(commit).error();
      at += commit->header.bytes;
      first = next(commit->last_position());
      if (commit->last_position() <= after) continue;
      if (!visitor(*commit)) return {};
    }
    return check_end(at, first);
  }

 private:
  friend class block_writer;
  block() = default;
  [[nodiscard]] result<commit_view> commit_at(std::size_t at, position first, position after) const;
  /// All commits were walked, up to byte `at`; `next` is the position behind the last event.
  [[nodiscard]] result<void> check_end(std::size_t at, position next) const;
  block_header header_;
  std::vector<word> words_;
};

/// The error for a block, or a packed one, of a format that this program does not know.
[[nodiscard]] error newer_block_format(position last, std::uint32_t format, std::uint32_t known);

namespace detail {

inline constexpr std::uint32_t event_is_truncated = 1;  // flags
inline constexpr std::uint32_t event_has_tags = 2;
inline constexpr std::size_t event_header_bytes = 16;

template <class T>
[[nodiscard]] T read_as(std::string_view bytes, std::size_t at) {
  T value;
  __builtin_memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}
[[nodiscard]] constexpr std::size_t padded(std::size_t bytes) {
  return (bytes + 7) & ~std::size_t{7};
}

}  // namespace detail

template <class Visitor>
void commit_view::each_part(Visitor&& visitor) const {
  std::size_t at = 0;
  for (std::uint16_t i = 0; i < header.parts; ++i) {
    const auto first_version = detail::read_as<std::uint64_t>(parts, at);
    const auto count = detail::read_as<std::uint32_t>(parts, at + 8);
    const auto length = detail::read_as<std::uint32_t>(parts, at + 12);
    visitor(parts.substr(at + 16, length), version{first_version}, count);
    at += 16 + detail::padded(length);
  }
}

template <class Visitor>
void commit_view::each_event(Visitor&& visitor) const {
  std::size_t at = 0;
  std::uint32_t ordinal = 0;
  bool more = true;
  each_part([&](std::string_view stream, version first_version, std::uint32_t count) {
    for (std::uint32_t i = 0; more && i < count; ++i, ++ordinal) {
      recorded_event e;
      const auto words = detail::read_as<std::uint32_t>(events, at + 8);
      e.type = type_id{detail::read_as<std::uint64_t>(events, at)};
      const auto flags = detail::read_as<std::uint32_t>(events, at + 12);
      if ((flags & detail::event_is_truncated) == 0) {
        e.body = {reinterpret_cast<const word*>(events.data() + at + 16), words};
      } else {
        e.truncated_by = position{detail::read_as<std::uint64_t>(events, at + 16)};
      }
      e.stream = stream;
      e.version = version{count_of(first_version) + i};
      e.position = position{count_of(first_position) + ordinal};
      e.time = timestamp{std::chrono::nanoseconds{header.time}};
      e.command = command;
      e.correlation = correlation;
      e.causation = causation;
      e.trace = trace;
      e.metadata = metadata;
      e.id = event_id_of(command, ordinal);
      at += detail::event_header_bytes + std::size_t{words} * word_bytes;
      if ((flags & detail::event_has_tags) != 0) {
        const auto bytes = detail::read_as<std::uint64_t>(events, at);
        e.tags = tag_list(events.substr(at + 8, bytes));
        at += 8 + detail::padded(bytes);
      }
      more = visitor(e);
    }
  });
}

}  // namespace fasti::persistence
