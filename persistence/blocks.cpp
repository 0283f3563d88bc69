#include "persistence/blocks.hpp"

#include <xxhash.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace fasti::persistence {
namespace {

using detail::padded;
using detail::read_as;

constexpr std::uint16_t has_correlation = 1;
constexpr std::uint16_t has_causation = 2;
constexpr std::uint16_t has_reply = 4;
constexpr std::uint16_t has_trace = 8;
constexpr std::size_t block_words_usual = 1536;  // 12 KiB
constexpr std::size_t checksum_bytes = sizeof(std::uint64_t);

/// Appends bytes to words, with zeros up to the next word.
class word_output {
 public:
  explicit word_output(std::vector<word>& words) : words_(words) {}
  void words(body_view all) { words_.insert(words_.end(), all.begin(), all.end()); }
  void bytes(const void* data, std::size_t size) {
    const std::size_t at = words_.size();
    words_.resize(at + padded(size) / word_bytes);
    if (size > 0) std::memcpy(words_.data() + at, data, size);
  }
  void number(std::uint64_t n) { words_.push_back(n); }
  void pair(std::uint32_t low, std::uint32_t high) {
    words_.push_back(low | (std::uint64_t{high} << 32U));
  }
  void id(const unique_id& id) {
    words_.push_back(id.high);
    words_.push_back(id.low);
  }

 private:
  std::vector<word>& words_;
};

std::uint64_t checksum_of_commit(const void* after_checksum, std::size_t bytes,
                                 std::uint64_t first) {
  return XXH3_64bits_withSeed(after_checksum, bytes, first);
}

std::uint64_t checksum_of_header(const block_header& h) {
  return XXH3_64bits(reinterpret_cast<const char*>(&h) + checksum_bytes, sizeof h - checksum_bytes);
}

error damaged(position at, const char* what) {
  return {errc::corrupt, "record-damaged",
          "journal, position " + std::to_string(count_of(at)) + ": " + what};
}

/// A cursor over the variable parts of a commit whose checksum held: a length that leads outside is
/// still refused, for a checksum is not a proof.
class cursor {
 public:
  cursor(std::string_view bytes, std::size_t at) : bytes_(bytes), at_(at) {}
  [[nodiscard]] bool take(std::size_t size, std::string_view& out) {
    if (size > bytes_.size() - at_) return false;
    out = bytes_.substr(at_, size);
    at_ += size;
    return true;
  }
  [[nodiscard]] bool take_id(unique_id& id) {
    std::string_view raw;
    if (!take(16, raw)) return false;
    id = {read_as<std::uint64_t>(raw, 0), read_as<std::uint64_t>(raw, 8)};
    return true;
  }
  [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }
  [[nodiscard]] std::size_t at() const { return at_; }

 private:
  std::string_view bytes_;
  std::size_t at_;
};

/// Walks the parts; false when they do not fit or do not add up to `events`.
bool take_parts(cursor& c, std::string_view bytes, commit_view& view) {
  const std::size_t from = c.at();
  std::uint64_t events = 0;
  for (std::uint16_t i = 0; i < view.header.parts; ++i) {
    std::string_view fixed;
    std::string_view name;
    if (!c.take(16, fixed)) return false;
    const auto length = read_as<std::uint32_t>(fixed, 12);
    if (length == 0 || length > stream_id::bytes_max || !c.take(padded(length), name)) return false;
    events += read_as<std::uint32_t>(fixed, 8);
  }
  view.parts = bytes.substr(from, c.at() - from);
  return events == view.header.events && events > 0;
}

bool take_trace(cursor& c, trace_context& trace) {
  unique_id parent_and_flags;
  if (!c.take_id(trace.trace) || !c.take_id(parent_and_flags)) return false;
  trace.parent = parent_and_flags.high;
  trace.flags = static_cast<std::uint8_t>(parent_and_flags.low);
  return true;
}

bool take_reply(cursor& c, commit_view& view) {
  std::string_view fixed;
  std::string_view body;
  if (!c.take(16, fixed)) return false;
  const auto words = read_as<std::uint32_t>(fixed, 8);
  if (words == 0 || !c.take(std::size_t{words} * word_bytes, body)) return false;
  view.reply_type = type_id{read_as<std::uint64_t>(fixed, 0)};
  view.reply = {reinterpret_cast<const word*>(body.data()), words};
  return true;
}

bool take_tags(cursor& c) {
  std::string_view length;
  std::string_view names;
  if (!c.take(8, length)) return false;
  const auto bytes = read_as<std::uint64_t>(length, 0);
  if (bytes == 0 || bytes > c.left() || !c.take(padded(bytes), names)) return false;
  return names[bytes - 1] == '\0';
}

bool take_events(cursor& c, std::string_view bytes, commit_view& view) {
  const std::size_t from = c.at();
  for (std::uint32_t i = 0; i < view.header.events; ++i) {
    std::string_view fixed;
    std::string_view body;
    if (!c.take(16, fixed)) return false;
    const auto words = read_as<std::uint32_t>(fixed, 8);
    if (words == 0 || !c.take(std::size_t{words} * word_bytes, body)) return false;
    const auto flags = read_as<std::uint32_t>(fixed, 12);
    const bool truncated = (flags & detail::event_is_truncated) != 0;
    if (truncated && (words != 1 || read_as<std::uint64_t>(body, 0) == 0)) return false;
    if ((flags & detail::event_has_tags) != 0 && (truncated || !take_tags(c))) return false;
  }
  view.events = bytes.substr(from, c.at() - from);
  return c.left() == 0;
}

/// The events that are to lose their bodies, and the note that they get instead.
struct loss {
  std::string_view stream;
  version up_to{};
  position said_at{};

