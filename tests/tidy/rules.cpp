#include "tests/tidy/rules.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <regex>
#include <set>
#include <utility>

#include "tests/tidy/scan.hpp"

namespace fasti::tidy {
namespace {

std::string at(const source_file& file, std::size_t line, std::string_view what) {
  return file.path + ":" + std::to_string(line) + ": " + std::string(what);
}

bool is_cpp(const source_file& f) { return f.path.ends_with(".cpp") || f.path.ends_with(".hpp"); }

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == path.npos ? "" : path.substr(0, slash);
}

// -- rooms and what their includes mean -------------------------------------------------

/// The room that a path lies in; the longest prefix wins.
std::string room_of(std::string_view path) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 14> rooms{{
      {"runtime/include/fasti/caf.hpp", "api for caf"},
      {"runtime/include/fasti/", "api"},
      {"runtime/core/", "core"},
      {"runtime/testing/", "testing"},
      {"runtime/node/", "node"},
      {"runtime/http/", "http"},
      {"runtime/sqlite/", "sqlite"},
      {"runtime/cli/", "cli"},
      {"schemas/", "schemas"},
      {"persistence/", "persistence"},
      {"actors/", "actors"},
      {"samples/", "samples"},
      {"docs/examples/", "examples"},
      {"tests/", "tests"},
  }};
  for (const auto& [prefix, room] : rooms) {
    if (path.starts_with(prefix)) return std::string(room);
  }
  return "";
}

/// What an include line enters: a room of ours, or an engine, "std", "posix", "other".
std::string entered_by(std::string_view include) {
  static const std::regex posix(
      R"(sys/.*|linux/.*|arpa/.*|netinet/.*|unistd\.h|fcntl\.h|signal\.h|termios\.h|dirent\.h)"
      R"(|poll\.h|pthread\.h|spawn\.h|errno\.h|time\.h)");
  if (include == "fasti/caf.hpp") return "api for caf";
  if (include.starts_with("fasti/")) return "api";
  if (auto room = room_of(include); !room.empty()) return room;
  if (include.ends_with(".capnp.h") && !include.starts_with("capnp/")) return "own schemas";
  if (include.starts_with("kj/async") || include.starts_with("kj/compat/")) return "kj async";
  if (include == "kj/timer.h") return "kj async";
  if (include.starts_with("capnp/") || include.starts_with("kj/")) return "capnp";
  if (include.starts_with("caf/io/") || include.starts_with("caf/openssl/")) return "caf io";
  if (include.starts_with("caf/")) return "caf";
  if (include.starts_with("leveldb/")) return "leveldb";
  if (include == "lz4.h") return "lz4";
  if (include == "xxhash.h") return "xxhash";
  if (include == "sqlite3.h") return "sqlite3";
  if (include.starts_with("gtest/")) return "gtest";
  if (include == "rapidcheck.h" || include.starts_with("rapidcheck/")) return "rapidcheck";
  if (std::regex_match(include.begin(), include.end(), posix)) return "posix";
  if (include.find_first_of("/.") == include.npos) return "std";
  return "other";
}

/// Who may enter which; "anything" for the rooms that may include everything but the engines' own
/// rules.
const std::map<std::string, std::set<std::string>>& layer_table() {
  static const std::map<std::string, std::set<std::string>> table{
      {"api", {"api", "capnp", "std"}},
      {"api for caf", {"api", "capnp", "std", "caf"}},
      {"core", {"api", "core", "schemas", "capnp", "std", "xxhash"}},
      {"testing", {"api", "core", "testing", "capnp", "std", "rapidcheck"}},
      {"schemas", {"api", "schemas", "capnp", "std"}},
      {"persistence",
       {"api", "schemas", "persistence", "capnp", "std", "posix", "leveldb", "lz4", "xxhash"}},
      {"actors", {"api", "api for caf", "core", "schemas", "actors", "capnp", "std"}},
      {"node",
       {"api", "api for caf", "core", "schemas", "persistence", "actors", "node", "capnp", "std",
        "posix", "xxhash"}},
      {"http", {"api", "http", "capnp", "std", "posix", "kj async"}},
      {"sqlite", {"api", "sqlite", "capnp", "std", "sqlite3"}},
      {"cli", {"api", "schemas", "persistence", "node", "cli", "capnp", "std", "posix", "other"}},
      {"samples", {"api", "own schemas", "capnp", "std", "posix", "other"}},
      {"examples", {"api", "own schemas", "std", "gtest"}},
  };
  return table;
}

