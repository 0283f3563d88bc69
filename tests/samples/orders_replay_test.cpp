// P13 for the deciders of the shop: snapshot and tail equal a full replay.
#include <gtest/gtest.h>

#include "replay_kit.hpp"
#include "samples/orders/order.hpp"
#include "samples/orders/payment.hpp"
#include "samples/orders/stock.hpp"

namespace orders {

inline std::vector<fasti::word> image_of(const payment& p) {
  std::vector<fasti::word> image{static_cast<fasti::word>(p.cents)};
  for (const auto& [order, cents] : p.charged) {
    image.insert(image.end(), order.begin(), order.end());
    image.push_back(static_cast<fasti::word>(cents));
  }
  return image;
}
inline std::vector<fasti::word> image_of(const numbers& n) { return {n.newest}; }

}  // namespace orders

namespace fasti::test {
namespace {

using sent = std::future<result<receipt>>;

/// One of a few orders, so that they meet again.
auto some_order(std::mt19937_64& random) {
  return [order = std::to_string(random() % 5)](auto c) { c.setOrder(order); };
}

TEST(OrdersReplay, P13_AnOrder) {
  const auto send = [](runtime& rt, const std::string& stream, std::mt19937_64& random) -> sent {
    const auto why = [](auto c) { c.setReason("cracked"); };
    switch (random() % 9) {
      case 0:
        return rt.send<orders::Cancel>(stream, why);
      case 1:
        return rt.send<orders::GiveUp>(stream, why);
      case 2:
        return rt.send<orders::TakeBack>(stream, why);
      case 3:
        return rt.send<orders::Ship>(stream, [](auto) {});
      case 4:
        return rt.send<orders::Pay>(stream, [](auto) {});
      case 5:
        return rt.send<orders::Confirm>(stream, [](auto) {});
      default:
        return rt.send<orders::Place>(stream, [&random](orders::Place::Builder c) {
          c.setCustomer("ann");
          auto lines = c.initLines(1 + static_cast<unsigned>(random() % 2));
          for (unsigned i = 0; i < lines.size(); ++i) {
            lines[i].setArticle(i == 0 ? "tea" : "pot");
            lines[i].setCount(1 + static_cast<std::uint32_t>(random() % 9));
            lines[i].setCents(static_cast<std::int64_t>(random() % 1000));
          }
        });
    }
  };
  constexpr unsigned many = 60;  // each has a short life
  EXPECT_EQ(replay_differences<orders::order>(send, many), "");
}

TEST(OrdersReplay, P13_AStock) {
  const auto send = [](runtime& rt, const std::string& stream, std::mt19937_64& random) -> sent {
    const auto count = static_cast<std::uint32_t>(random() % 20);
    switch (random() % 5) {
      case 0:
        return rt.send<orders::Release>(stream, some_order(random));
      case 1:
        return rt.send<orders::Dispatch>(stream, some_order(random));
      case 2:
        return rt.send<orders::Receive>(stream, [count](auto c) { c.setCount(count); });
      default:
        return rt.send<orders::Reserve>(stream, [&](auto c) {
          some_order(random)(c);
          c.setCount(count / 4);
        });
    }
  };
  EXPECT_EQ(replay_differences<orders::stock>(send), "");
}

TEST(OrdersReplay, P13_APayment) {
  const auto send = [](runtime& rt, const std::string& stream, std::mt19937_64& random) -> sent {
    const auto cents = static_cast<std::int64_t>(random() % 500);
    switch (random() % 4) {
      case 0:
        return rt.send<orders::Refund>(stream, some_order(random));
      case 1:
        return rt.send<orders::TopUp>(stream, [cents](auto c) { c.setCents(cents); });
      default:
        return rt.send<orders::Charge>(stream, [&](auto c) {
          some_order(random)(c);
          c.setCents(cents / 2);
        });
    }
  };
  EXPECT_EQ(replay_differences<orders::payment>(send), "");
}

TEST(OrdersReplay, P13_Numbers) {
  const auto send = [](runtime& rt, const std::string& stream, std::mt19937_64&) -> sent {
    return rt.send<orders::TakeNumber>(stream, [](auto) {});
  };
  EXPECT_EQ(replay_differences<orders::numbers>(send), "");
}

}  // namespace
}  // namespace fasti::test