  [[nodiscard]] bool hits(const recorded_event& e) const {
    return e.stream == stream && e.version <= up_to;
  }
};

/// Appends a commit without what is to go. `raw`: all its bytes. True: something went.
bool append_without(const commit_view& c, std::string_view raw, const loss& what,
                    std::vector<word>& words) {
  const std::size_t at = words.size();
  word_output out(words);
  out.bytes(raw.data(), raw.size() - c.events.size());
  bool changed = false;
  std::size_t from = 0;
  c.each_event([&](const recorded_event& e) {
    const std::size_t body_words = e.is_truncated() ? 1 : e.body.size();
    const auto tags = e.tags.packed().size();
    const std::size_t size = detail::event_header_bytes + body_words * word_bytes +
                             (tags > 0 ? word_bytes + padded(tags) : 0);
    if (what.hits(e)) {
      out.number(count_of(e.type));
      out.pair(1, detail::event_is_truncated);
      out.number(count_of(what.said_at));
      changed = changed || e.truncated_by != what.said_at;
    } else {
      out.bytes(c.events.data() + from, size);
    }
    from += size;
    return true;
  });
  const std::span mine = std::span(words).subspan(at);
  commit_header h = c.header;
  h.bytes = static_cast<std::uint32_t>(mine.size_bytes());
  std::memcpy(mine.data(), &h, sizeof h);
  mine[0] = checksum_of_commit(mine.data() + 1, mine.size_bytes() - checksum_bytes,
                               count_of(c.first_position));
  return changed;
}

bool take_variable(std::string_view commit, commit_view& view) {
  cursor c(commit, sizeof(commit_header));
  const auto& h = view.header;
  view.correlation = view.command;
  view.causation = view.command;
  if ((h.flags & has_correlation) != 0 && !c.take_id(view.correlation)) return false;
  if ((h.flags & has_causation) != 0 && !c.take_id(view.causation)) return false;
  if ((h.flags & has_trace) != 0 && !take_trace(c, view.trace)) return false;
  if (!take_parts(c, commit, view)) return false;
  std::string_view metadata;
  if (!c.take(padded(h.metadata_bytes), metadata)) return false;
  view.metadata = metadata.substr(0, h.metadata_bytes);
  if ((h.flags & has_reply) != 0 && !take_reply(c, view)) return false;
  return take_events(c, commit, view);
}

}  // namespace

std::uint64_t type_bit(type_id type) noexcept {
  return std::uint64_t{1} << ((count_of(type) * 0x9e3779b97f4a7c15ULL) >> 58U);
}

std::uint64_t category_bit(std::string_view category) noexcept {
  return std::uint64_t{1} << (XXH3_64bits(category.data(), category.size()) >> 58U);
}

std::uint64_t tag_bit(std::string_view tag) noexcept { return category_bit(tag); }

void block_writer::begin(position first) {
  header_ = {};
  header_.first = count_of(first);
  words_.reserve(block_words_usual);
  words_.assign(sizeof(block_header) / word_bytes, 0);
}

