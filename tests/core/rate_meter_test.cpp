#include "runtime/core/rate_meter.hpp"

#include <gtest/gtest.h>

namespace fasti::test {
namespace {

using namespace std::chrono_literals;

class Rate : public ::testing::Test {
 protected:
  /// So many more in that time.
  void go_on(std::uint64_t more, std::chrono::milliseconds time) {
    meter.sample(total += more, now += time);
  }

  core::rate_meter meter;
  core::rate_meter::clock::time_point now{};
  std::uint64_t total = 1'000'000;  // what was there before it began to count
};

TEST_F(Rate, BeginsWithNothing) {
  EXPECT_EQ(meter.per_second(), 0);
  go_on(0, 0ms);
  EXPECT_EQ(meter.per_second(), 0);
}

TEST_F(Rate, ComesToWhatIsSteady) {
  go_on(0, 0ms);
  for (int second = 0; second < 60; ++second) go_on(500, 1s);
  EXPECT_NEAR(meter.per_second(), 500, 1);
}

TEST_F(Rate, IsHalfOfItAfterAHalfLife) {
  go_on(0, 0ms);
  for (int second = 0; second < 60; ++second) go_on(500, 1s);
  for (int second = 0; second < 5; ++second) go_on(0, 1s);
  EXPECT_NEAR(meter.per_second(), 250, 1);
}

TEST_F(Rate, DoesNotDependOnHowOftenItIsLookedAt) {
  core::rate_meter often;
  go_on(0, 0ms);
  often.sample(total, now);
  for (int tenth = 1; tenth <= 70; ++tenth) {
    often.sample(total + static_cast<std::uint64_t>(tenth), now + tenth * 100ms);
  }
  go_on(70, 7s);
  EXPECT_NEAR(meter.per_second(), often.per_second(), 1e-6);
}

TEST_F(Rate, TakesNoSampleOfNoTime) {
  go_on(0, 0ms);
  go_on(100, 1s);
  const auto before = meter.per_second();
  go_on(100, 0ms);
  EXPECT_EQ(meter.per_second(), before);
}

}  // namespace
}  // namespace fasti::test