bool may_enter(const std::string& path, const std::string& entered) {
  const bool is_for_users_of_caf = path.starts_with("docs/examples/caf_");
  if (entered == "api for caf" && is_for_users_of_caf) return true;
  if (entered == "caf" || entered == "caf io") {
    if (path.starts_with("runtime/node/cluster")) return true;
    if (path.starts_with("actors/caf/")) return entered == "caf";
    if (path.starts_with("tests/actors/caf/")) return entered == "caf";
    if (is_for_users_of_caf) return entered == "caf";
    return path == "runtime/include/fasti/caf.hpp" && entered == "caf";
  }
  const auto room = room_of(path);
  if (room == "tests") return true;
  const auto row = layer_table().find(room);
  return row == layer_table().end() || row->second.contains(entered);
}

struct include_line {
  std::size_t line;
  std::string name;
};

std::vector<include_line> includes_of(std::string_view text) {
  static const std::regex pattern(R"re(^\s*#\s*include\s*[<"]([^>"]+)[>"].*)re");
  std::vector<include_line> found;
  std::size_t number = 0;
  for (const auto line : lines_of(text)) {
    ++number;
    std::match_results<std::string_view::const_iterator> m;
    if (std::regex_match(line.begin(), line.end(), m, pattern))
      found.push_back({number, m[1].str()});
  }
  return found;
}

/// A pure machine has neither threads nor files.
bool is_impure(std::string_view include) {
  static constexpr std::array<std::string_view, 5> impure{"thread", "condition_variable", "fstream",
                                                          "iostream", "filesystem"};
  return std::find(impure.begin(), impure.end(), include) != impure.end();
}

// -- text -------------------------------------------------------------------------------

void find_in(std::string_view text, const source_file& file, const std::regex& bad,
             std::string_view what, findings& found) {
  std::size_t number = 0;
  for (const auto line : lines_of(text)) {
    ++number;
    if (std::regex_search(line.begin(), line.end(), bad)) found.push_back(at(file, number, what));
  }
}

std::size_t columns_of(std::string_view line) {  // code points, not bytes
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

// -- registration -----------------------------------------------------------------------

bool names_it(const std::string& cmake, const std::string& word) {
  static constexpr std::string_view between = " \t\n()\"";
  for (auto i = cmake.find(word); i != cmake.npos; i = cmake.find(word, i + 1)) {
    const auto end = i + word.size();
    const bool starts = i == 0 || between.find(cmake[i - 1]) != between.npos;
    const bool ends = end == cmake.size() || between.find(cmake[end]) != between.npos;
    if (starts && ends) return true;
  }
  return false;
}

std::string without_comments(const std::string& cmake) {
  return std::regex_replace(cmake, std::regex("#[^\n]*"), "");
}

/// Only what stands between the parentheses of the calls of fasti_test.
std::string in_fasti_test(const std::string& cmake) {
  static const std::regex call(R"(\bfasti_test\s*\([^)]*\))");
  std::string calls;
  for (auto i = std::sregex_iterator(cmake.begin(), cmake.end(), call); i != std::sregex_iterator();
       ++i) {
    calls += i->str() + "\n";
  }
  return calls;
}

/// The guide's examples are tests whatever they are called; only those of CAF's users are programs
/// of their own.
bool is_test(const std::string& path) {
  if (path.starts_with("docs/examples/caf_")) return false;
  return path.ends_with("_test.cpp") ||
         (path.starts_with("docs/examples/") && path.ends_with(".cpp"));
}

bool is_registered(const source_file& file,
                   const std::map<std::string, std::string>& cmake_by_folder) {
  for (auto folder = folder_of(file.path);; folder = folder_of(folder)) {
    const auto cmake = cmake_by_folder.find(folder);
    if (cmake != cmake_by_folder.end()) {
      const auto name = folder.empty() ? file.path : file.path.substr(folder.size() + 1);
      const auto text = is_test(file.path) ? in_fasti_test(cmake->second) : cmake->second;
      if (names_it(text, name)) return true;
      // A case that must not compile is listed by its name.
      if (folder == "tests/compile_fail" && names_it(text, name.substr(0, name.rfind('.')))) {
        return true;
      }
    }
    if (folder.empty()) return false;
  }
}

}  // namespace

