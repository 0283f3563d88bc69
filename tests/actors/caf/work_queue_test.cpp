// The queue in front of the workers: order, and that nobody sleeps while there is work.

#include "actors/caf/work_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

namespace fasti::actors::detail {
namespace {

constexpr int the_end = -1;

TEST(WorkQueue, GivesTheOldestFirst) {
  work_queue<int> jobs;
  for (int i = 1; i <= 3; ++i) jobs.put(i);
  for (int i = 1; i <= 3; ++i) EXPECT_EQ(jobs.take(), i);
}

TEST(WorkQueue, GivesBackWhatNobodyTook) {
  work_queue<int> jobs;
  jobs.put(1);
  jobs.put(2);
  EXPECT_EQ(jobs.take_all(), (std::deque<int>{1, 2}));
  EXPECT_TRUE(jobs.take_all().empty());
}

/// All of them, or one and a reserve.
class WorkQueueOf : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Eager, WorkQueueOf, testing::Values(1, 2, 4),
                         [](const auto& eager) { return std::to_string(eager.param); });

/// Threads that do `work(job)` with each job, until the end.
struct workers {
  workers(int count, std::size_t eager, std::function<void(int)> work) : jobs(eager) {
    for (int i = 0; i < count; ++i) {
      threads.emplace_back([this, work] {
        for (int job = jobs.take(); job != the_end; job = jobs.take()) work(job);
      });
    }
  }
  ~workers() { end(); }
  void end() {
    for (std::size_t i = 0; i < threads.size(); ++i) jobs.put(the_end);
    for (auto& t : threads) t.join();
    threads.clear();
  }
  work_queue<int> jobs;
  std::vector<std::thread> threads;
};

/// What a worker puts it takes itself, unless there is more.
TEST_P(WorkQueueOf, AWorkersOwnJobIsDoneThoughTheOthersSleepOn) {
  constexpr int chain = 20'000;
  std::atomic<int> done{0};
  workers w(3, GetParam(), [&](int job) {
    if (job < chain) w.jobs.put(job + 1);
    ++done;
  });
  w.jobs.put(1);
  while (done < chain) std::this_thread::yield();
  w.end();
  EXPECT_EQ(done, chain);
}

/// A wake that is lost would leave the last job where it is for ever.
TEST_P(WorkQueueOf, AJobThatComesAloneIsTakenThoughAllMayBeAsleep) {
  std::atomic<int> sum{0};
  workers w(3, GetParam(), [&sum](int job) { sum += job; });
  for (int i = 1; i <= 20'000; ++i) {
    w.jobs.put(1);
    while (sum < i) std::this_thread::yield();
  }
  EXPECT_EQ(sum, 20'000);
}

TEST_P(WorkQueueOf, WhatManyPutManyTakeOnce) {
  constexpr int threads_count = 4;
  constexpr int jobs_each = 50'000;
  std::atomic<std::int64_t> sum{0};
  workers w(4, GetParam(), [&sum](int job) { sum += job; });
  std::vector<std::thread> threads;
  for (int t = 0; t < threads_count; ++t) {
    threads.emplace_back([&w] {
      for (int i = 1; i <= jobs_each; ++i) w.jobs.put(i);
    });
  }
  for (auto& t : threads) t.join();
  const auto all = std::int64_t{threads_count} * jobs_each * (jobs_each + 1) / 2;
  while (sum < all) std::this_thread::yield();
  EXPECT_EQ(sum, all);
}

TEST_P(WorkQueueOf, OneThatTakesLongDoesNotHoldUpTheOthers) {
  constexpr int last = 200;
  constexpr int takes_long = 1;
  std::atomic<int> done{0};
  workers w(2, GetParam(), [&done](int job) {
    while (job == takes_long && done < last - 1) std::this_thread::yield();
    ++done;
  });
  for (int i = takes_long; i <= last; ++i) w.jobs.put(i);
  while (done < last) std::this_thread::yield();
  w.end();
  EXPECT_EQ(done, last);
}

/// Each job holds its worker until all are at work: they must all have been woken.
TEST_P(WorkQueueOf, AsManyWorkersComeAsThereAreJobs) {
  constexpr int count = 4;
  std::atomic<int> at_work{0};
  workers w(count, GetParam(), [&at_work](int) {
    ++at_work;
    while (at_work < count) std::this_thread::yield();
  });
  for (int i = 0; i < count; ++i) w.jobs.put(1);
  w.end();
  EXPECT_EQ(at_work, count);
}

}  // namespace
}  // namespace fasti::actors::detail
