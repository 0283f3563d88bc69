#pragma once
/// Memory that is needed soon. Of many aggregates none is in the processor's caches, and to wait
/// for one line after the other is what a command would mostly do.

#include <cstddef>
#include <cstdint>

namespace fasti::detail {

constexpr std::size_t cache_line = 64;

template <int to_write>
void fetch_lines(const void* at, std::size_t bytes) noexcept {
  const auto begin = reinterpret_cast<std::uintptr_t>(at);
  for (std::size_t i = 0; i < bytes; i += cache_line) {
    __builtin_prefetch(reinterpret_cast<const void*>(begin + i), to_write);
  }
}

/// Asks for all lines at once, and waits for none. `at` may be null, or anything. They come to be
/// written to: what another processor wrote last, and this one only read, would have to be asked
/// for twice.
inline void fetch(const void* at, std::size_t bytes = 1) noexcept { fetch_lines<1>(at, bytes); }

/// … and what lies in the line before it.
inline void fetch_with_line_before(const void* at) noexcept {
  const auto begin = reinterpret_cast<std::uintptr_t>(at) - cache_line;
  fetch(reinterpret_cast<const void*>(begin), 2 * cache_line);
}

/// The same for what nobody writes to.
inline void fetch_to_read(const void* at, std::size_t bytes = 1) noexcept {
  fetch_lines<0>(at, bytes);
}

}  // namespace fasti::detail
