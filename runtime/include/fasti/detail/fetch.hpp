#pragma once
/// Memory that is needed soon. Of many aggregates none is in the processor's caches, and to wait
/// for one line after the other is what a command would mostly do.

#include <cstddef>

namespace fasti::detail {

/// Asks for all lines at once, and waits for none. `at` may be null, or anything. They come to be
/// written to: what another processor wrote last, and this one only read, would have to be asked
/// for twice.
inline void fetch(const void* at, std::size_t bytes = 1) noexcept {
  constexpr std::size_t line = 64;
  for (std::size_t i = 0; i < bytes; i += line)
    __builtin_prefetch(static_cast<const char*>(at) + i, 1);
}

/// The one line there, which nobody writes to.
inline void fetch_to_read(const void* at) noexcept { __builtin_prefetch(at); }

}  // namespace fasti::detail
