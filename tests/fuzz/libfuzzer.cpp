// The same targets below clang's libFuzzer.

#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/target.hpp"

namespace fasti::fuzz {

void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s: must not be: %s\n", name(), what);
  std::abort();
}

}  // namespace fasti::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fasti::fuzz::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
