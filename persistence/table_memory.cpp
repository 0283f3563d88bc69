#include "persistence/table_memory.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace fasti::persistence {
namespace {

constexpr std::size_t large_page_bytes = 2U << 20;

void unmap(void* begin, std::size_t bytes) noexcept {
  if (bytes > 0) static_cast<void>(munmap(begin, bytes));
}

/// Begins where a large page does. `bytes`: of whole large pages.
void* map_large_pages(std::size_t bytes) {
  const auto more = bytes + large_page_bytes;
  void* const all = mmap(nullptr, more, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) throw std::bad_alloc();
  auto* const first = static_cast<std::byte*>(all);
  const auto before =
      (large_page_bytes - reinterpret_cast<std::uintptr_t>(all) % large_page_bytes) %
      large_page_bytes;
  unmap(first, before);
  unmap(first + before + bytes, large_page_bytes - before);
  static_cast<void>(madvise(first + before, bytes, MADV_HUGEPAGE));  // else they are small
  return first + before;
}

}  // namespace

table_memory::table_memory(std::size_t bytes) {
  if (bytes < large_page_bytes) {
    all_.reset(std::malloc(bytes));
    if (!all_) throw std::bad_alloc();
    std::memset(all_.get(), 0, bytes);
    return;
  }
  const auto whole = (bytes + large_page_bytes - 1) / large_page_bytes * large_page_bytes;
  all_ = {map_large_pages(whole), given_back{whole}};
}

void table_memory::given_back::operator()(void* all) const noexcept {
  if (mapped_bytes == 0) return std::free(all);
  unmap(all, mapped_bytes);
}

}  // namespace fasti::persistence
