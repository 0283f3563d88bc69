#include "persistence/packed_block.hpp"

#include <lz4.h>

#include <cstddef>
#include <cstring>

namespace fasti::persistence {
namespace {

struct packed_header {
  std::uint64_t bytes = 0;
  std::uint32_t magic = 0x7a6c6266;  // "fblz"
  std::uint32_t format = 1;
};
static_assert(sizeof(packed_header) == 16);
static_assert(offsetof(packed_header, magic) == offsetof(block_header, magic));

/// Less is not worth the work: a sync costs more than its bytes.
constexpr std::size_t bytes_min = 1024;
/// LZ4's "acceleration": with 2 it looks for matches half as often and packs half as fast again,
/// and what comes out is hardly larger.
constexpr int haste = 2;
/// LZ4 never makes more than that out of one byte.
constexpr std::uint64_t expansion_max = 255;

}  // namespace

std::string_view packed(const block& b, std::string& room) {
  const auto raw = b.bytes();
  if (raw.size() < bytes_min || raw.size() > LZ4_MAX_INPUT_SIZE) return raw;
  const auto enough = raw.size() - raw.size() / 8;  // an eighth must be saved
  if (room.size() < enough) room.resize(enough);
  const int got = LZ4_compress_fast(raw.data(), room.data() + sizeof(packed_header),
                                    static_cast<int>(raw.size()),
                                    static_cast<int>(enough - sizeof(packed_header)), haste);
  if (got <= 0) return raw;  // there was no room for it
  const packed_header h{raw.size()};
  std::memcpy(room.data(), &h, sizeof h);
  return {room.data(), sizeof h + static_cast<std::size_t>(got)};
}

bool is_packed(std::string_view value) noexcept {
  return value.size() >= sizeof(packed_header) &&
         detail::read_as<packed_header>(value, 0).magic == packed_header().magic;
}

result<std::shared_ptr<const block>> unpacked(std::string_view value, position last) {
  if (!is_packed(value)) return block::open(value, last);
  const packed_header expected;
  const auto h = detail::read_as<packed_header>(value, 0);
  if (h.format != expected.format) return newer_block_format(last, h.format, expected.format);
  value.remove_prefix(sizeof h);
  if (h.bytes % word_bytes != 0 || h.bytes > LZ4_MAX_INPUT_SIZE ||
      h.bytes / expansion_max > value.size()) {
    return block::open(std::string_view(), last);
  }
  std::vector<word> words(h.bytes / word_bytes);
  // Whether that went well is not asked: what did not come is zero, which no checksum fits.
  static_cast<void>(LZ4_decompress_safe(value.data(), reinterpret_cast<char*>(words.data()),
                                        static_cast<int>(value.size()), static_cast<int>(h.bytes)));
  return block::open(std::move(words), last);
}

}  // namespace fasti::persistence
