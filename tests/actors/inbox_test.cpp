#include "actors/inbox.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>

namespace {

using fasti::actors::inbox;
using fasti::actors::put_result;

TEST(Inbox, P6_WakesItsOwnerOnceHoweverMuchComes) {
  inbox<int> box(100);
  EXPECT_EQ(box.put(1), put_result::wake);
  for (int i = 2; i <= 50; ++i) EXPECT_EQ(box.put(int{i}), put_result::queued);
}

TEST(Inbox, TheNextPutWakesAfterEverythingWasTaken) {
  inbox<int> box(100);
  static_cast<void>(box.put(1));
  std::vector<int> taken;
  EXPECT_FALSE(box.take(taken, 10));
  EXPECT_EQ(taken, std::vector<int>{1});
  EXPECT_EQ(box.put(2), put_result::wake);
}

TEST(Inbox, AnOwnerThatLeavesSomethingComesAgainByItself) {
  inbox<int> box(100);
  for (int i = 1; i <= 5; ++i) static_cast<void>(box.put(int{i}));
  std::vector<int> taken;
  EXPECT_TRUE(box.take(taken, 3));
  EXPECT_EQ(taken, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(box.put(6), put_result::queued);  // it comes anyway
  EXPECT_FALSE(box.take(taken, 3));
  EXPECT_EQ(taken, (std::vector<int>{4, 5, 6}));
}

TEST(Inbox, AnEmptyTakeLetsTheNextPutWake) {
  inbox<int> box(1);
  std::vector<int> taken;
  EXPECT_FALSE(box.take(taken, 10));
  EXPECT_EQ(box.put(1), put_result::wake);
}

TEST(Inbox, P6_RefusesWhenFullAndLeavesTheItemAlone) {
  inbox<std::unique_ptr<int>> box(1);
  EXPECT_EQ(box.put(std::make_unique<int>(1)), put_result::wake);
  auto second = std::make_unique<int>(2);
  EXPECT_EQ(box.put(std::move(second)), put_result::full);
  ASSERT_NE(second, nullptr);
  std::vector<std::unique_ptr<int>> taken;
  EXPECT_FALSE(box.take(taken, 10));
  EXPECT_EQ(box.put(std::move(second)), put_result::wake);  // the place was given back
}

TEST(Inbox, ClosingGivesBackWhatWaitsAndRefusesFromThenOn) {
  inbox<std::unique_ptr<int>> box(10);
  EXPECT_EQ(box.put(std::make_unique<int>(1)), put_result::wake);
  EXPECT_EQ(box.put(std::make_unique<int>(2)), put_result::queued);
  EXPECT_EQ(box.close().size(), 2U);
  auto late = std::make_unique<int>(3);
  EXPECT_EQ(box.put(std::move(late)), put_result::closed);
  EXPECT_NE(late, nullptr);
  EXPECT_TRUE(box.close().empty());
}

// The owner looks only when it was told to: a wake that is missing would hang this.
TEST(Inbox, P6_ManyThreadsPutAndNothingIsLostOrDoubled) {
  constexpr int threads_count = 4;
  constexpr int items_each = 5000;
  constexpr std::size_t items_count = std::size_t{threads_count} * items_each;
  inbox<int> box(64);
  std::atomic<int> wakes{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < threads_count; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < items_each; ++i) {
        put_result put = put_result::full;
        while ((put = box.put(t * items_each + i)) == put_result::full) std::this_thread::yield();
        if (put == put_result::wake) ++wakes;
      }
    });
  }
  std::vector<int> all;
  std::vector<int> taken;
  while (all.size() < items_count) {
    if (wakes.load() == 0) {
      std::this_thread::yield();
      continue;
    }
    --wakes;
    for (bool more = true; more;) {
      more = box.take(taken, 7);
      all.insert(all.end(), taken.begin(), taken.end());
    }
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(wakes.load(), 0);
  std::vector<int> last(threads_count, -1);
  for (const int item : all) {
    auto& newest = last[static_cast<std::size_t>(item / items_each)];
    ASSERT_LT(newest, item) << "the order of one thread is kept";
    newest = item;
  }
  std::sort(all.begin(), all.end());
  for (std::size_t i = 0; i < items_count; ++i) ASSERT_EQ(all[i], static_cast<int>(i));
}

}  // namespace
