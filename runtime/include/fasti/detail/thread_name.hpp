#pragma once
/// Names of fasti's threads, which `top -H`, `perf` and debuggers show in the user's process.

#include <thread>

namespace fasti::detail {

/// At most 15 characters; longer ones are not taken.
inline void name_this_thread(const char* name) noexcept {
  static_cast<void>(pthread_setname_np(pthread_self(), name));  // what <thread> stands on
}

}  // namespace fasti::detail
