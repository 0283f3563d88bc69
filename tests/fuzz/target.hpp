#pragma once
/// What every fuzz target is: bytes from anywhere go in; no crash, no sanitizer's word, no endless
/// loop comes out, and what the target itself asserts holds.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace fasti::fuzz {

/// The name of this program's target.
[[nodiscard]] const char* name();
/// Good inputs to begin with.
[[nodiscard]] std::vector<std::string> seeds();
void run(std::string_view bytes);
/// Ends the program, for what must not be.
void must(bool holds, const char* what);

}  // namespace fasti::fuzz
