#include "runtime/core/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace fasti::core {

void check_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "fasti: broken invariant: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace fasti::core
