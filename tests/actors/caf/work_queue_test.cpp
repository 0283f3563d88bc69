// The queue in front of the workers: order, and that nobody sleeps while there is work.

#include "actors/caf/work_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
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

struct workers {
  workers(int count, std::size_t eager) : jobs(eager) {
    for (int i = 0; i < count; ++i) {
      threads.emplace_back([this] {
        for (int job = jobs.take(); job != the_end; job = jobs.take()) sum += job;
      });
    }
  }
  ~workers() {
    for (std::size_t i = 0; i < threads.size(); ++i) jobs.put(the_end);
    for (auto& t : threads) t.join();
  }
  work_queue<int> jobs;
  std::atomic<std::int64_t> sum{0};
  std::vector<std::thread> threads;
};

/// What a worker puts it takes itself, unless there is more.
TEST_P(WorkQueueOf, AWorkersOwnJobIsDoneThoughTheOthersSleepOn) {
  constexpr int chain = 20'000;
  work_queue<int> jobs(GetParam());
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (int job = jobs.take(); job != the_end; job = jobs.take()) {
        if (job < chain) jobs.put(job + 1);
        ++done;
      }
    });
  }
  jobs.put(1);
  while (done < chain) std::this_thread::yield();
  for (int i = 0; i < 3; ++i) jobs.put(the_end);
  for (auto& t : threads) t.join();
  EXPECT_EQ(done, chain);
}

/// A wake that is lost would leave the last job where it is for ever.
TEST_P(WorkQueueOf, AJobThatComesAloneIsTakenThoughAllMayBeAsleep) {
  workers w(3, GetParam());
  for (int i = 1; i <= 20'000; ++i) {
    w.jobs.put(1);
    while (w.sum < i) std::this_thread::yield();
  }
  EXPECT_EQ(w.sum, 20'000);
}

TEST_P(WorkQueueOf, WhatManyPutManyTakeOnce) {
  constexpr int threads_count = 4;
  constexpr int jobs_each = 50'000;
  workers w(4, GetParam());
  std::vector<std::thread> threads;
  for (int t = 0; t < threads_count; ++t) {
    threads.emplace_back([&w] {
      for (int i = 1; i <= jobs_each; ++i) w.jobs.put(i);
    });
  }
  for (auto& t : threads) t.join();
  const auto all = std::int64_t{threads_count} * jobs_each * (jobs_each + 1) / 2;
  while (w.sum < all) std::this_thread::yield();
  EXPECT_EQ(w.sum, all);
}

TEST_P(WorkQueueOf, OneThatTakesLongDoesNotHoldUpTheOthers) {
  constexpr int last = 200;
  constexpr int takes_long = 1;
  work_queue<int> jobs(GetParam());
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (int job = jobs.take(); job != the_end; job = jobs.take()) {
        while (job == takes_long && done < last - 1) std::this_thread::yield();
        ++done;
      }
    });
  }
  for (int i = takes_long; i <= last; ++i) jobs.put(i);
  while (done < last) std::this_thread::yield();
  for (int i = 0; i < 2; ++i) jobs.put(the_end);
  for (auto& t : threads) t.join();
  EXPECT_EQ(done, last);
}

/// Each job holds its worker until all are at work: they must all have been woken.
TEST_P(WorkQueueOf, AsManyWorkersComeAsThereAreJobs) {
  constexpr int count = 4;
  work_queue<int> jobs(GetParam());
  std::atomic<int> at_work{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&] {
      while (jobs.take() != the_end) {
        ++at_work;
        while (at_work < count) std::this_thread::yield();
      }
    });
  }
  for (int i = 0; i < count; ++i) jobs.put(1);
  for (int i = 0; i < count; ++i) jobs.put(the_end);
  for (auto& t : threads) t.join();
  EXPECT_EQ(at_work, count);
}

}  // namespace
}  // namespace fasti::actors::detail
