// The life of an aggregate: made by its first command, out of memory when idle, back when needed.
#include <atomic>

#include "library.hpp"

namespace library {
namespace {

TEST(GuideAggregates, AreThereFromTheirFirstCommandOn) {
  // [first]
  fasti::testing::runtime_in_memory<book> rt;

  auto acquired = rt->send<Acquire>("book-solaris", [](auto c) { c.setTitle("Solaris"); }).get();
  EXPECT_EQ(acquired->version, fasti::version{1});

  auto refused = rt->send<Lend>("book-dune", [](auto c) { c.setMember("ada"); }).get();
  EXPECT_EQ(refused.error().reason, "no-such-book");    // decided on the state without events
  EXPECT_EQ(rt->journal().head(), fasti::position{1});  // and nothing was stored
  // [/first]
}

TEST(GuideAggregates, LeaveMemoryWhenIdleAndComeBack) {
  // [idle]
  fasti::testing::runtime_in_memory<book> rt({.idle_timeout = 0ms});
  acquire(*rt, "book-solaris", "Solaris");
  ASSERT_TRUE(comes_true([&] { return rt->stats().aggregates_live == 0; }));

  lend(*rt, "book-solaris", "ada");  // brings it back: its events are folded, then it decides
  EXPECT_EQ(rt->stats().aggregates_recovered, 1U);
  EXPECT_EQ(rt->stats().events_replayed, 1U);
  // [/idle]
}

TEST(GuideAggregates, AreNoMoreThanMayBe) {
  // [count]
  fasti::testing::runtime_in_memory<book> rt({.aggregates_max = 2});
  for (const auto* name : {"book-solaris", "book-dune", "book-emma", "book-walden"}) {
    acquire(*rt, name, "a title");
  }
  EXPECT_TRUE(comes_true([&] { return rt->stats().aggregates_live == 2; }));
  // [/count]
}

/// Time stands still for everybody but the thread that made it, when it is told to.
class standing_clock {
 public:
  [[nodiscard]] fasti::timestamp now() const {
    while (stands && std::this_thread::get_id() != owner_) std::this_thread::yield();
    return fasti::system_now();
  }
  std::atomic<bool> stands{false};

 private:
  std::thread::id owner_ = std::this_thread::get_id();
};

TEST(GuideAggregates, RefuseWhatIsTooMuchAtOnce) {
  standing_clock clock;
  auto rt = *fasti::runtime::open<book>({.storage = fasti::storage::memory,
                                         .aggregate_queue_max = 2,
                                         .clock = [&clock] { return clock.now(); }});
  acquire(rt, "book-solaris", "Solaris");
  clock.stands = true;  // so nothing is decided meanwhile
  // [queue]
  // With `.aggregate_queue_max = 2`, and an aggregate that has its hands full:
  auto first = rt.send<Lend>("book-solaris", to("ada"));
  auto second = rt.send<Lend>("book-solaris", to("ben"));
  auto third = rt.send<Lend>("book-solaris", to("cy")).get();  // refused before `send` returns
  EXPECT_EQ(third.error().code, fasti::errc::unavailable);
  EXPECT_EQ(third.error().reason, "queue-full");
  // [/queue]
  clock.stands = false;
  EXPECT_TRUE(first.get().has_value());
  EXPECT_EQ(second.get().error().reason, "lent-already");
}

}  // namespace
}  // namespace library
