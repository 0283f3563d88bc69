// The scanner is trusted only as far as it is tested.
#include "tests/tidy/scan.hpp"

#include <gtest/gtest.h>

namespace fasti::tidy {
namespace {

std::vector<std::size_t> lengths(std::string_view text) {
  const auto found = functions_of(text);
  EXPECT_TRUE(found.balanced) << text;
  std::vector<std::size_t> result;
  for (const auto& f : found.spans) result.push_back(f.last_line - f.first_line + 1);
  return result;
}
using sizes = std::vector<std::size_t>;

TEST(TidyScan, CommentsAndLiteralsAreNotCode) {
  EXPECT_EQ(code_of("a // {\nb"), "a     \nb");
  EXPECT_EQ(code_of("a /* {\n */b"), "a     \n   b");
  EXPECT_EQ(code_of(R"(f("{\"{");)"), R"(f("    ");)");
  EXPECT_EQ(code_of("f('{', '\\'');"), "f(' ', '  ');");
  EXPECT_EQ(code_of("R\"x({)\" \"\n)x\";"), "R\"       \n  \";");
  EXPECT_EQ(code_of("#if {\\\n {\nb"), "      \n  \nb");
}

TEST(TidyScan, DigitSeparatorsDoNotOpenALiteral) {
  EXPECT_EQ(code_of("x = 1'000'000; {"), "x = 1'000'000; {");
  EXPECT_EQ(code_of("x = 0xff'ff; {"), "x = 0xff'ff; {");
}

TEST(TidyScan, FunctionsAreFoundInNamespacesAndTypes) {
  EXPECT_EQ(lengths("namespace a {\nint f() {\n  return 1;\n}\n}\n"), sizes{3});
  EXPECT_EQ(lengths("struct a {\n  int f() const { return 1; }\n  int g();\n};\n"), sizes{1});
  EXPECT_EQ(lengths("template <class T>\nstruct a final : b<T> {\n  void f() {\n  }\n};"),
            sizes{2});
  EXPECT_EQ(lengths("enum class e { a, b };\nvoid f() {}\n"), sizes{1});
  EXPECT_EQ(lengths("extern \"C\" {\nvoid f() {\n}\n}\n"), sizes{2});
}

TEST(TidyScan, AFunctionBeginsWithItsHead) {
  EXPECT_EQ(lengths("void\nf(int a,\n  int b)\n{\n}\n"), sizes{5});
  EXPECT_EQ(lengths("template <class T>\nvoid f(T) {\n}\n"), sizes{3});
}

TEST(TidyScan, BlocksInsideAFunctionBelongToIt) {
  EXPECT_EQ(
      lengths("void f() {\n  if (a) {\n  }\n  auto l = [] {\n  };\n  struct s { void g() {} };\n}"),
      sizes{7});
}

TEST(TidyScan, ConstructorsWithBracedMembersAreOneFunction) {
  EXPECT_EQ(lengths("a::a()\n  : b_{1},\n    c_{2},\n    d_(3) {\n  f();\n}\n"), sizes{6});
  EXPECT_EQ(lengths("a::a()\n  : b_{1} {\n  f();\n}\nvoid g() {}"), (sizes{4, 1}));
}

TEST(TidyScan, InitialisersAreNotFunctions) {
  EXPECT_EQ(lengths("constexpr int t[] = {\n 1,\n 2};\nvoid f() {}\n"), sizes{1});
  EXPECT_EQ(lengths("void f(options o = {});\nvoid g(options o = {}) {\n}\n"), sizes{2});
}

TEST(TidyScan, TestsAndLambdasAtNamespaceScopeCount) {
  EXPECT_EQ(lengths("TEST(A, B) {\n  x();\n}\n"), sizes{3});
  EXPECT_EQ(lengths("const auto f = [](int a) {\n  return a;\n};\n"), sizes{3});
}

TEST(TidyScan, AFunctionThatReturnsAStructIsAFunction) {
  EXPECT_EQ(lengths("struct a f(int b) {\n}\n"), sizes{2});
}

TEST(TidyScan, AMissingBraceIsNoticed) {
  EXPECT_FALSE(functions_of("void f() {").balanced);
  EXPECT_FALSE(functions_of("}").balanced);
}

}  // namespace
}  // namespace fasti::tidy
