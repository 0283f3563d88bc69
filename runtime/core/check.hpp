#pragma once
/// A bug is not an error: it ends the program, in release builds too, before it can reach the disk.

namespace fasti::core {

[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace fasti::core

#define FASTI_CHECK(condition)                         \
  (static_cast<bool>(condition) ? static_cast<void>(0) \
                                : ::fasti::core::check_failed(#condition, __FILE__, __LINE__))
