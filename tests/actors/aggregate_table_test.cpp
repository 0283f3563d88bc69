// Aggregates found by name.

#include "actors/aggregate_table.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>

#include "tests/actors/node_kit.hpp"

namespace fasti::test {
namespace {

struct table_kit : node_kit {
  /// All hashes share a few values when `hashes` is small.
  actors::aggregate_ref make(int number, std::size_t hashes) {
    return actors::make_light<actors::aggregate_actor>(world.host(), nowhere, name(number),
                                                       hash(number, hashes), decider, services);
  }
  actors::aggregate_ref add(int number, std::size_t hashes) {
    auto made = make(number, hashes);
    table.add(made);
    return made;
  }
  static stream_id name(int number) { return stream_id::of("ledger", std::to_string(number)); }
  static std::size_t hash(int number, std::size_t hashes) {
    return static_cast<std::size_t>(number) * 7 % hashes;
  }
  [[nodiscard]] std::size_t count() const {
    std::size_t n = 0;
    table.for_each([&n](const actors::aggregate_actor&) { ++n; });
    return n;
  }

  no_home nowhere;
  actors::aggregate_table table;
};

TEST(AggregateTable, FindsEachByItsNameThoughHashesAreTheSame) {
  for (const std::size_t hashes : {1U, 5U, 100'000U}) {
    table_kit kit;
    EXPECT_EQ(kit.table.find(kit.name(1), kit.hash(1, hashes)), nullptr);
    std::map<int, actors::aggregate_actor*> all;
    for (int i = 0; i < 300; ++i) all[i] = kit.add(i, hashes).get();
    for (const auto& [i, a] : all) EXPECT_EQ(kit.table.find(kit.name(i), kit.hash(i, hashes)), a);
    EXPECT_EQ(kit.table.find(kit.name(300), kit.hash(300, hashes)), nullptr);
    EXPECT_EQ(kit.count(), 300U);
    EXPECT_EQ(kit.table.size(), 300U);
  }
}

TEST(AggregateTable, WhoIsTakenOutIsNotFoundAndTheOthersAre) {
  table_kit kit;
  for (int i = 0; i < 200; ++i) kit.add(i, 50);
  std::vector<actors::aggregate_ref> out;
  kit.table.take_out(out, [](const actors::aggregate_actor& a) {
    return std::stoi(std::string(a.stream().key())) % 3 == 0;
  });
  EXPECT_EQ(out.size(), 67U);
  EXPECT_EQ(kit.table.size(), 133U);
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(kit.table.find(kit.name(i), kit.hash(i, 50)) == nullptr, i % 3 == 0) << i;
  }
  for (const auto& a : out) EXPECT_FALSE(a->next_in_table) << "it holds nobody any more";
}

TEST(AggregateTable, RemovesOneAndTakesAnotherOfItsName) {
  table_kit kit;
  const auto old = kit.add(1, 1);
  kit.add(2, 1);
  kit.table.remove(*old);
  EXPECT_EQ(kit.table.find(kit.name(1), 0), nullptr);
  const auto fresh = kit.add(1, 1);
  EXPECT_EQ(kit.table.find(kit.name(1), 0), fresh.get());
  EXPECT_EQ(kit.count(), 2U);
  EXPECT_EQ(kit.table.size(), 2U);
}

TEST(AggregateTable, KeepsThemAliveAndLetsThemGo) {
  table_kit kit;
  {
    actors::aggregate_table table;
    for (int i = 0; i < 20; ++i) table.add(kit.make(i, 4));
    EXPECT_EQ(kit.running("aggregate"), 20U);
  }
  EXPECT_EQ(kit.running("aggregate"), 0U);
}

/// What it touches is what ASan and TSan see.
TEST(AggregateTable, MayBeAskedToFetchByAnyThreadWhileItGrowsAndShrinks) {
  table_kit kit;
  std::atomic<bool> is_over{false};
  std::atomic<std::size_t> asked{0};
  const auto ask = [&] {
    for (std::size_t hash = 0; !is_over; ++hash) {
      kit.table.fetch_head(hash);
      kit.table.fetch_first(hash);
      ++asked;
    }
  };
  std::thread one(ask);
  std::thread two(ask);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 2000; ++i) kit.add(i, 100'000);
    EXPECT_EQ(kit.count(), 2000U);
    std::vector<actors::aggregate_ref> out;
    kit.table.take_out(out, [](const actors::aggregate_actor&) { return true; });
    EXPECT_EQ(out.size(), 2000U);
    EXPECT_EQ(kit.table.size(), 0U);
    for (const auto before = asked.load(); asked == before;) std::this_thread::yield();
  }
  is_over = true;
  one.join();
  two.join();
}

}  // namespace
}  // namespace fasti::test
