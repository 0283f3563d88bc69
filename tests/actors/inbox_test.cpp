#include "actors/inbox.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace fasti::actors {
namespace {

TEST(Inbox, OnlyTheFirstOfManyWakesTheOwner) {
  inbox<int> box(10);
  EXPECT_EQ(box.put(1), put_result::wake);
  EXPECT_EQ(box.put(2), put_result::queued);
  std::vector<int> got;
  EXPECT_TRUE(box.take(got, 1)) << "one is left: the owner comes again by itself";
  EXPECT_EQ(box.put(3), put_result::queued);
  EXPECT_FALSE(box.take(got, 10));
  EXPECT_EQ(got, (std::vector{1, 2, 3}));
  EXPECT_EQ(box.put(4), put_result::wake);
}

TEST(Inbox, P6_FullOneRefusesAndLeavesTheItemAlone) {
  inbox<std::unique_ptr<int>> box(1);
  EXPECT_EQ(box.put(std::make_unique<int>(1)), put_result::wake);
  auto second = std::make_unique<int>(2);
  EXPECT_EQ(box.put(std::move(second)), put_result::full);
  ASSERT_TRUE(second);
  EXPECT_EQ(*second, 2);
}

TEST(Inbox, ClosedOneGivesBackWhatWaitedAndRefuses) {
  inbox<std::string> box(4);
  EXPECT_EQ(box.put("a"), put_result::wake);
  EXPECT_EQ(box.put("b"), put_result::queued);
  const auto left = box.close();
  EXPECT_EQ(left.size(), 2U);
  EXPECT_TRUE(box.is_closed());
  std::string late = "c";
  EXPECT_EQ(box.put(std::move(late)), put_result::closed);
  EXPECT_EQ(late, "c");
}

}  // namespace
}  // namespace fasti::actors
