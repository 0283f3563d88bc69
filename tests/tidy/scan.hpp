#pragma once
// Reads C++ text just well enough for the tidy rules: which parts are code, and where functions
// are.

#include <string>
#include <string_view>
#include <vector>

namespace fasti::tidy {

/// The text with comments, preprocessor lines and the insides of literals blanked. Line breaks
/// stay, so line numbers do too.
std::string code_of(std::string_view text);

/// A function, or a lambda or operator at namespace scope; lines count from 1.
struct function_span {
  std::size_t first_line = 0;
  std::size_t last_line = 0;
  std::string head;  // what stands before its brace, on one line
};

struct functions {
  std::vector<function_span> spans;
  bool balanced = true;  // every brace found its twin; if not, the spans mean nothing
};
functions functions_of(std::string_view text);

std::vector<std::string_view> lines_of(std::string_view text);

}  // namespace fasti::tidy
