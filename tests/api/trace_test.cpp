#include "fasti/trace.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fasti::test {
namespace {

const std::string usual = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceContext, IsReadAndWrittenAsTheStandardSays) {
  const auto read = trace_context::parse(usual);
  ASSERT_TRUE(read) << read.error().to_string();
  EXPECT_EQ(read->trace, (unique_id{0x4bf92f3577b34da6, 0xa3ce929d0e0e4736}));
  EXPECT_EQ(read->parent, 0x00f067aa0ba902b7U);
  EXPECT_EQ(read->flags, 1);
  EXPECT_FALSE(read->is_none());
  EXPECT_EQ(read->to_string(), usual);
  EXPECT_TRUE(trace_context{}.is_none());
}

TEST(TraceContext, OfALaterVersionWhatIsKnownIsRead) {
  for (const auto* more : {"", "-", "-what-the-future-brings"}) {
    const auto read = trace_context::parse("cc" + usual.substr(2) + more);
    ASSERT_TRUE(read) << more;
    EXPECT_EQ(read->to_string(), usual);
  }
}

TEST(TraceContext, WhatIsNoTraceparentIsRefused) {
  const std::string zeros(32, '0');
  const std::string none = std::string("00-").append(zeros).append("-00f067aa0ba902b7-01");
  std::string upper = usual;
  upper[5] = 'F';
  std::string dash = usual;
  dash[35] = '0';
  const std::vector<std::string> all{"",
                                     "00",
                                     usual.substr(1),
                                     usual + "-",
                                     usual + "0",
                                     upper,
                                     dash,
                                     none,
                                     "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                     "ff" + usual.substr(2),
                                     "cc" + usual.substr(2) + "0",
                                     std::string(100'000, 'x')};
  for (const auto& bad : all) {
    const auto read = trace_context::parse(bad);
    ASSERT_FALSE(read) << bad;
    EXPECT_EQ(read.error().code, errc::invalid);
    EXPECT_EQ(read.error().reason, "malformed-traceparent");
    EXPECT_LT(read.error().detail.size(), 200U);
  }
}

}  // namespace
}  // namespace fasti::test
