// P13 for the loans' clerk: what a process manager holds is what a full replay gives. (Applications
// and activities hold nothing.)
#include <gtest/gtest.h>

#include "replay_kit.hpp"
#include "samples/loans/domain.hpp"

namespace loans {

inline std::vector<fasti::word> image_of(const clerk& c) {
  std::vector<fasti::word> image{static_cast<fasti::word>(c.open), c.steps};
  image.insert(image.end(), c.decided.begin(), c.decided.end());
  return image;
}

}  // namespace loans

namespace fasti::test {
namespace {

TEST(LoansReplay, P13_AClerk) {
  const auto send = [](runtime& rt, const std::string& stream, std::mt19937_64& random) {
    const auto application = "application" + stream.substr(stream.find('-'));
    return rt.send<loans::Record>(application, [&random](auto c) {
      const char* activities[] = {"W_call", "W_assess", "W_call", "A_APPROVED", "A_DECLINED"};
      const char* lifecycles[] = {"SCHEDULE", "START", "COMPLETE"};
      c.setActivity(activities[random() % 5]);
      c.setLifecycle(lifecycles[random() % 3]);
    });
  };
  const auto differs = replay_differences<loans::clerk, loans::application, loans::activity>(send);
  EXPECT_EQ(differs, "");
}

}  // namespace
}  // namespace fasti::test
