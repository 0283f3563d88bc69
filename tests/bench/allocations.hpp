#pragma once
/// Counts what the process asks of malloc, all its libraries included.

#include <cstdint>
#include <optional>

namespace fasti::bench {

/// Calls of malloc, calloc, realloc and operator new so far, by all threads; nothing under a
/// sanitizer, which has an allocator of its own.
[[nodiscard]] std::optional<std::uint64_t> allocations_so_far();

/// Bytes of the heap that are in use.
[[nodiscard]] std::uint64_t heap_bytes();

}  // namespace fasti::bench
