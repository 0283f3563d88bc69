#include "runtime/node/decider_table.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace fasti::test {
namespace {

detail::decider_port of(const std::string& category) {
  detail::decider_port port;
  port.category = category;
  return port;
}

TEST(DeciderTable, EachIsFoundByItsCategoryAndACategoryIsTakenOnce) {
  node::decider_table table;
  EXPECT_EQ(table.find("order"), nullptr);
  for (const auto* category : {"order", "account", "stock", "orders"}) {
    EXPECT_TRUE(table.add(of(category))) << category;
  }
  const auto* order = table.find("order");
  ASSERT_NE(order, nullptr);
  EXPECT_EQ(order->category, "order");
  EXPECT_FALSE(table.add(of("order")));
  EXPECT_EQ(table.find("order"), order);
  for (const auto* other : {"", "orde", "ordered", "zebra"}) {
    EXPECT_EQ(table.find(other), nullptr) << other;
  }
}

TEST(DeciderTable, AnyThreadLooksWhileOthersAreAdded) {
  constexpr int many = 300;
  node::decider_table table;
  ASSERT_TRUE(table.add(of("first")));
  const auto* first = table.find("first");
  const auto look = [&] {
    std::string last = "c" + std::to_string(many - 1);
    while (table.find(last) == nullptr) {
      if (table.find("first") != first) return false;
    }
    return true;
  };
  bool both[2] = {};
  {
    std::jthread one([&] { both[0] = look(); });
    std::jthread other([&] { both[1] = look(); });
    for (int i = 0; i < many; ++i) EXPECT_TRUE(table.add(of("c" + std::to_string(i))));
  }
  EXPECT_TRUE(both[0] && both[1]) << "one that is there was not found";
}

}  // namespace
}  // namespace fasti::test