findings check_includes(const source_file& file) {
  findings found;
  if (!is_cpp(file)) return found;
  const auto room = room_of(file.path);
  for (const auto& [line, name] : includes_of(file.text)) {
    const bool beside = name.find('/') == name.npos && name.ends_with(".hpp");
    if (beside) continue;
    const auto entered = entered_by(name);
    if (name == "caf/all.hpp") {
      found.push_back(at(file, line, "caf/all.hpp costs seconds; include what is used"));
    } else if (!may_enter(file.path, entered)) {
      found.push_back(at(file, line, "room '" + room + "' may not include " + name));
    } else if ((room == "core" || room == "testing") && is_impure(name)) {
      found.push_back(at(file, line, "a pure machine does not need <" + name + ">"));
    }
  }
  return found;
}

findings check_caf_stays_in_its_room(const source_file& file) {
  static const std::regex opened(R"(\busing\s+namespace\s+caf\b)");
  static const std::regex version(R"(\bCAF_(MAJOR_|MINOR_|PATCH_)?VERSION\b)");
  static const std::regex asked(R"(^\s*#.*\bCAF_(MAJOR_|MINOR_|PATCH_)?VERSION\b)");
  constexpr auto only_the_adapter = "only actors/caf/ knows CAF's version";
  findings found;
  if (!is_cpp(file)) return found;
  find_in(code_of(file.text), file, opened, "write caf:: out", found);
  if (file.path.starts_with("actors/caf/")) return found;
  find_in(code_of(file.text), file, version, only_the_adapter, found);
  find_in(file.text, file, asked, only_the_adapter, found);
  return found;
}

findings check_sizes(const source_file& file) {
  findings found;
  if (!is_cpp(file)) return found;
  const auto lines = lines_of(file.text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (columns_of(lines[i]) > columns_max)
      found.push_back(at(file, i + 1, "more than 100 columns"));
  }
  if (lines.size() > file_lines_max &&
      std::none_of(lines.begin(), lines.begin() + 15,
                   [](std::string_view line) { return line.find("long because") != line.npos; })) {
    found.push_back(at(file, 1, "more than 500 lines; split it, or say 'long because' at its top"));
  }
  const auto functions = functions_of(file.text);
  if (!functions.balanced) found.push_back(at(file, lines.size(), "braces do not pair up"));
  for (const auto& f : functions.spans) {
    const auto size = f.last_line - f.first_line + 1;
    if (size > function_lines_max) {
      found.push_back(
          at(file, f.first_line, "a function of " + std::to_string(size) + " lines: " + f.head));
    }
  }
  return found;
}

findings check_tests_do_not_sleep(const source_file& file) {
  static const std::regex sleeps(R"(\b(sleep_for|sleep_until|usleep|nanosleep)\b)");
  findings found;
  const bool is_run = file.path.starts_with("tests/") || file.path.starts_with("docs/examples/");
  if (!is_cpp(file) || !is_run) return found;
  find_in(code_of(file.text), file, sleeps,
          "a test drives the clock or waits for a fact; it does not sleep", found);
  return found;
}

findings check_no_machine_paths(const source_file& file) {
  static const std::regex place(R"((^|[^\w.}/-])/(work|root|home/\w+|Users/\w+)/)");
  findings found;
  find_in(file.text, file, place, "a path that exists on one machine only", found);
  return found;
}

findings check_registered(const std::vector<source_file>& files) {
  std::map<std::string, std::string> cmake_by_folder;
  for (const auto& f : files) {
    if (f.path == "CMakeLists.txt" || f.path.ends_with("/CMakeLists.txt")) {
      cmake_by_folder[folder_of(f.path)] = without_comments(f.text);
    }
  }
  findings found;
  for (const auto& f : files) {
    const bool counts = f.path.ends_with(".cpp") || f.path.ends_with(".capnp");
    if (counts && !is_registered(f, cmake_by_folder)) {
      found.push_back(at(f, 1,
                         is_test(f.path) ? "no fasti_test() runs this test"
                                         : "no CMakeLists.txt names this file"));
    }
  }
  return found;
}

}  // namespace fasti::tidy
