#include "persistence/archive.hpp"

#include <xxhash.h>

#include <array>
#include <cstring>

namespace fasti::persistence {
namespace {

constexpr std::uint64_t archive_magic = 0x6372616974736166;  // "fastiarc"
constexpr std::uint32_t block_tag = 0x636f6c62;              // "bloc"
constexpr std::uint32_t done_tag = 0x656e6f64;               // "done"
constexpr std::size_t header_bytes = 56;
constexpr std::size_t frame_bytes = 24;
constexpr std::size_t trailer_bytes = 40;
/// Far above every block there can be: what is larger was not written by us.
constexpr std::uint64_t block_bytes_max = 256U << 20;

/// Numbers one behind the other.
class packed {
 public:
  packed& u32(std::uint32_t n) { return put(&n, sizeof n); }
  packed& u64(std::uint64_t n) { return put(&n, sizeof n); }
  [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }

 private:
  packed& put(const void* data, std::size_t size) {
    bytes_.append(static_cast<const char*>(data), size);
    return *this;
  }
  std::string bytes_;
};

std::uint64_t checksum_of(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}
std::uint64_t number_at(std::string_view bytes, std::size_t at) {
  return detail::read_as<std::uint64_t>(bytes, at);
}

}  // namespace

result<void> archive_writer::put(std::string_view bytes) {
  summary_.bytes += bytes.size();
  return out_(bytes);
}

result<void> archive_writer::begin(unique_id journal, position after, timestamp now) {
  summary_.journal = journal;
  summary_.after = after;
  summary_.last = after;
  const auto time = static_cast<std::uint64_t>(now.time_since_epoch().count());
  packed header;
  header.u64(archive_magic).u32(archive_format).u32(0);
  header.u64(journal.high).u64(journal.low).u64(count_of(after)).u64(time);
  chain_ = checksum_of(header.bytes(), 0);
  return put(header.u64(chain_).bytes());
}

result<void> archive_writer::add(const block& b) {
  chain_ = checksum_of(b.bytes(), chain_);
  packed frame;
  frame.u32(block_tag).u32(0).u64(b.bytes().size()).u64(chain_);
  summary_.last = b.last();
  summary_.events += b.header().events;
  summary_.commits += b.header().commits;
  if (auto wrote = put(frame.bytes()); !wrote) return wrote;
  return put(b.bytes());
}

result<archive_summary> archive_writer::end() {
  packed trailer;
  trailer.u32(done_tag).u32(0).u64(count_of(summary_.last));
  trailer.u64(summary_.events).u64(summary_.commits);
  const auto checksum = checksum_of(trailer.bytes(), chain_);
  if (auto wrote = put(trailer.u64(checksum).bytes()); !wrote) return std::move(wrote).error();
  return summary_;
}

error archive_reader::damaged(const std::string& what) const {
  return {errc::corrupt, "archive-damaged",
          "archive, byte " + std::to_string(summary_.bytes) + ", behind position " +
              std::to_string(count_of(summary_.last)) + ": " + what};
}

result<void> archive_reader::take(std::span<char> into) {
  while (!into.empty()) {
    auto got = in_(into);
    if (!got) return std::move(got).error();
    if (*got == 0) return damaged("it ends too soon");
    summary_.bytes += *got;
    into = into.subspan(*got);
  }
  return {};
}

result<void> archive_reader::begin() {
  std::array<char, header_bytes> raw{};
  if (auto good = take(raw); !good) return good;
  const std::string_view header(raw.data(), raw.size());
  if (number_at(header, 0) != archive_magic) return damaged("it is not an archive of a journal");
  chain_ = checksum_of(header.substr(0, header_bytes - 8), 0);
  if (number_at(header, header_bytes - 8) != chain_) return damaged("its header does not fit");
  const auto format = detail::read_as<std::uint32_t>(header, 8);
  if (format != archive_format) {
    return error{errc::invalid, "newer-format",
                 "the archive has format " + std::to_string(format) + "; this program reads " +
                     std::to_string(archive_format)};
  }
  summary_.journal = {number_at(header, 16), number_at(header, 24)};
  summary_.after = position{number_at(header, 32)};
  summary_.last = summary_.after;
  return {};
}

result<std::shared_ptr<const block>> archive_reader::next() {
  std::array<char, 16> raw{};  // as far as frame and trailer are alike
  if (auto good = take(raw); !good) return std::move(good).error();
  const std::string_view start(raw.data(), raw.size());
  const auto tag = detail::read_as<std::uint32_t>(start, 0);
  const auto reserved = detail::read_as<std::uint32_t>(start, 4);
  if (reserved == 0 && tag == block_tag) return take_block(start);
  if (reserved != 0 || tag != done_tag) return damaged("neither a block nor the end");
  if (auto good = take_trailer(start); !good) return std::move(good).error();
  return std::shared_ptr<const block>();
}

result<std::shared_ptr<const block>> archive_reader::take_block(std::string_view tag_and_size) {
  const auto size = number_at(tag_and_size, 8);
  if (size == 0 || size > block_bytes_max)
    return damaged("a block of " + std::to_string(size) + " bytes");
  std::array<char, frame_bytes - 16> checksum{};
  if (auto good = take(checksum); !good) return std::move(good).error();
  std::string bytes(size, '\0');
  if (auto good = take(bytes); !good) return std::move(good).error();
  chain_ = checksum_of(bytes, chain_);
  if (number_at({checksum.data(), checksum.size()}, 0) != chain_) {
    return damaged("a block does not fit its checksum");
  }
  const auto last = summary_.last;
  auto b = block::open_behind(bytes, last);
  if (!b) return damaged(b.error().detail);
  auto walked = (*b)->each_commit(no_position, [this](const commit_view& c) {
    summary_.events += c.header.events;
    ++summary_.commits;
    return true;
  });
  if (!walked) return damaged(walked.error().detail);
  summary_.last = (*b)->last();
  return b;
}

result<void> archive_reader::take_trailer(std::string_view tag_and_last) {
  std::array<char, trailer_bytes - 16> rest{};
  if (auto good = take(rest); !good) return good;
  const std::string whole = std::string(tag_and_last) + std::string(rest.data(), rest.size() - 8);
  if (number_at({rest.data(), rest.size()}, rest.size() - 8) != checksum_of(whole, chain_) ||
      number_at(whole, 8) != count_of(summary_.last) || number_at(whole, 16) != summary_.events ||
      number_at(whole, 24) != summary_.commits) {
    return damaged("its end does not fit what came before");
  }
  char more = 0;
  auto got = in_({&more, 1});
  if (!got) return std::move(got).error();
  if (*got != 0) return damaged("something follows its end");
  return {};
}

}  // namespace fasti::persistence
