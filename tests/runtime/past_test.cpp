// What an aggregate was, and what it would do: read from what is stored, and nothing changes.

#include "fasti/testing/runtime.hpp"
#include "tests/runtime/ledger_kit.hpp"

namespace fasti::test {
namespace {

using std::chrono::hours;

class Past : public both_storages {
 protected:
  Past() {
    auto o = options();
    o.clock = [this] { return clock.now(); };
    o.snapshot_every_events = 4;
    rt.emplace(open(std::move(o)));
  }

  /// Deposits of 1, 2, 3 … cents, one an hour, the first one at once.
  void deposit_hourly(int count) {
    for (int i = 1; i <= count; ++i) {
      ASSERT_TRUE(deposit(*rt, "ledger-1", i));
      clock.advance(hours{1});
    }
  }
  static std::int64_t sum_to(std::int64_t n) { return n * (n + 1) / 2; }
  [[nodiscard]] result<past<ledger>> at(const moment& when) {
    return rt->state_of<ledger>("ledger-1", when);
  }

  testing::driven_clock clock;
  const timestamp begin = clock.now();
  std::optional<runtime> rt;
};

INSTANTIATE_TEST_SUITE_P(, Past, ::testing::Values(storage::leveldb, storage::memory),
                         storage_name);

TEST_P(Past, EveryVersionComesBack) {
  deposit_hourly(11);
  for (std::uint64_t v = 1; v <= 11; ++v) {
    const auto then = at({.version = version{v}});
    ASSERT_TRUE(then) << then.error().to_string();
    EXPECT_EQ(then->version, version{v});
    EXPECT_EQ(then->state.balance, sum_to(static_cast<std::int64_t>(v)));
    EXPECT_EQ(then->state.entries, v);
  }
  const auto now = at({});
  ASSERT_TRUE(now);
  EXPECT_EQ(now->version, version{11});
}

TEST_P(Past, EveryTimeComesBack) {
  deposit_hourly(11);
  for (int h = 0; h <= 11; ++h) {
    const auto then = at({.time = begin + hours{h}});
    ASSERT_TRUE(then) << then.error().to_string();
    EXPECT_EQ(then->state.balance, sum_to(std::min(h + 1, 11))) << "an event of then counts";
    const auto before = at({.time = begin + hours{h} - timestamp::duration{1}});
    ASSERT_TRUE(before);
    EXPECT_EQ(before->state.balance, sum_to(h));
    EXPECT_EQ(before->version, version{static_cast<std::uint64_t>(h)});
  }
}

TEST_P(Past, TheEarlierOfBothCounts) {
  deposit_hourly(9);
  EXPECT_EQ(at({.version = version{3}, .time = begin + hours{6}})->version, version{3});
  EXPECT_EQ(at({.version = version{8}, .time = begin + hours{6}})->version, version{7});
}

TEST_P(Past, WhatNeverWasIsEmptyOrInvalid) {
  const auto nothing = at({});
  ASSERT_TRUE(nothing);
  EXPECT_EQ(nothing->version, no_version);
  EXPECT_EQ(nothing->state.entries, 0U);
  deposit_hourly(2);
  EXPECT_EQ(at({.version = version{3}}).error().reason, "no-such-version");
  EXPECT_EQ(rt->state_of<ledger>("other-1").error().reason, "other-category");
  EXPECT_EQ(rt->state_of<ledger>("nodash").error().code, errc::invalid);
}

TEST_P(Past, P2_SeesWhatWasAcknowledged) {
  for (int i = 1; i <= 50; ++i) {
    const auto receipt = deposit(*rt, "ledger-1", 1);
    ASSERT_TRUE(receipt);
    EXPECT_EQ(at({})->version, receipt->version);
  }
}

TEST_P(Past, OfATruncatedStreamBeginsWithItsBase) {
  deposit_hourly(12);
  const auto is_kept = [&] {
    return rt->stats().snapshots_saved > 0 && view_balance(*rt, "1") == sum_to(12);
  };
  ASSERT_TRUE(comes_true(is_kept));
  const auto cut = rt->truncate("ledger-1", version{3}, "old");
  ASSERT_TRUE(cut) << cut.error().to_string();
  EXPECT_EQ(at({})->state.balance, sum_to(12));
  EXPECT_EQ(at({.version = version{12}})->state.balance, sum_to(12));
  const auto gone = at({.version = version{2}});
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().reason, "truncated") << gone.error().to_string();
  EXPECT_EQ(at({.time = begin + hours{1}}).error().reason, "truncated");
}

TEST_P(Past, WhatIfStoresNothing) {
  deposit_hourly(3);
  const auto head = rt->journal().head();
  const auto yes = rt->what_if<ledger, Withdraw>("ledger-1", [](auto c) {
    c.setCents(5);
    c.setNote("maybe");
  });
  ASSERT_TRUE(yes) << yes.error().to_string();
  EXPECT_TRUE(yes->made.is_accepted());
  ASSERT_EQ(yes->events.size(), 1U);
  const auto event = yes->events.front().as<Withdrawn>();
  ASSERT_TRUE(event);
  EXPECT_EQ((*event)->getCents(), 5);
  EXPECT_STREQ((*event)->getNote().cStr(), "maybe");
  EXPECT_FALSE(yes->events.front().as<Deposited>());
  EXPECT_EQ(yes->before.state.balance, 6);
  EXPECT_EQ(yes->before.version, version{3});
  EXPECT_EQ(yes->after.balance, 1);
  EXPECT_EQ(rt->journal().head(), head);
  EXPECT_EQ(state_balance(*rt, "ledger-1"), 6);
}

TEST_P(Past, WhatIfHasTheReply) {
  deposit_hourly(3);
  const auto yes =
      rt->what_if<ledger, Draw>("ledger-1", [](auto c) { c.setCents(5); }, {.version = version{3}});
  ASSERT_TRUE(yes) << yes.error().to_string();
  ASSERT_TRUE(yes->reply_as<Drawn>());
  EXPECT_EQ((*yes->reply_as<Drawn>())->getLeft(), 1);
  EXPECT_FALSE(yes->reply_as<Balance>());
  const auto plain = rt->what_if<ledger, Withdraw>("ledger-1", [](auto) {});
  EXPECT_FALSE(plain->reply_as<Drawn>());
}

TEST_P(Past, WhatIfOnAnEarlierState) {
  deposit_hourly(3);
  const auto take_six = [](auto c) { c.setCents(6); };
  EXPECT_TRUE((rt->what_if<ledger, Withdraw>("ledger-1", take_six)->made.is_accepted()));
  const auto no = rt->what_if<ledger, Withdraw>("ledger-1", take_six, {.version = version{2}});
  ASSERT_TRUE(no);
  EXPECT_EQ(no->made.reason(), "insufficient-funds");
  EXPECT_TRUE(no->events.empty());
  EXPECT_EQ(no->after.balance, 3);
}

TEST_P(Past, WhatIfItThrows) {
  const auto how = [](Misbehave::How h) { return [h](auto c) { c.setHow(h); }; };
  const auto decides =
      rt->what_if<ledger, Misbehave>("ledger-1", how(Misbehave::How::THROW_IN_DECIDE));
  EXPECT_EQ(decides.error().reason, "decide-failed");
  const auto evolves =
      rt->what_if<ledger, Misbehave>("ledger-1", how(Misbehave::How::THROW_IN_EVOLVE));
  EXPECT_EQ(evolves.error().reason, "evolve-failed");
  EXPECT_TRUE(deposit(*rt, "ledger-1", 1)) << "nobody was hurt";
}

TEST_P(Past, NothingAfterClose) {
  ASSERT_TRUE(rt->close());
  EXPECT_EQ(at({}).error().code, errc::closed);
}

}  // namespace
}  // namespace fasti::test
