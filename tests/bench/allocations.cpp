#include "allocations.hpp"

#include <malloc.h>

#include <atomic>
#include <cstddef>

namespace fasti::bench {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
std::optional<std::uint64_t> allocations_so_far() { return std::nullopt; }
#else
namespace {

/// A place for each thread, so that counting costs next to nothing. With more threads than places
/// some calls go uncounted.
constexpr std::size_t places = 256;
struct alignas(64) place {
  std::atomic<std::uint64_t> calls;
};
place counted[places];
std::atomic<std::size_t> threads;

void count() noexcept {
  thread_local const std::size_t mine = threads.fetch_add(1) % places;
  auto& calls = counted[mine].calls;
  calls.store(calls.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace

std::optional<std::uint64_t> allocations_so_far() {
  std::uint64_t all = 0;
  for (const auto& p : counted) all += p.calls.load(std::memory_order_relaxed);
  return all;
}
#endif

std::uint64_t heap_bytes() {
  const auto now = ::mallinfo2();
  return now.uordblks + now.hblkhd;
}

}  // namespace fasti::bench

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// The libraries' calls end here, too: a program's own symbols come first.
extern "C" {

void* __libc_malloc(std::size_t bytes);                     // NOLINT(bugprone-reserved-identifier)
void* __libc_calloc(std::size_t count, std::size_t bytes);  // NOLINT(bugprone-reserved-identifier)
void* __libc_realloc(void* at, std::size_t bytes);          // NOLINT(bugprone-reserved-identifier)

void* malloc(std::size_t bytes) {
  fasti::bench::count();
  return __libc_malloc(bytes);
}

void* calloc(std::size_t count, std::size_t bytes) {
  fasti::bench::count();
  return __libc_calloc(count, bytes);
}

void* realloc(void* at, std::size_t bytes) {
  fasti::bench::count();
  return __libc_realloc(at, bytes);
}
}
#endif
