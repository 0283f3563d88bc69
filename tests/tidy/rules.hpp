#pragma once
// The rules of the house. Each looks at one file and says what is wrong as "path:line: what".

#include <string>
#include <string_view>
#include <vector>

namespace fasti::tidy {

struct source_file {
  std::string path;  // from the root of the repository, with slashes
  std::string text;
};

using findings = std::vector<std::string>;

/// The layer table: which room may include which, and where an engine's headers may be named.
findings check_includes(const source_file& file);
/// Only the adapter knows CAF's version, and nobody opens its namespace.
findings check_caf_stays_in_its_room(const source_file& file);
/// Functions of at most 70 lines, lines of at most 100 columns; a file of more than 500 lines says
/// why.
findings check_sizes(const source_file& file);
/// Tests and the guide's examples drive a clock; they do not sleep.
findings check_tests_do_not_sleep(const source_file& file);
/// Nothing names a place that exists on one machine only.
findings check_no_machine_paths(const source_file& file);

/// Every .cpp and .capnp is named by a CMakeLists.txt of its folder or of one above; every
/// *_test.cpp, and every .cpp of docs/examples, in a fasti_test(...) there.
findings check_registered(const std::vector<source_file>& files);

constexpr std::size_t function_lines_max = 70;
constexpr std::size_t columns_max = 100;
constexpr std::size_t file_lines_max = 500;

}  // namespace fasti::tidy
