// What waits for one aggregate: order, and that whoever puts first wakes.

#include "actors/arrival_queue.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace fasti::actors {
namespace {

core::incoming command(std::uint64_t number) {
  core::command_request asks;
  asks.type = type_id{number};
  return std::make_unique<core::incoming_command>(stream_id::of("a", "1"), std::move(asks),
                                                  [](const result<receipt>&) {});
}
core::incoming query(std::uint64_t number) {
  return std::make_unique<core::incoming_query>(type_id{number}, std::vector<word>{}, conditions{},
                                                [](const result<std::vector<word>>&) {});
}

std::uint64_t number_of(const core::incoming& arrival) {
  if (const auto* c = std::get_if<std::unique_ptr<core::incoming_command>>(&arrival)) {
    return count_of((*c)->asks().type);
  }
  return count_of(std::get<std::unique_ptr<core::incoming_query>>(arrival)->type());
}

std::vector<std::uint64_t> take_all(arrival_queue& queue) {
  std::vector<std::uint64_t> numbers;
  while (const auto next = queue.take()) numbers.push_back(number_of(*next));
  return numbers;
}

TEST(ArrivalQueue, GivesCommandsAndQueriesInTheOrderInWhichTheyCame) {
  arrival_queue queue;
  EXPECT_EQ(queue.put(command(1)), put_result::wake);
  EXPECT_EQ(queue.put(query(2)), put_result::queued);
  EXPECT_EQ(queue.put(command(3)), put_result::queued);
  EXPECT_FALSE(queue.take().has_value()) << "not fetched yet";
  queue.fetch();
  EXPECT_TRUE(queue.has_fetched());
  EXPECT_EQ(take_all(queue), (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_FALSE(queue.has_fetched());
}

TEST(ArrivalQueue, AfterAFetchTheNextPutWakesAndComesBehindWhatIsLeft) {
  arrival_queue queue;
  static_cast<void>(queue.put(command(1)));
  static_cast<void>(queue.put(command(2)));
  queue.fetch();
  EXPECT_EQ(queue.put(command(3)), put_result::wake);
  EXPECT_EQ(number_of(*queue.take()), 1U);
  queue.fetch();
  EXPECT_EQ(queue.put(command(4)), put_result::wake);
  queue.fetch();
  EXPECT_EQ(take_all(queue), (std::vector<std::uint64_t>{2, 3, 4}));
  EXPECT_EQ(queue.put(command(5)), put_result::wake);
  queue.fetch();
  EXPECT_EQ(take_all(queue), (std::vector<std::uint64_t>{5}));
}

TEST(ArrivalQueue, ClosedItRefusesAndGivesAllThatWaited) {
  arrival_queue queue;
  static_cast<void>(queue.put(command(1)));
  static_cast<void>(queue.put(command(2)));
  queue.fetch();
  static_cast<void>(queue.put(command(3)));
  EXPECT_FALSE(queue.is_closed());
  queue.close();
  EXPECT_TRUE(queue.is_closed());
  auto late = command(4);
  EXPECT_EQ(queue.put(std::move(late)), put_result::closed);
  EXPECT_EQ(number_of(late), 4U) << "refused, it is still the caller's";
  EXPECT_EQ(take_all(queue), (std::vector<std::uint64_t>{1, 2, 3}));
  queue.close();
  EXPECT_TRUE(queue.is_closed());
  EXPECT_EQ(take_all(queue), std::vector<std::uint64_t>{});
}

TEST(ArrivalQueue, WhatNobodyTookIsAnsweredWhenItGoes) {
  int answered = 0;
  {
    arrival_queue queue;
    for (int i = 0; i < 3; ++i) {
      static_cast<void>(queue.put(
          std::make_unique<core::incoming_query>(type_id{1}, std::vector<word>{}, conditions{},
                                                 [&answered](const result<std::vector<word>>& r) {
                                                   EXPECT_EQ(r.error().code, errc::closed);
                                                   ++answered;
                                                 })));
      if (i == 1) queue.fetch();
    }
  }
  EXPECT_EQ(answered, 3);
}

/// Each sender's arrivals come in its order, none is lost, and every wake means that there is one.
TEST(ArrivalQueue, P6_ManyThreadsPutAndOneTakes) {
  constexpr std::uint64_t senders = 3;
  constexpr std::uint64_t each = 20'000;
  arrival_queue queue;
  std::atomic<std::uint64_t> wakes{0};
  std::vector<std::thread> threads;
  for (std::uint64_t s = 0; s < senders; ++s) {
    threads.emplace_back([&queue, &wakes, s] {
      for (std::uint64_t i = 0; i < each; ++i) {
        if (queue.put(command(s * each + i)) == put_result::wake) ++wakes;
      }
    });
  }
  std::vector<std::uint64_t> next(senders, 0);
  std::uint64_t fetches = 0;
  for (std::uint64_t taken = 0; taken < senders * each;) {
    queue.fetch();
    if (queue.has_fetched()) ++fetches;
    while (const auto arrival = queue.take()) {
      const auto number = number_of(*arrival);
      EXPECT_EQ(number % each, next[number / each]++);
      ++taken;
    }
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(wakes, fetches) << "one wake for all that is fetched at once";
}

}  // namespace
}  // namespace fasti::actors
