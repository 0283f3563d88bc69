#pragma once
/// Bytes of an archive: blocks of a journal, one behind the other, to be kept elsewhere. Written
/// and read in one pass, so that it may go through a pipe. All numbers are little endian.
///
///     archive := header frame* trailer
///     header  := magic     u64   "fastiarc"
///                format    u32   1
///                reserved  u32   0
///                journal   u64 u64
///                after     u64   the first event is the one behind this position
///                time      i64   when it was begun, ns since 1970 UTC
///                checksum  u64   XXH3-64 of the above
///     frame   := tag       u32   "bloc"
///                reserved  u32   0
///                bytes     u64
///                checksum  u64   XXH3-64 of the block, seed: the checksum before this one
///                block           as in `blocks.hpp`
///     trailer := tag       u32   "done"
///                reserved  u32   0
///                last      u64   position of the last event
///                events    u64
///                commits   u64
///                checksum  u64   XXH3-64 of the above, seed: the checksum before this one
///
/// The checksums are a chain, so frames that were left out, put in or moved are seen. Nothing may
/// follow the trailer.

#include "persistence/blocks.hpp"

namespace fasti::persistence {

inline constexpr std::uint32_t archive_format = 1;

/// Fills `into` as far as there are bytes; 0 at their end.
using byte_source = std::function<result<std::size_t>(std::span<char> into)>;

class archive_writer {
 public:
  explicit archive_writer(byte_sink out) : out_(std::move(out)) {}
  [[nodiscard]] result<void> begin(unique_id journal, position after, timestamp now);
  /// Precondition: it follows the one before.
  [[nodiscard]] result<void> add(const block& b);
  [[nodiscard]] result<archive_summary> end();

 private:
  result<void> put(std::string_view bytes);
  const byte_sink out_;
  archive_summary summary_;
  std::uint64_t chain_ = 0;
};

class archive_reader {
 public:
  explicit archive_reader(byte_source in) : in_(std::move(in)) {}
  /// Reads the header. Errors here and below: `corrupt` ("archive-damaged"), `invalid` for a newer
  /// format, what the source said.
  [[nodiscard]] result<void> begin();
  /// The next block, every commit of it checked; null behind the last one, when the trailer fits.
  [[nodiscard]] result<std::shared_ptr<const block>> next();
  /// What has been read so far.
  [[nodiscard]] const archive_summary& summary() const noexcept { return summary_; }

 private:
  result<void> take(std::span<char> into);
  result<std::shared_ptr<const block>> take_block(std::string_view tag_and_size);
  result<void> take_trailer(std::string_view tag_and_last);
  [[nodiscard]] error damaged(const std::string& what) const;
  const byte_source in_;
  archive_summary summary_;
  std::uint64_t chain_ = 0;
};

}  // namespace fasti::persistence