commit_draft draft_of(const commit& c, std::vector<word>& words) {
  const std::size_t at = words.size();
  word_output out(words);
  commit_draft draft;
  const auto& o = c.origin;
  commit_header h;
  h.events = static_cast<std::uint32_t>(c.events.size());
  h.command_high = o.id.high;
  h.command_low = o.id.low;
  h.fingerprint = c.fingerprint;
  h.parts = static_cast<std::uint16_t>(c.parts.size());
  h.metadata_bytes = static_cast<std::uint32_t>(o.metadata.size());
  const bool correlated = !o.correlation.is_none() && o.correlation != o.id;
  const bool caused = !o.causation.is_none() && o.causation != o.id;
  const auto flag = [](bool is_set, std::uint16_t which) { return is_set ? which : 0; };
  h.flags = static_cast<std::uint16_t>(
      flag(correlated, has_correlation) | flag(caused, has_causation) |
      flag(!c.reply.is_none(), has_reply) | flag(!o.trace.is_none(), has_trace));
  out.bytes(&h, sizeof h);
  if (correlated) out.id(o.correlation);
  if (caused) out.id(o.causation);
  if (!o.trace.is_none()) {
    out.id(o.trace.trace);
    out.id({o.trace.parent, o.trace.flags});
  }
  draft.first_part = static_cast<std::uint32_t>(words.size() - at);
  for (const auto& p : c.parts) {
    const auto text = p.stream.text();
    out.number(0);
    out.pair(p.events, static_cast<std::uint32_t>(text.size()));
    out.bytes(text.data(), text.size());
    draft.categories |= category_bit(p.stream.category());
  }
  out.bytes(o.metadata.data(), o.metadata.size());
  if (!c.reply.is_none()) {
    out.number(count_of(c.reply.type));
    out.pair(static_cast<std::uint32_t>(c.reply.body.size()), 0);
    out.words(c.reply.body);
  }
  c.each_event([&](type_id type, body_view body, const tag_list& tags) {
    out.number(count_of(type));
    out.pair(static_cast<std::uint32_t>(body.size()), tags.empty() ? 0 : detail::event_has_tags);
    out.words(body);
    draft.types |= type_bit(type);
    if (tags.empty()) return true;
    out.number(tags.packed().size());
    out.bytes(tags.packed().data(), tags.packed().size());
    tags.each([&draft](std::string_view t) { return draft.tags |= tag_bit(t), true; });
    return true;
  });
  h.bytes = static_cast<std::uint32_t>((words.size() - at) * word_bytes);
  std::memcpy(words.data() + at, &h, sizeof h);
  draft.words = static_cast<std::uint32_t>(words.size() - at);
  draft.events = h.events;
  draft.parts = h.parts;
  return draft;
}

part_draft part_at(std::span<const word> draft, std::size_t at) {
  const auto lengths = draft[at + 1];
  const auto bytes = static_cast<std::size_t>(lengths >> 32U);
  return {{reinterpret_cast<const char*>(draft.data() + at + 2), bytes},
          static_cast<std::uint32_t>(lengths),
          at + 2 + padded(bytes) / word_bytes};
}

void block_writer::add(const commit& c, std::span<const version> first_versions, timestamp time) {
  std::vector<word> words;
  const auto draft = draft_of(c, words);
  add(draft, words, first_versions, time);
}

void block_writer::add(const commit_draft& draft, std::span<const word> words,
                       std::span<const version> first_versions, timestamp time) {
  const std::size_t at = words_.size();
  words_.insert(words_.end(), words.begin(), words.end());
  const std::span mine = std::span(words_).subspan(at);
  header_.time = time.time_since_epoch().count();
  mine[offsetof(commit_header, time) / word_bytes] = static_cast<word>(header_.time);
  std::size_t part = draft.first_part;
  for (std::size_t i = 0; i < draft.parts; ++i) {
    mine[part] = count_of(first_versions[i]);
    part = part_at(mine, part).next;
  }
  mine[0] = checksum_of_commit(mine.data() + 1, mine.size_bytes() - checksum_bytes,
                               header_.first + header_.events);
  header_.events += draft.events;
  ++header_.commits;
  header_.types |= draft.types;
  header_.categories |= draft.categories;
  header_.tags |= draft.tags;
}

std::shared_ptr<const block> block_writer::finish() {
  header_.bytes = bytes();
  header_.checksum = checksum_of_header(header_);
  std::memcpy(words_.data(), &header_, sizeof header_);
  std::shared_ptr<block> made(new block());
  made->header_ = header_;
  made->words_ = std::move(words_);
  words_ = {};
  return made;
}

