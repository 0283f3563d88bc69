// The rules, held against the whole tree.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/tidy/guide.hpp"
#include "tests/tidy/rules.hpp"

namespace fasti::tidy {
namespace {

namespace fs = std::filesystem;

bool is_text_of_ours(const fs::path& path) {
  static const std::vector<std::string> kinds{".cpp", ".hpp", ".capnp", ".cmake", ".md",
                                              ".txt", ".in",  ".json",  ""};
  return std::find(kinds.begin(), kinds.end(), path.extension().string()) != kinds.end();
}

std::vector<source_file> read_tree() {
  const fs::path root = FASTI_SOURCE_DIR;
  std::vector<source_file> files;
  for (auto i = fs::recursive_directory_iterator(root); i != fs::recursive_directory_iterator();
       ++i) {
    const auto name = i->path().filename().string();
    const bool top = i.depth() == 0;
    if (i->is_directory() &&
        (name == ".git" || (top && name == "build") || name.ends_with(".fasti"))) {
      i.disable_recursion_pending();
    } else if (i->is_regular_file() && is_text_of_ours(i->path())) {
      std::ifstream in(i->path(), std::ios::binary);
      files.push_back({fs::relative(i->path(), root).generic_string(),
                       {std::istreambuf_iterator<char>(in), {}}});
    }
  }
  return files;
}

const std::vector<source_file>& tree() {
  static const auto files = read_tree();
  return files;
}

void expect_none(findings found) {
  std::sort(found.begin(), found.end());
  std::string lines;
  for (const auto& f : found) lines += "\n" + f;
  EXPECT_TRUE(found.empty()) << found.size() << " found:" << lines;
}

template <class Rule>
void expect_everywhere(Rule rule) {
  findings all;
  for (const auto& file : tree()) {
    for (auto& f : rule(file)) all.push_back(std::move(f));
  }
  expect_none(std::move(all));
}

TEST(TidyTree, IsThere) {
  const auto has = [](std::string_view path) {
    return std::any_of(tree().begin(), tree().end(), [&](const auto& f) { return f.path == path; });
  };
  EXPECT_TRUE(has("CMakeLists.txt"));
  EXPECT_TRUE(has("tests/tidy/tree_test.cpp"));
  EXPECT_TRUE(has("runtime/include/fasti/result.hpp"));
}

TEST(TidyTree, RoomsIncludeOnlyWhatTheirLayerMay) { expect_everywhere(check_includes); }
TEST(TidyTree, CafStaysInItsRoom) { expect_everywhere(check_caf_stays_in_its_room); }
TEST(TidyTree, FunctionsLinesAndFilesAreShort) { expect_everywhere(check_sizes); }
TEST(TidyTree, TestsDoNotSleep) { expect_everywhere(check_tests_do_not_sleep); }
TEST(TidyTree, NoPathOfOneMachineIsNamed) { expect_everywhere(check_no_machine_paths); }
TEST(TidyTree, NoSourceIsOrphanedAndNoTestUnregistered) { expect_none(check_registered(tree())); }
TEST(TidyTree, TheGuideQuotesWhatIsCompiled) { expect_none(check_quotations(tree())); }
TEST(TidyTree, TheGuideNamesTestsThatAreThere) { expect_none(check_named_tests(tree())); }
TEST(TidyTree, TheGuidesLinksLeadSomewhere) { expect_none(check_links(tree())); }

}  // namespace
}  // namespace fasti::tidy
