// Questions to views and to aggregates.

#include "tests/runtime/ledger_kit.hpp"

namespace {

using namespace fasti;
using namespace fasti::test;

class Query : public both_storages {};
INSTANTIATE_TEST_SUITE_P(, Query, ::testing::Values(storage::leveldb, storage::memory),
                         storage_name);

TEST_P(Query, ReadsYourOwnWrite) {
  auto rt = open();
  std::int64_t sum = 0;
  for (int i = 1; i <= 50; ++i) {
    const auto r = deposit(rt, "ledger-a", i);
    sum += i;
    const auto b = view_row(rt, "a", {.visible_at = r->position});
    ASSERT_TRUE(b.has_value()) << b.error().to_string();
    ASSERT_EQ((*b)->getCents(), sum);
    ASSERT_EQ((*b)->getEntries(), static_cast<std::uint64_t>(i));
  }
}

TEST_P(Query, ARejectionOfTheViewIsTheAnswer) {
  auto rt = open();
  const auto b = view_row(rt, "nobody");
  ASSERT_FALSE(b.has_value());
  EXPECT_EQ(b.error().code, errc::rejected);
  EXPECT_EQ(b.error().reason, "no-such-account");
}

TEST_P(Query, ARowThatWasErasedIsGone) {
  auto rt = open();
  static_cast<void>(deposit(rt, "ledger-a", 5));
  const auto r = withdraw(rt, "ledger-a", 5, "close");
  EXPECT_EQ(view_row(rt, "a", {.visible_at = r->position}).error().reason, "no-such-account");
}

TEST_P(Query, APositionThatDoesNotComeIsAnswered) {
  auto rt = open();
  static_cast<void>(deposit(rt, "ledger-a", 5));
  const auto b =
      view_row(rt, "a", {.visible_at = position{1000}, .timeout = std::chrono::milliseconds(1)});
  ASSERT_FALSE(b.has_value());
  EXPECT_EQ(b.error().code, errc::unavailable);
  EXPECT_EQ(b.error().reason, "not-visible-in-time");
}

TEST_P(Query, AVeryLongTimeoutIsNotAnOverflow) {
  auto rt = open();
  auto waits = rt.query<balances, GetBalance>(
      [](auto q) { q.setAccount("a"); },
      {.visible_at = position{1}, .timeout = std::chrono::milliseconds::max()});
  static_cast<void>(deposit(rt, "ledger-a", 5));
  const auto b = answer_of(std::move(waits));
  ASSERT_TRUE(b.has_value()) << b.error().to_string();
  EXPECT_EQ((*b)->getCents(), 5);
}

TEST_P(Query, P6_ViewsRefuseMoreQueriesThanMayWait) {
  auto o = options();
  o.queries_waiting_max = 3;
  auto rt = open(o);
  std::vector<std::future<result<view_answer<Balance>>>> asked;
  for (int i = 0; i < 20; ++i) {
    asked.push_back(rt.query<balances, GetBalance>([](auto q) { q.setAccount("a"); },
                                                   {.visible_at = position{1}}));
  }
  ASSERT_TRUE(deposit(rt, "ledger-a", 5).has_value());
  int answered = 0;
  for (auto& a : asked) {
    const auto b = answer_of(std::move(a));
    if (b) {
      ++answered;
    } else {
      EXPECT_EQ(b.error().reason, "queue-full");
    }
  }
  EXPECT_GE(answered, 3);
  EXPECT_LT(answered, 20);
}

TEST_P(Query, P2_AnAggregateAnswersFromItsOwnDurableState) {
  auto rt = open();
  for (int i = 1; i <= 100; ++i) {
    auto sent = start_deposit(rt, "ledger-a", 1);
    const auto cents = state_balance(rt, "ledger-a");
    EXPECT_EQ(cents, i) << "one sender: what was sent before is seen";
    EXPECT_GE(rt.journal().head(), position{static_cast<std::uint64_t>(i)}) << "and is durable";
    ASSERT_TRUE(answer_of(std::move(sent)).has_value());
  }
}

TEST_P(Query, AnAggregateThatHasNoEventsAnswersToo) {
  auto rt = open();
  EXPECT_EQ(state_balance(rt, "ledger-nobody"), 0);
  EXPECT_EQ(rt.journal().head(), no_position);
}

struct sullen : ledger {
  static constexpr auto category = "sullen";
  decision answer(GetBalance::Reader, Balance::Builder) const {
    throw std::runtime_error("answer is cross");
  }
};
struct sullen_view : balances {
  static constexpr auto name = "sullen";
  decision answer(GetBalance::Reader, const view<row>&, Balance::Builder) const {
    throw std::runtime_error("answer is cross");
  }
};

TEST_P(Query, AnAnswerThatThrowsIsAnErrorAndHurtsNobody) {
  auto rt = *runtime::open<sullen, sullen_view>(options());
  for (std::uint64_t v = 1; v <= 2; ++v) {
    const auto done = deposit(rt, "sullen-a", 1);
    ASSERT_TRUE(done) << done.error().to_string();
    EXPECT_EQ(done->version, version{v});
    const auto state = answer_of(rt.query<sullen, GetBalance>("sullen-a", [](auto) {}));
    const result<owned<Balance>> view =
        answer_of(rt.query<sullen_view, GetBalance>([](auto) {}, {.visible_at = done->position}));
    for (const auto* answer : {&state, &view}) {
      EXPECT_EQ(answer->error().code, errc::invalid);
      EXPECT_EQ(answer->error().reason, "answer-failed");
      EXPECT_NE(answer->error().detail.find("answer is cross"), std::string::npos);
    }
  }
}

TEST_P(Query, RefusesUnknownStreams) {
  auto rt = open();
  const auto ask = [&](std::string_view stream) {
    return answer_of(rt.query<ledger, GetBalance>(stream, [](auto) {})).error();
  };
  EXPECT_EQ(ask("unheard-a").reason, "unknown-category");
  EXPECT_EQ(ask("ledger").code, errc::invalid);
}

TEST_P(Query, AViewThatWasNotAddedIsRefused) {
  auto rt = *runtime::open<ledger>(options());
  EXPECT_EQ(view_row(rt, "a").error().reason, "unknown-projection");
  EXPECT_EQ(rt.rebuild<balances>().error().reason, "unknown-projection");
}

TEST_P(Query, ARebuildGivesTheSameView) {
  auto rt = open();
  for (int i = 0; i < 100; ++i) static_cast<void>(deposit(rt, "ledger-a", i + 1));
  static_cast<void>(withdraw(rt, "ledger-a", 50));
  const auto before = view_row(rt, "a", {.visible_at = rt.journal().head()});
  auto rebuilt = rt.rebuild<balances>();
  ASSERT_TRUE(rebuilt.has_value());
  EXPECT_EQ(rebuilt->wait(answer_limit)->phase, rebuild_phase::switched_over);
  const auto after = view_row(rt, "a", {.visible_at = rt.journal().head()});
  ASSERT_TRUE(before.has_value() && after.has_value());
  const auto old_words = before->words();
  const auto new_words = after->words();
  EXPECT_TRUE(std::equal(old_words.begin(), old_words.end(), new_words.begin(), new_words.end()));
}

TEST_P(Query, RebuildsWhileCommandsComeLoseNothing) {
  auto rt = open();
  std::vector<std::future<result<receipt>>> sent;
  for (int i = 0; i < 500; ++i) {
    sent.push_back(start_deposit(rt, "ledger-a", 1));
    if (i % 100 != 50) continue;
    auto rebuilt = rt.rebuild<balances>();
    ASSERT_TRUE(rebuilt.has_value());
    EXPECT_EQ(rebuilt->wait(answer_limit)->phase, rebuild_phase::switched_over);
  }
  for (auto& s : sent) ASSERT_TRUE(answer_of(std::move(s)).has_value());
  EXPECT_EQ(view_balance(rt, "a"), 500);
}

TEST_P(Query, AnApplyThatThrowsStopsTheViewAndNothingElse) {
  auto rt = open();
  static_cast<void>(deposit(rt, "ledger-a", 10));
  const auto poison = withdraw(rt, "ledger-a", 1, "poison");
  const auto later = deposit(rt, "ledger-b", 10);
  ASSERT_TRUE(poison.has_value() && later.has_value());
  const auto b = view_row(rt, "b", {.visible_at = later->position});
  ASSERT_FALSE(b.has_value());
  EXPECT_EQ(b.error().code, errc::corrupt);
  EXPECT_NE(b.error().detail.find("apply is cross"), std::string::npos) << b.error().detail;
  const auto stats = rt.stats();
  ASSERT_EQ(stats.projections.size(), 1U);
  EXPECT_TRUE(stats.projections[0].stopped.has_value());
  EXPECT_EQ(stats.projections[0].checkpoint, position{1});
  EXPECT_EQ(state_balance(rt, "ledger-a"), 9);
  auto rebuilt = rt.rebuild<balances>();
  ASSERT_TRUE(rebuilt.has_value());
  EXPECT_EQ(rebuilt->wait(answer_limit)->phase, rebuild_phase::failed) << "still poisoned";
  EXPECT_FALSE(view_row(rt, "b", {.visible_at = later->position}).has_value());
}

}  // namespace
