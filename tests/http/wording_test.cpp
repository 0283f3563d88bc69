#include "runtime/http/wording.hpp"

#include <gtest/gtest.h>

namespace fasti::test {
namespace {

using namespace fasti::http;

TEST(HttpWording, AnIdIsAPositionAndNothingElse) {
  EXPECT_EQ(*parse_position("0"), no_position);
  EXPECT_EQ(*parse_position("18446744073709551615"), position{~0ULL});
  for (const auto* bad :
       {"", " 1", "1 ", "-1", "+1", "0x10", "1.0", "1,2", "18446744073709551616", "seventeen"}) {
    const auto p = parse_position(bad);
    ASSERT_FALSE(p) << bad;
    EXPECT_EQ(p.error().reason, "malformed-position");
  }
}

TEST(HttpWording, DataOfSeveralLinesIsSeveralFields) {
  std::string text;
  add_event(text, {.id = position{7}, .data = "one\ntwo\r\nthree\rfour"});
  EXPECT_EQ(text, "id: 7\ndata: one\ndata: two\ndata: three\ndata: four\n\n");
  text.clear();
  add_event(text, {.id = std::nullopt, .name = "ended", .data = ""});
  EXPECT_EQ(text, "event: ended\ndata: \n\n");
  text.clear();
  add_event(text, {.id = position{9}, .data = std::nullopt});
  EXPECT_EQ(text, "id: 9\n\n");
}

TEST(HttpWording, AParameterIsDecoded) {
  EXPECT_EQ(parameter_of("after=17&b=x+y%21", "b"), "x y!");
  EXPECT_EQ(parameter_of("after=17", "after"), "17");
  EXPECT_EQ(parameter_of("%61fter=1", "after"), "1");
  EXPECT_EQ(parameter_of("flag&x=1", "flag"), "");
  EXPECT_EQ(parameter_of("a=100%&b=%zz%4", "a"), "100%");
  EXPECT_EQ(parameter_of("a=100%&b=%zz%4", "b"), "%zz%4");
  EXPECT_EQ(parameter_of("before=1", "after"), std::nullopt);
  EXPECT_EQ(parameter_of("", ""), std::nullopt);
}

}  // namespace
}  // namespace fasti::test
