// Commands to several aggregates at once: all of them or none, whatever goes on meanwhile.

#include <random>

#include "tests/runtime/ledger_kit.hpp"

namespace {

using namespace fasti;
using namespace fasti::test;

/// The first time it decides, somebody else writes to its stream. Of nothing it makes no event:
/// then all it says is whether it is empty.
struct hurried {
  static constexpr auto category = "hurried";
  using commands = types<Deposit>;
  using events = types<Deposited>;

  decision decide(Deposit::Reader c, emit& out, const command_context& at) const {
    if (decided++ == 0) deposit_past(*into, at.stream);
    if (c.getCents() == 0) return balance == 0 ? accept() : reject("not-empty");
    out.event<Deposited>().setCents(c.getCents());
    return accept();
  }
  void evolve(Deposited::Reader e) { balance += e.getCents(); }

  std::int64_t balance = 0;
  static inline std::atomic<unsigned> decided{0};
  static inline journal* into = nullptr;
};

class Together : public both_storages {
 protected:
  static auto cents(std::int64_t n) {
    return [n](auto c) { c.setCents(n); };
  }
  static result<joint_receipt> move_money(runtime& rt, const std::string& from,
                                          const std::string& into, std::int64_t n,
                                          command_origin origin = {}, conditions under = {}) {
    return answer_of(rt.send_together(
        {fasti::to<ledger, Withdraw>(from, cents(n)), fasti::to<ledger, Deposit>(into, cents(n))},
        std::move(origin), std::move(under)));
  }
};
INSTANTIATE_TEST_SUITE_P(, Together, ::testing::Values(storage::leveldb, storage::memory),
                         storage_name);

TEST_P(Together, P3_MoneyMovesInOneCommit) {
  auto rt = open();
  static_cast<void>(deposit(rt, "ledger-a", 100));
  const auto id = command_id::of("move");
  const auto moved = move_money(rt, "ledger-a", "ledger-b", 30, {.id = id, .metadata = "why"});
  ASSERT_TRUE(moved) << moved.error().to_string();
  EXPECT_EQ(moved->command, id);
  EXPECT_EQ(moved->position, position{3});
  EXPECT_EQ(moved->what, committed::kind::fresh);
  ASSERT_EQ(moved->parts.size(), 2U);
  EXPECT_EQ(moved->parts[0].stream.text(), "ledger-a");
  EXPECT_EQ(moved->parts[0].version, version{2});
  EXPECT_EQ(moved->parts[1].stream.text(), "ledger-b");
  EXPECT_EQ(moved->parts[1].version, version{1});
  EXPECT_EQ(state_balance(rt, "ledger-a"), 70);
  EXPECT_EQ(state_balance(rt, "ledger-b"), 30);
  EXPECT_EQ(view_balance(rt, "b"), 30);
  int seen = 0;
  ASSERT_TRUE(rt.journal().read({.after = position{1}}, [&](const recorded_event& e) {
    ++seen;
    EXPECT_EQ(e.command, id);
    EXPECT_EQ(e.metadata, "why");
    return visit::more;
  }));
  EXPECT_EQ(seen, 2);
}

TEST_P(Together, P3_OneThatIsRejectedRejectsAll) {
  auto rt = open();
  static_cast<void>(deposit(rt, "ledger-a", 10));
  const auto no = move_money(rt, "ledger-a", "ledger-b", 11);
  ASSERT_FALSE(no);
  EXPECT_EQ(no.error().code, errc::rejected);
  EXPECT_EQ(no.error().reason, "insufficient-funds");
  EXPECT_EQ(no.error().detail, "ledger-a: balance too low");
  EXPECT_EQ(rt.journal().head(), position{1});
  EXPECT_EQ(state_balance(rt, "ledger-b"), 0);
}

TEST_P(Together, AggregatesInMemoryShowItBeforeItsSenderIsTold) {
  auto rt = open();
  static_cast<void>(deposit(rt, "ledger-a", 1'000));
  static_cast<void>(deposit(rt, "ledger-b", 1));
  for (int i = 1; i <= 50; ++i) {
    ASSERT_TRUE(move_money(rt, "ledger-a", "ledger-b", 10));
    ASSERT_EQ(state_balance(rt, "ledger-a"), 1'000 - 10 * i);
    ASSERT_EQ(withdraw(rt, "ledger-b", 2 + 10 * i).error().reason, "insufficient-funds");
    ASSERT_EQ(state_balance(rt, "ledger-b"), 1 + 10 * i);
  }
  EXPECT_EQ(deposit(rt, "ledger-b", 1)->version, version{52});
}

TEST_P(Together, P8_ARepeatGetsTheFirstOutcome) {
  auto rt = open();
  static_cast<void>(deposit(rt, "ledger-a", 10));
  const command_origin once{.id = command_id::of("move once")};
  const auto first = move_money(rt, "ledger-a", "ledger-b", 10, once);
  const auto again = move_money(rt, "ledger-a", "ledger-b", 10, once);
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(again->what, committed::kind::repeat);
  EXPECT_EQ(again->position, first->position);
  EXPECT_EQ(again->time, first->time);
  ASSERT_EQ(again->parts.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(again->parts[i].stream, first->parts[i].stream);
    EXPECT_EQ(again->parts[i].version, first->parts[i].version);
    EXPECT_EQ(again->parts[i].events, first->parts[i].events);
  }
  for (const auto& other : {move_money(rt, "ledger-a", "ledger-b", 9, once),
                            move_money(rt, "ledger-b", "ledger-a", 10, once)}) {
    EXPECT_EQ(other.error().reason, "command-id-reused");
  }
  EXPECT_EQ(deposit(rt, "ledger-a", 1, once).error().reason, "command-id-reused");
  EXPECT_EQ(rt.journal().head(), position{3});
}

TEST_P(Together, P8_RepeatsAtTheSameTimeHaveOneEffect) {
  auto rt = open();
  static_cast<void>(deposit(rt, "ledger-a", 100));
  std::vector<std::future<result<joint_receipt>>> all;
  for (int i = 0; i < 20; ++i) {
    all.push_back(rt.send_together({fasti::to<ledger, Withdraw>("ledger-a", cents(10)),
                                    fasti::to<ledger, Deposit>("ledger-b", cents(10))},
                                   {.id = command_id::of("move once")}));
  }
  int fresh = 0;
  for (auto& one : all) {
    const auto r = answer_of(std::move(one));
    ASSERT_TRUE(r) << r.error().to_string();
    EXPECT_EQ(r->position, position{3});
    EXPECT_EQ(r->parts.size(), 2U);
    if (r->what == committed::kind::fresh) ++fresh;
  }
  EXPECT_EQ(fresh, 1);
  EXPECT_EQ(state_balance(rt, "ledger-b"), 10);
}

TEST_P(Together, P3_WhoIsOvertakenAgainAndAgainIsToldSo) {
  auto o = options();
  o.conflict_retries_max = 3;
  auto rt = *runtime::open<ledger, jostled>(std::move(o));
  jostled::into = &rt.journal();
  jostled::decided = 0;
  const auto r = answer_of(rt.send_together({fasti::to<ledger, Deposit>("ledger-a", cents(5)),
                                             fasti::to<jostled, Deposit>("jostled-a", cents(5))}));
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, errc::conflict) << r.error().to_string();
  EXPECT_EQ(jostled::decided, 4U);
  EXPECT_EQ(state_balance(rt, "ledger-a"), 0) << "none of it, however often it was tried";
  EXPECT_EQ(rt.journal().head(), position{4});
}

struct HurriedTogether : Together {
  void SetUp() override {
    Together::SetUp();
    rt.emplace(*runtime::open<ledger, hurried>(options()));
    hurried::into = &rt->journal();
    hurried::decided = 0;
  }
  result<joint_receipt> deposit_5_and(std::int64_t n) {
    return answer_of(rt->send_together({fasti::to<ledger, Deposit>("ledger-a", cents(5)),
                                        fasti::to<hurried, Deposit>("hurried-a", cents(n))}));
  }
  std::optional<runtime> rt;
};
INSTANTIATE_TEST_SUITE_P(, HurriedTogether, ::testing::Values(storage::leveldb, storage::memory),
                         storage_name);

TEST_P(HurriedTogether, P3_WhoIsOvertakenOnceIsDecidedAnewOnWhatIsThereThen) {
  const auto r = deposit_5_and(7);
  ASSERT_TRUE(r) << r.error().to_string();
  EXPECT_EQ(hurried::decided, 2U);
  EXPECT_EQ(state_balance(*rt, "ledger-a"), 5) << "once";
  const auto shown = rt->state_of<hurried>("hurried-a");
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->state.balance, 8);
  EXPECT_EQ(shown->version, version{2});
}

TEST_P(HurriedTogether, P4_OneThatAcceptsWithoutEventsMustNotBeOvertakenEither) {
  const auto r = deposit_5_and(0);
  ASSERT_FALSE(r) << "it was empty when it said so, and not when the other's event was stored";
  EXPECT_EQ(r.error().reason, "not-empty") << r.error().to_string();
  EXPECT_EQ(hurried::decided, 2U);
  EXPECT_EQ(state_balance(*rt, "ledger-a"), 0);
}

TEST_P(HurriedTogether, OneThatAcceptsWithoutEventsAndIsLeftInPeaceIsNotWrittenTo) {
  hurried::decided = 1;
  const auto r = deposit_5_and(0);
  ASSERT_TRUE(r) << r.error().to_string();
  EXPECT_EQ(r->parts.size(), 1U);
  EXPECT_EQ(rt->journal().head(), position{1});
}

TEST_P(Together, NothingHadToHappen) {
  auto rt = open();
  const auto none = answer_of(rt.send_together({fasti::to<ledger, Draw>("ledger-a", cents(0)),
                                                fasti::to<ledger, Draw>("ledger-b", cents(0))}));
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->parts.empty());
  EXPECT_EQ(rt.journal().head(), no_position);
}

TEST_P(Together, RefusesWhatMakesNoSense) {
  auto o = options();
  o.authorise = [](const access_request& wants) -> result<void> {
    if (wants.principal != "thief" || wants.target != "ledger-a") return {};
    return error{errc::rejected, "not-allowed", ""};
  };
  auto rt = ledger_test::open(o);
  EXPECT_EQ(answer_of(rt.send_together({})).error().reason, "no-commands");
  EXPECT_EQ(move_money(rt, "ledger-a", "ledger-a", 1).error().reason, "same-stream-twice");
  EXPECT_EQ(move_money(rt, "ledger-a", "other-b", 1).error().reason, "other-category");
  EXPECT_EQ(move_money(rt, "ledger", "ledger-b", 1).error().code, errc::invalid);
  EXPECT_EQ(move_money(rt, "ledger-a", "ledger-b", 1, {}, {.principal = "thief"}).error().reason,
            "not-allowed");
  EXPECT_EQ(move_money(rt, "ledger-a", "ledger-b", 1, {}, {.deadline = timestamp{}}).error().reason,
            "deadline-passed");
  EXPECT_EQ(rt.stats().commands_in_flight, 0U);
  ASSERT_TRUE(rt.close());
  EXPECT_EQ(move_money(rt, "ledger-a", "ledger-b", 1).error().code, errc::closed);
}

TEST_P(Together, AThrowRejectsAllAndHurtsNobody) {
  auto rt = open();
  const auto misbehaving = [&](Misbehave::How how) {
    return answer_of(rt.send_together({fasti::to<ledger, Deposit>("ledger-a", cents(1)),
                                       fasti::to<ledger, Misbehave>(
                                           "ledger-b", [how](auto c) { c.setHow(how); })}))
        .error()
        .reason;
  };
  EXPECT_EQ(misbehaving(Misbehave::How::THROW_IN_DECIDE), "decide-failed");
  EXPECT_EQ(misbehaving(Misbehave::How::THROW_IN_EVOLVE), "evolve-failed");
  EXPECT_EQ(rt.journal().head(), no_position);
  EXPECT_TRUE(move_money(rt, "ledger-b", "ledger-a", 0).error().reason == "not-positive");
}

TEST_P(Together, P4_NoMoneyIsLostOrMadeWhereManyMeet) {
  constexpr int accounts = 5;
  constexpr int threads = 3;
  constexpr int moves = 60;
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  auto rt = open();
  const auto name = [](unsigned n) { return "ledger-" + std::to_string(n); };
  for (unsigned i = 0; i < accounts; ++i) static_cast<void>(deposit(rt, name(i), 100));
  std::atomic<std::int64_t> put_in{accounts * 100};
  std::atomic<int> moved{0};
  std::vector<std::thread> all;
  for (unsigned t = 0; t < threads; ++t) {
    all.emplace_back([&, t] {
      std::mt19937 random(seed + t);
      for (int i = 0; i < moves; ++i) {
        const auto from = static_cast<unsigned>(random() % accounts);
        const auto into = static_cast<unsigned>((from + 1 + random() % (accounts - 1)) % accounts);
        const auto n = static_cast<std::int64_t>(1 + random() % 40);
        const auto r = move_money(rt, name(from), name(into), n);
        if (r) {
          ++moved;
        } else {
          EXPECT_TRUE(r.error().code == errc::rejected || r.error().code == errc::conflict)
              << r.error().to_string();
        }
        const auto alone = deposit(rt, name(from), 1);
        EXPECT_TRUE(alone || alone.error().code == errc::conflict) << alone.error().to_string();
        if (alone) ++put_in;
      }
    });
  }
  for (auto& t : all) t.join();
  EXPECT_GT(moved, 0);
  const auto f = fold(rt.journal());
  EXPECT_EQ(f.gap, "");
  std::int64_t sum = 0;
  for (const auto& [key, balance] : f.balances) {
    EXPECT_GE(balance, 0) << key;
    EXPECT_EQ(state_balance(rt, "ledger-" + key), balance);
    sum += balance;
  }
  EXPECT_EQ(sum, put_in);
}

}  // namespace
