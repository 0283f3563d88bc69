#pragma once
/// A block as the store keeps it: compressed, when that makes it smaller. Whole blocks are packed
/// before they are written, so the log gets the packed bytes too, and nothing packs them again.
///
///     value   := block | packed
///     packed  := bytes      u64   of the block
///                magic      u32   "fblz"
///                format     u32   1
///                            the block, in the format of LZ4's blocks
///
/// Numbers are little endian. The two are told apart by their magic, which lies at the same place.
/// There is no checksum here: those of the block are checked when it was unpacked. Where the packed
/// bytes are damaged, commits before that are still readable.

#include <string>

#include "persistence/blocks.hpp"

namespace fasti::persistence {

/// What the store keeps of a block: its own bytes, or others that are written to `room`.
[[nodiscard]] std::string_view packed(const block& b, std::string& room);

[[nodiscard]] bool is_packed(std::string_view value) noexcept;

/// The block again. `last` is what the key says. Errors: those of `block::open`.
[[nodiscard]] result<std::shared_ptr<const block>> unpacked(std::string_view value, position last);

}  // namespace fasti::persistence
