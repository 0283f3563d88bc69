// The rules of the guide, each seen to fail and to let the good pass.
#include "tests/tidy/guide.hpp"

#include <gtest/gtest.h>

namespace fasti::tidy {
namespace {

const std::string lend_in_code =
    "TEST(Loans, Lend) {\n"
    "  // [lend]\n"
    "  if (free) {\n"
    "    lend();\n"
    "\n"
    "  }\n"
    "  // [/lend]\n"
    "}\n";
const std::string lend_in_page =
    "<!-- docs/examples/loans.cpp: lend -->\n"
    "```cpp\n"
    "if (free) {\n"
    "  lend();\n"
    "\n"
    "}\n"
    "```\n";

findings quotations(const std::string& page, const std::string& code = lend_in_code) {
  return check_quotations({{"docs/loans.md", page}, {"docs/examples/loans.cpp", code}});
}
std::string only(const findings& found) {
  return found.size() == 1 ? found[0] : std::to_string(found.size()) + " findings";
}
std::string replaced(std::string text, const std::string& what, const std::string& by) {
  return text.replace(text.find(what), what.size(), by);
}

TEST(TidyGuide, AQuotationEqualsItsRegionWithoutTheIndentation) {
  EXPECT_TRUE(quotations(lend_in_page).empty());
  EXPECT_EQ(only(quotations(replaced(lend_in_page, "lend()", "lent()"))),
            "docs/loans.md:2: it differs from the region `docs/examples/loans.cpp: lend`");
  EXPECT_EQ(quotations(replaced(lend_in_page, "\n\n", "\n")).size(), 1U) << "an empty line counts";
  EXPECT_EQ(quotations(replaced(lend_in_page, "  lend", "    lend")).size(), 1U);
}

TEST(TidyGuide, ASchemaIsQuotedByItsOwnComments) {
  const source_file schema{"docs/examples/a.capnp", "# [it]\nstruct A @0x1 {}\n# [/it]\n"};
  const std::string page = "<!-- docs/examples/a.capnp: it -->\n```capnp\nstruct A @0x1 {}\n```\n";
  EXPECT_TRUE(check_quotations({schema, {"docs/a.md", page}}).empty());
  EXPECT_FALSE(check_quotations({schema, {"docs/a.md", replaced(page, "0x1", "0x2")}}).empty());
}

TEST(TidyGuide, ABlockOfCodeIsAQuotation) {
  for (const auto* fence : {"```cpp", "``` c++", "  ```capnp", "~~~cpp title=a"}) {
    const auto block = "\n" + std::string(fence) + "\nint a;\n```\n";
    EXPECT_EQ(only(quotations(lend_in_page + block)),
              "docs/loans.md:9: before it stands no `<!-- docs/examples/…: region -->`");
  }
  EXPECT_EQ(only(quotations(lend_in_page + "```\nint a;\n```\n")),
            "docs/loans.md:8: a block without a language");
  EXPECT_TRUE(quotations(lend_in_page + "```sh\nls\n```\n").empty());
  EXPECT_FALSE(quotations(replaced(lend_in_page, "-->\n", "-->\n\n")).empty()) << "right before it";
}

TEST(TidyGuide, WhatIsQuotedIsThere) {
  for (const auto* other : {"docs/examples/loans.cpp: lent", "docs/examples/loan.cpp: lend"}) {
    const auto found =
        quotations(lend_in_page + replaced(lend_in_page, "docs/examples/loans.cpp: lend", other));
    EXPECT_EQ(only(found), "docs/loans.md:9: there is no region `" + std::string(other) + "`");
  }
}

TEST(TidyGuide, EveryRegionIsQuotedSomewhere) {
  EXPECT_EQ(only(quotations("nothing\n")), "docs/examples/loans.cpp:2: no page of docs/ quotes it");
  const findings elsewhere =
      check_quotations({{"README.md", lend_in_page}, {"docs/examples/loans.cpp", lend_in_code}});
  EXPECT_EQ(elsewhere.size(), 1U) << "a page is a page of docs/";
}

TEST(TidyGuide, RegionsBeginAndEndAndDoNotNest) {
  const auto found = [](const std::string& code) {
    return quotations(lend_in_page, lend_in_code + code);
  };
  EXPECT_EQ(only(found("// [b]\n")), "docs/examples/loans.cpp:9: region 'b' does not end");
  EXPECT_EQ(only(found("// [/b]\n")), "docs/examples/loans.cpp:9: no region is open here");
  EXPECT_EQ(only(found("// [lend]\n// [/lend]\n")),
            "docs/examples/loans.cpp:10: a second region 'lend'");
  EXPECT_EQ(found("// [b]\n// [c]\n// [/b]\n").size(), 2U) << "and nobody quotes b";
  EXPECT_TRUE(found("// [see] the other page\n").empty()) << "a comment like others";
}

findings named(const std::string& page) {
  return check_named_tests({{"docs/loans.md", page},
                            {"tests/a_test.cpp", "TEST(Loans, Lend) {}\nTEST_P(Loans, Late) {}\n"},
                            {"tests/b_test.cpp", "TEST_F(Loans,\n       Back) {}\n"},
                            {"samples/c_test.cpp", "TEST(Loans, Sample) {}\n"}});
}

TEST(TidyGuide, ATestThatIsNamedIsThere) {
  EXPECT_TRUE(named("| row | `tests/a_test.cpp` `Loans.Lend`, `Loans.Late` |\n").empty());
  EXPECT_TRUE(named("`Loans.Back`, `std::string`, `a.b`, `Loans`\n").empty());
  EXPECT_EQ(only(named("\n`Loans.Lost`\n")), "docs/loans.md:2: there is no test Loans.Lost");
  EXPECT_EQ(only(named("`Loans.Sample`\n")), "docs/loans.md:1: there is no test Loans.Sample");
  EXPECT_EQ(only(named("`tests/a_test.cpp` `Loans.Back`\n")),
            "docs/loans.md:1: Loans.Back is not in tests/a_test.cpp");
  EXPECT_TRUE(named("`tests/a_test.cpp` `Loans.Lend`; `tests/b_test.cpp` `Loans.Back`\n").empty());
  EXPECT_EQ(only(named("`tests/d_test.cpp`\n")), "docs/loans.md:1: there is no tests/d_test.cpp");
  EXPECT_TRUE(named("`tests/`\n").empty());
}

findings links(const std::string& page) {
  return check_links({{"docs/loans.md", page},
                      {"docs/README.md", ""},
                      {"samples/bank/bank.capnp", ""},
                      {"README.md", ""}});
}

TEST(TidyGuide, ALinkLeadsSomewhere) {
  EXPECT_TRUE(links("[a](README.md) [b](../README.md#speed) [c](../samples/bank/)\n").empty());
  EXPECT_TRUE(links("```cpp\n[](auto) {}\n```\n").empty()) << "code is no link";
  EXPECT_TRUE(links("[a](https://capnproto.org/x.html) [b](#here)\n").empty());
  EXPECT_EQ(only(links("x\n[a](loan.md)\n")), "docs/loans.md:2: the link leads nowhere: loan.md");
  EXPECT_EQ(links("[a](../../README.md) [b](bank/)\n").size(), 2U);
}

}  // namespace
}  // namespace fasti::tidy
