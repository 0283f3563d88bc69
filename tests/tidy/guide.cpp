#include "tests/tidy/guide.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <utility>

#include "tests/tidy/scan.hpp"

namespace fasti::tidy {
namespace {

using match = std::match_results<std::string_view::const_iterator>;
using matches = std::regex_iterator<std::string_view::const_iterator>;

bool is_page(const source_file& f) {
  return f.path.starts_with("docs/") && f.path.ends_with(".md");
}
bool is_example(const source_file& f) { return f.path.starts_with("docs/examples/"); }

std::string at(const std::string& path, std::size_t line, const std::string& what) {
  return path + ":" + std::to_string(line) + ": " + what;
}

// -- regions of the examples -------------------------------------------------------------

struct region {
  std::size_t line = 0;  // of its first mark
  std::vector<std::string> lines;
};
/// By "docs/examples/loans.cpp: lend".
using regions = std::map<std::string, region>;

bool is_blank(std::string_view line) { return line.find_first_not_of(' ') == line.npos; }

/// Without the indentation that all lines share.
void dedent(std::vector<std::string>& lines) {
  auto shared = std::string::npos;
  for (const auto& line : lines) {
    if (!is_blank(line)) shared = std::min(shared, line.find_first_not_of(' '));
  }
  for (auto& line : lines) line = is_blank(line) ? "" : line.substr(shared);
}

void read_regions(const source_file& file, regions& into, findings& found) {
  static const std::regex mark(R"(\s*(//|#) \[(/?)([a-z0-9-]+)\]\s*)");
  region open;
  std::string name;  // of the one that is open
  std::size_t number = 0;
  for (const auto line : lines_of(file.text)) {
    ++number;
    match m;
    if (!std::regex_match(line.begin(), line.end(), m, mark)) {
      if (!name.empty()) open.lines.emplace_back(line);
      continue;
    }
    const bool begins = m[2].length() == 0;
    if (begins != name.empty() || (!begins && m[3] != name)) {
      found.push_back(at(file.path, number,
                         name.empty() ? "no region is open here"
                                      : "region '" + name + "' is open here; regions do not nest"));
    } else if (begins) {
      name = m[3].str();
      open = {number, {}};
    } else {
      dedent(open.lines);
      if (!into.emplace(file.path + ": " + name, std::exchange(open, {})).second) {
        found.push_back(at(file.path, number, "a second region '" + name + "'"));
      }
      name.clear();
    }
  }
  if (!name.empty()) found.push_back(at(file.path, number, "region '" + name + "' does not end"));
}

// -- blocks of the pages -----------------------------------------------------------------

struct block {
  std::size_t line = 0;  // of its fence
  std::string language;
  std::string quoted;  // "docs/examples/loans.cpp: lend", or nothing
  std::vector<std::string> lines;
};

/// The language that a fence names, perhaps none; nothing when it is no fence.
std::optional<std::string> fence_of(std::string_view line) {
  static const std::regex fence(R"(\s*(```|~~~)\s*(\S*).*)");
  match m;
  if (!std::regex_match(line.begin(), line.end(), m, fence)) return std::nullopt;
  return m[2].str();
}

std::vector<block> blocks_of(const source_file& page) {
  static const std::regex quotation(R"(<!-- (\S+: [a-z0-9-]+) -->)");
  std::vector<block> all;
  bool inside = false;
  std::string before;  // what the line before says is quoted
  std::size_t number = 0;
  for (const auto line : lines_of(page.text)) {
    ++number;
    if (auto language = fence_of(line)) {
      if (!inside) all.push_back({number, *std::move(language), before, {}});
      inside = !inside;
    } else if (inside) {
      all.back().lines.emplace_back(line);
    }
    match m;
    before = std::regex_match(line.begin(), line.end(), m, quotation) ? m[1].str() : "";
  }
  return all;
}

bool is_to_be_compiled(const std::string& language) {
  static const std::set<std::string> compiled{"cpp", "c++", "cc", "cxx", "C++", "c", "capnp"};
  return compiled.contains(language);
}

/// What is wrong with it, if anything is.
std::optional<std::string> check_block(const block& b, const regions& known,
                                       std::set<std::string>& quoted) {
  if (b.language.empty()) return "a block without a language";
  if (!is_to_be_compiled(b.language)) return std::nullopt;
  if (b.quoted.empty()) return "before it stands no `<!-- docs/examples/…: region -->`";
  const auto found = known.find(b.quoted);
  if (found == known.end()) return "there is no region `" + b.quoted + "`";
  quoted.insert(b.quoted);
  if (b.lines != found->second.lines) return "it differs from the region `" + b.quoted + "`";
  return std::nullopt;
}

// -- what pages name ---------------------------------------------------------------------

/// `visitor(number, line)` for each line of every page that stands in no block.
template <class Visitor>
void for_each_line_of_prose(const std::vector<source_file>& files, Visitor&& visitor) {
  for (const auto& f : files) {
    if (!is_page(f)) continue;
    bool inside = false;
    std::size_t number = 0;
    for (const auto line : lines_of(f.text)) {
      ++number;
      if (fence_of(line)) {
        inside = !inside;
      } else if (!inside) {
        visitor(f, number, line);
      }
    }
  }
}

/// "Suite.Test" to the files that define it.
std::map<std::string, std::set<std::string>> tests_of(const std::vector<source_file>& files) {
  static const std::regex definition(R"(\bTEST(_F|_P)?\(\s*(\w+),\s*(\w+)\s*\))");
  std::map<std::string, std::set<std::string>> tests;
  for (const auto& f : files) {
    if (!f.path.starts_with("tests/") && !is_example(f)) continue;
    for (std::sregex_iterator i(f.text.begin(), f.text.end(), definition), end; i != end; ++i) {
      tests[(*i)[2].str() + "." + (*i)[3].str()].insert(f.path);
    }
  }
  return tests;
}

/// All files, and the folders that they lie in.
std::set<std::string> places_of(const std::vector<source_file>& files) {
  std::set<std::string> places;
  for (const auto& f : files) {
    places.insert(f.path);
    for (auto i = f.path.find('/'); i != f.path.npos; i = f.path.find('/', i + 1)) {
      places.insert(f.path.substr(0, i));
    }
  }
  return places;
}

/// `docs/a.md` and `../samples/` make `samples`; nothing when it leads out of the tree.
std::optional<std::string> joined(const std::string& page, std::string_view link) {
  std::vector<std::string> parts;
  const auto folder = page.substr(0, page.rfind('/'));
  const auto all = folder + "/" + std::string(link);
  for (std::size_t i = 0; i <= all.size();) {
    const auto end = std::min(all.find('/', i), all.size());
    const auto part = all.substr(i, end - i);
    i = end + 1;
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (parts.empty()) {
      return std::nullopt;
    } else {
      parts.pop_back();
    }
  }
  std::string path;
  for (const auto& part : parts) path += (path.empty() ? "" : "/") + part;
  return path;
}

}  // namespace

findings check_quotations(const std::vector<source_file>& files) {
  findings found;
  regions known;
  for (const auto& f : files) {
    if (is_example(f)) read_regions(f, known, found);
  }
  std::set<std::string> quoted;
  for (const auto& f : files) {
    if (!is_page(f)) continue;
    for (const auto& b : blocks_of(f)) {
      if (auto wrong = check_block(b, known, quoted)) found.push_back(at(f.path, b.line, *wrong));
    }
  }
  for (const auto& [name, r] : known) {
    if (quoted.contains(name)) continue;
    found.push_back(at(name.substr(0, name.find(':')), r.line, "no page of docs/ quotes it"));
  }
  return found;
}

findings check_named_tests(const std::vector<source_file>& files) {
  static const std::regex named(R"(`((tests|docs)/[^`\s]+|[A-Z]\w*\.[A-Z]\w*)`)");
  const auto tests = tests_of(files);
  const auto places = places_of(files);
  findings found;
  for_each_line_of_prose(files, [&](const auto& page, std::size_t number, std::string_view line) {
    std::string in;  // the file that the line has named
    for (matches i(line.begin(), line.end(), named), end; i != end; ++i) {
      const auto name = (*i)[1].str();
      if ((*i)[2].matched) {
        in = name.ends_with('/') ? name.substr(0, name.size() - 1) : name;
        if (!places.contains(in)) found.push_back(at(page.path, number, "there is no " + name));
        continue;
      }
      const auto test = tests.find(name);
      if (test == tests.end()) {
        found.push_back(at(page.path, number, "there is no test " + name));
      } else if (!in.empty() && !test->second.contains(in)) {
        found.push_back(at(page.path, number, name + " is not in " + in));
      }
    }
  });
  return found;
}

findings check_links(const std::vector<source_file>& files) {
  static const std::regex link(R"(\]\(([^)#\s]+)(#[^)]*)?\))");
  const auto places = places_of(files);
  findings found;
  for_each_line_of_prose(files, [&](const auto& page, std::size_t number, std::string_view line) {
    for (matches i(line.begin(), line.end(), link), end; i != end; ++i) {
      const auto to = (*i)[1].str();
      if (to.find("://") != to.npos) continue;
      const auto path = joined(page.path, to);
      if (!path || !places.contains(*path)) {
        found.push_back(at(page.path, number, "the link leads nowhere: " + to));
      }
    }
  });
  return found;
}

}  // namespace fasti::tidy
