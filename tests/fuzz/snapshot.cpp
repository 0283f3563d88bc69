// Saved states: a damaged one is not one.

#include "persistence/leveldb_stores.hpp"
#include "tests/fuzz/target.hpp"

namespace fasti::fuzz {

namespace {
const unique_id journal_id{3, 4};
}

const char* name() { return "fuzz_snapshot"; }

std::vector<std::string> seeds() {
  snapshot s;
  s.position = position{9};
  s.type = type_id{7};
  s.schema = schema_fingerprint{8};
  s.body = {1, 2, 3};
  const auto words = persistence::encode_snapshot(s, journal_id);
  return {{reinterpret_cast<const char*>(words.data()), words.size() * word_bytes}};
}

void run(std::string_view bytes) {
  const auto s = persistence::decode_snapshot(bytes, journal_id);
  if (!s) return;
  const auto words = persistence::encode_snapshot(*s, journal_id);
  must(std::string_view(reinterpret_cast<const char*>(words.data()), words.size() * word_bytes) ==
           bytes,
       "two records for one snapshot");
}

}  // namespace fasti::fuzz
