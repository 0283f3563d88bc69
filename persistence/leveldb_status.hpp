#pragma once
/// Where LevelDB's errors become fasti's, and nowhere else.

#include <leveldb/status.h>

#include <string>

#include "fasti/result.hpp"

namespace fasti::persistence {

/// Corruption → `corrupt`; a failed read or write → `unavailable`. `where` names the store.
[[nodiscard]] inline error to_error(const leveldb::Status& s, const std::string& where) {
  const auto text = where + ": " + s.ToString();
  if (s.IsCorruption()) return {errc::corrupt, "storage-damaged", text};
  return {errc::unavailable, "storage-failed", text};
}

}  // namespace fasti::persistence
