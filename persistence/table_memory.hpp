#pragma once
/// Memory for large hash tables.

#include <cstddef>
#include <memory>

namespace fasti::persistence {

/// Zeroed. A table is touched all over as soon as it is used; with pages of 4 KiB that is thousands
/// of faults within moments, while commits wait. So a large one lies in pages of 2 MiB, where the
/// system has them, and a small one is touched here and now.
class table_memory {
 public:
  table_memory() = default;
  /// Throws `std::bad_alloc`.
  explicit table_memory(std::size_t bytes);

  [[nodiscard]] void* get() const noexcept { return all_.get(); }

 private:
  struct given_back {
    std::size_t mapped_bytes;  // 0: it is of the heap
    void operator()(void* all) const noexcept;
  };
  std::unique_ptr<void, given_back> all_;
};

}  // namespace fasti::persistence
