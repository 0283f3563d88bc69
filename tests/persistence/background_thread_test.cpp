#include "persistence/background_thread.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <vector>

namespace fasti::test {
namespace {

using persistence::background_thread;

TEST(BackgroundThread, DoesAllInTheirOrderBeforeItEnds) {
  std::vector<int> done;
  {
    background_thread thread("a test's");
    for (int i = 0; i < 1000; ++i) thread.run([&done, i] { done.push_back(i); });
  }
  ASSERT_EQ(done.size(), 1000U);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(done[static_cast<std::size_t>(i)], i);
}

TEST(BackgroundThread, ATaskMayAddAnother) {
  int done = 0;
  {
    background_thread thread("a test's");
    thread.run([&] { thread.run([&done] { ++done; }); });
  }
  EXPECT_EQ(done, 1);
}

TEST(BackgroundThread, GivesWayAndLeavesOtherThreadsAsTheyAre) {
  const auto niceness = [] { return getpriority(PRIO_PROCESS, static_cast<id_t>(gettid())); };
  const int own = niceness();
  int its = own;
  {
    background_thread("a test's").run([&] { its = niceness(); });
  }
  EXPECT_TRUE(its > own || own >= 10) << its;
  EXPECT_EQ(niceness(), own);
}

}  // namespace
}  // namespace fasti::test