error newer_block_format(position last, std::uint32_t format, std::uint32_t known) {
  return {errc::invalid, "newer-format",
          "journal, position " + std::to_string(count_of(last)) + ": block format " +
              std::to_string(format) + ", this program reads up to " + std::to_string(known)};
}

result<std::shared_ptr<const block>> block::open(std::string_view bytes, position last) {
  if (bytes.size() % word_bytes != 0) return damaged(last, "the block is too short");
  std::vector<word> words(bytes.size() / word_bytes);
  if (!words.empty()) std::memcpy(words.data(), bytes.data(), bytes.size());
  return open(std::move(words), last);
}

result<std::shared_ptr<const block>> block::open(std::vector<word> words, position last) {
  const std::string_view bytes{reinterpret_cast<const char*>(words.data()),
                               words.size() * word_bytes};
  if (bytes.size() < sizeof(block_header)) return damaged(last, "the block is too short");
  std::shared_ptr<block> b(new block());
  b->header_ = read_as<block_header>(bytes, 0);
  const auto& h = b->header_;
  if (h.checksum != checksum_of_header(h) || h.magic != block_magic) {
    return damaged(last, "the block's header does not match its checksum");
  }
  if (h.format != block_format && h.format != block_format_truncated) {
    return newer_block_format(last, h.format, block_format_truncated);
  }
  if (h.bytes != bytes.size() || h.events == 0 || b->last() != last) {
    return damaged(last, "the block's length or positions do not match");
  }
  b->words_ = std::move(words);
  return std::shared_ptr<const block>(std::move(b));
}

result<std::shared_ptr<const block>> block::open_behind(std::string_view bytes, position before) {
  if (bytes.size() < sizeof(block_header)) return damaged(next(before), "the block is too short");
  const auto h = read_as<block_header>(bytes, 0);
  if (h.first != count_of(before) + 1) {
    return damaged(next(before), "a block that does not begin there");
  }
  return open(bytes, position{h.first + h.events - 1});
}

result<commit_view> block::commit_at(std::size_t at, position first, position after) const {
  const auto bytes = this->bytes();
  if (bytes.size() - at < sizeof(commit_header)) return damaged(first, "the block ends too soon");
  commit_view view;
  view.header = read_as<commit_header>(bytes, at);
  view.first_position = first;
  const auto& h = view.header;
  if (h.bytes < sizeof(commit_header) || h.bytes % word_bytes != 0 || h.bytes > bytes.size() - at ||
      h.events == 0) {
    return damaged(first, "the record's length cannot be");
  }
  if (view.last_position() <= after) return view;
  if (h.checksum != checksum_of_commit(bytes.data() + at + checksum_bytes, h.bytes - checksum_bytes,
                                       count_of(first))) {
    return damaged(first, "the record does not match its checksum");
  }
  view.command = command_id{{h.command_high, h.command_low}};
  if (!take_variable(bytes.substr(at, h.bytes), view) || view.last_position() > last()) {
    return damaged(first, "the record's parts do not fit");
  }
  return view;
}

result<std::shared_ptr<const block>> block::without_bodies(std::string_view stream, version up_to,
                                                           position said_at) const {
  const loss what{stream, up_to, said_at};
  std::vector<word> words(sizeof(block_header) / word_bytes);
  std::size_t at = sizeof(block_header);
  bool changed = false;
  auto walked = each_commit(no_position, [&](const commit_view& c) {
    changed = append_without(c, bytes().substr(at, c.header.bytes), what, words) || changed;
    at += c.header.bytes;
    return true;
  });
  if (!walked) return std::move(walked).error();
  if (!changed) return std::shared_ptr<const block>();
  block_header h = header_;
  h.format = block_format_truncated;
  h.bytes = words.size() * word_bytes;
  h.checksum = checksum_of_header(h);
  std::memcpy(words.data(), &h, sizeof h);
  return open({reinterpret_cast<const char*>(words.data()), h.bytes}, last());
}

/// A reader goes on behind the header's last event, so the commits must lead there.
result<void> block::check_end(std::size_t at, position next) const {
  if (at == bytes().size() && count_of(next) == count_of(last()) + 1) return {};
  return damaged(last(), "the block's commits do not fill it");
}

}  // namespace fasti::persistence
