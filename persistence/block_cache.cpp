#include "persistence/block_cache.hpp"

#include <leveldb/cache.h>
#include <xxhash.h>

#include "persistence/packed_block.hpp"

namespace fasti::persistence {
namespace {

using block_ptr = std::shared_ptr<const block>;

void forget(const leveldb::Slice&, void* value) { delete static_cast<block_ptr*>(value); }

}  // namespace

block_cache::block_cache(std::size_t bytes_max) : blocks_(leveldb::NewLRUCache(bytes_max)) {}
block_cache::~block_cache() = default;

result<block_ptr> block_cache::unpacked(std::string_view value, position last) const {
  if (!is_packed(value)) return persistence::unpacked(value, last);
  const std::uint64_t words[] = {count_of(last), XXH3_64bits(value.data(), value.size())};
  const leveldb::Slice key(reinterpret_cast<const char*>(words), sizeof words);
  if (auto* known = blocks_->Lookup(key)) {
    block_ptr found = *static_cast<const block_ptr*>(blocks_->Value(known));
    blocks_->Release(known);
    return found;
  }
  auto made = persistence::unpacked(value, last);
  if (!made) return made;
  blocks_->Release(blocks_->Insert(key, new block_ptr(*made), (*made)->bytes().size(), forget));
  return made;
}

}  // namespace fasti::persistence
