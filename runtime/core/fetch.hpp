#pragma once
/// Memory that is needed soon. Of many aggregates none is in the processor's caches, and to wait
/// for one line after the other is what a command would mostly do.

#include <cstddef>

namespace fasti::core {

/// Asks for all lines at once, and waits for none. `at` may be null, or anything.
inline void fetch(const void* at, std::size_t bytes = 1) noexcept {
  constexpr std::size_t line = 64;
  for (std::size_t i = 0; i < bytes; i += line)
    __builtin_prefetch(static_cast<const char*>(at) + i);
}

}  // namespace fasti::core
