#pragma once
/// Unpacked blocks that were read lately: to unpack one costs more than to find it.

#include <memory>

#include "persistence/blocks.hpp"

namespace leveldb {
class Cache;
}  // namespace leveldb

namespace fasti::persistence {

/// Remembers what came of which bytes, so what it says is as if it were unpacked each time: other
/// bytes under the same key are another entry. Safe to use from any thread.
class block_cache {
 public:
  explicit block_cache(std::size_t bytes_max);
  ~block_cache();

  /// As `unpacked` of packed_block.hpp.
  [[nodiscard]] result<std::shared_ptr<const block>> unpacked(std::string_view value,
                                                              position last) const;

 private:
  const std::unique_ptr<leveldb::Cache> blocks_;
};

}  // namespace fasti::persistence
