// P13 for the deciders of the bank and of the counter: snapshot and tail equal a full replay.
#include <gtest/gtest.h>

#include "replay_kit.hpp"
#include "samples/bank/account.hpp"

// The sample is one file with a `main`, which has another name here and falls off its end.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wreturn-type"
#define main main_of_the_counter
#include "samples/counter/counter.cpp"  // NOLINT(bugprone-suspicious-include)
#undef main
#pragma GCC diagnostic pop

namespace bank {

inline std::vector<fasti::word> image_of(const register_book& book) {
  std::vector<fasti::word> image{book.source.size()};
  image.insert(image.end(), book.source.begin(), book.source.end());
  return image;
}

}  // namespace bank

static std::vector<fasti::word> image_of(const counter& c) {
  return {static_cast<fasti::word>(c.count)};
}

namespace fasti::test {
namespace {

/// Opened first, as a rule; half of the movements state a balance that differs by some cents.
template <class Command>
auto move(runtime& rt, const std::string& stream, std::mt19937_64& random) {
  return rt.send<Command>(stream, [&random](typename Command::Builder c) {
    auto m = c.initMovement();
    m.setAmount(static_cast<std::int64_t>(random() % 1000));
    m.setPurpose("pension");
    if (random() % 2 == 0) m.setStatedBalance(static_cast<std::int64_t>(random() % 3000));
  });
}
std::future<result<receipt>> some_banking(runtime& rt, const std::string& stream,
                                          std::mt19937_64& random) {
  switch (random() % 6) {
    case 0:
      return rt.send<bank::Open>(stream, [&random](auto c) {
        c.setOwner(random() % 4 == 0 ? bank::Owner::BANK : bank::Owner::CUSTOMER);
        c.setOverdraft(static_cast<std::int64_t>(random() % 500));
      });
    case 1:
      return move<bank::Withdraw>(rt, stream, random);
    case 2:
      return move<bank::CreditInterest>(rt, stream, random);
    case 3:
      return move<bank::ChargeFee>(rt, stream, random);
    default:
      return move<bank::Deposit>(rt, stream, random);
  }
}

TEST(AccountReplay, P13_AnAccount) {
  EXPECT_EQ(replay_differences<bank::account>(some_banking), "");
}

/// What the checks are worth.
struct forgetful_account : bank::account {
  void load(bank::AccountState::Reader s) {
    bank::account::load(s);
    gap = 0;
  }
};

TEST(AccountReplay, P13_ALoadThatForgetsAFieldIsFound) {
  const auto found = replay_differences<forgetful_account>(some_banking);
  EXPECT_NE(found.find("not what a full replay gives"), std::string::npos) << found;
}

TEST(RegisterBookReplay, P13_ARegisterBook) {
  const auto begin = [](runtime& rt, const std::string& stream, std::mt19937_64& random) {
    return rt.send<bank::Begin>(
        stream, [&random](auto c) { c.setSource(random() % 2 == 0 ? "rows.csv" : "other.csv"); });
  };
  EXPECT_EQ(replay_differences<bank::register_book>(begin), "");
}

TEST(CounterReplay, P13_ACounter) {
  const auto add = [](runtime& rt, const std::string& stream, std::mt19937_64& random) {
    const auto by = static_cast<int>(random() % 20) - 7;
    return rt.send<Add>(stream, [by](auto c) { c.setBy(by); });
  };
  EXPECT_EQ(replay_differences<counter>(add), "");
}

}  // namespace
}  // namespace fasti::test
