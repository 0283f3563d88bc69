// What the journal counts of its own work, on a disk that the test holds.

#include <thread>

#include "tests/persistence/disk_kit.hpp"
#include "tests/support/fault_disk.hpp"

namespace fasti::test {
namespace {

class Figures : public Disk {
 protected:
  Figures() { options.path = "/journal"; }
  [[nodiscard]] std::unique_ptr<journal> open() {
    return persistence::open_leveldb_journal(options, on, {}).value();
  }
  void give(journal& j, std::string_view stream) {
    ASSERT_TRUE(j.append(commit_to(stream), nullptr, all.observer(given++)));
  }

  fault_disk on;
  outcome_log all;
  int given = 0;
};

TEST(Histogram, ARangeHoldsItsUpperEndAndNotItsLower) {
  EXPECT_EQ(histogram::range_of(0), 0U);
  EXPECT_EQ(histogram::range_of(1), 0U);
  for (std::size_t range = 1; range + 1 < histogram::ranges; ++range) {
    EXPECT_EQ(histogram::range_of(histogram::last_of(range)), range);
    EXPECT_EQ(histogram::range_of(histogram::last_of(range - 1) + 1), range);
  }
  EXPECT_EQ(histogram::range_of(~std::uint64_t{0}), histogram::ranges - 1);
}

TEST_F(Figures, ABatchIsCountedInCommitsEventsAndBytesAndEachCommitWithItsWait) {
  const auto j = open();
  ASSERT_TRUE(append_and_wait(*j, commit_to("a-1")));
  const auto one = j->stats();
  EXPECT_EQ(one.batch_commits.counts[0], 1U);
  EXPECT_EQ(one.batch_commits.sum, 1U);
  EXPECT_EQ(one.batch_bytes.sum, one.logical_bytes);
  EXPECT_EQ(one.append_us.count(), 1U);

  // While the disk holds one, four more gather; they become durable together or in two batches.
  on.hold_syncs();
  give(*j, "b-1");
  on.wait_for_sync();
  for (const auto* stream : {"b-2", "b-3", "b-4", "b-5"}) give(*j, stream);
  EXPECT_EQ(j->stats().commits_waiting, 5U);
  EXPECT_EQ(j->stats().append_us.count(), 1U) << "nothing counts that is not durable";
  on.release_syncs();
  all.wait_for(5);
  while (j->stats().commits_waiting > 0) std::this_thread::yield();  // the last one is being told
  const auto s = j->stats();
  EXPECT_EQ(s.commits, 6U);
  EXPECT_EQ(s.append_us.count(), s.commits);
  EXPECT_EQ(s.batch_commits.sum, s.commits);
  EXPECT_LT(s.batch_commits.count(), s.commits) << "some were in one batch";
  EXPECT_EQ(s.batch_events.sum, count_of(s.head));
  EXPECT_EQ(s.batch_events.count(), s.batch_commits.count());
  EXPECT_EQ(s.batch_bytes.sum, s.logical_bytes);
}

TEST_F(Figures, WhatIsNotStoredIsNotCounted) {
  const auto j = open();
  const commit once = commit_to("a-1");
  ASSERT_TRUE(append_and_wait(*j, once));
  ASSERT_TRUE(append_and_wait(*j, once));  // a repeat
  ASSERT_FALSE(append_and_wait(*j, commit_to("a-1", 1, expected_version::no_stream())));
  ASSERT_TRUE(append_and_wait(*j, commit{}));  // a barrier
  const auto s = j->stats();
  EXPECT_EQ(s.append_us.count(), 1U);
  EXPECT_EQ(s.batch_commits.sum, 1U);
  EXPECT_FALSE(s.failure);
}

}  // namespace
}  // namespace fasti::test
