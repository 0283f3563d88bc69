// What an aggregate answers, and when: through loads, repeats, conflicts and throws.

#include "aggregate_fixture.hpp"

namespace fasti::test {
namespace {

TEST_F(AggregateMachine, FirstCommandAsksForALoadAndWaits) {
  const auto answer = deposit(5);
  EXPECT_EQ(machine.where(), phase::loading);
  EXPECT_EQ(world.loads, std::vector{load_when::now});
  EXPECT_EQ(machine.waiting(), 1U);
  machine.on_loaded(world.recovered());
  EXPECT_TRUE(answer->empty()) << "nothing is durable yet";
  world.settle_all();
  ASSERT_EQ(answer->size(), 1U);
  ASSERT_TRUE(answer->front());
  EXPECT_EQ(answer->front()->version, version{1});
  EXPECT_EQ(answer->front()->position, position{1});
  EXPECT_EQ(answer->front()->what, committed::kind::fresh);
}

TEST_F(AggregateMachine, P6_CommandsThatArriveMeanwhileAreHandledInOrder) {
  const auto a = deposit(5);
  const auto b = withdraw(7);
  const auto c = deposit(2);
  const auto d = withdraw(7);
  EXPECT_EQ(world.loads.size(), 1U) << "one load for all of them";
  machine.on_loaded(world.recovered());
  world.settle_all();
  ASSERT_TRUE(a->at(0) && c->at(0) && d->at(0));
  ASSERT_FALSE(b->at(0));
  EXPECT_EQ(b->at(0).error().code, errc::rejected);
  EXPECT_EQ(b->at(0).error().reason, "insufficient-funds");
  EXPECT_EQ(d->at(0)->version, version{3});
}

TEST_F(AggregateMachine, P1_ReceiptOnlyWhenTheCommitIsDurable) {
  bring_to_life();
  const auto first = deposit(5);
  const auto second = withdraw(5);  // decided on state that is not durable yet
  EXPECT_EQ(world.queued(), 2U);
  world.settle();
  EXPECT_EQ(first->size(), 1U);
  EXPECT_TRUE(second->empty());
  world.settle();
  ASSERT_EQ(second->size(), 1U);
  EXPECT_TRUE(second->front());
}

TEST_F(AggregateMachine, P2_RejectionOnStateThatIsNotDurableWaitsForTheDisk) {
  bring_to_life();
  const auto deposited = deposit(5);
  const auto no = withdraw(6);
  EXPECT_TRUE(no->empty());
  world.settle();
  EXPECT_TRUE(no->empty()) << "its barrier is still on the way";
  world.settle();
  ASSERT_EQ(no->size(), 1U);
  EXPECT_EQ(no->front().error().code, errc::rejected);
  EXPECT_EQ(withdraw(6)->size(), 1U) << "on durable state the answer is at once";
  EXPECT_EQ(world.queued(), 0U);
}

TEST_F(AggregateMachine, P2_AnswerOnStateThatIsNotDurableWaitsForTheDisk) {
  bring_to_life();
  static_cast<void>(deposit(5));
  const auto balance = ask_balance();
  EXPECT_TRUE(balance->empty());
  world.settle_all();
  EXPECT_EQ(*balance, std::vector<std::int64_t>{5});
  EXPECT_EQ(*ask_balance(), std::vector<std::int64_t>{5});
}

TEST_F(AggregateMachine, P2_AnswerThatRestsOnAFailedCommitIsNeverGiven) {
  bring_to_life();
  const auto lost = deposit(5);
  const auto balance = ask_balance();
  const auto after = deposit(1);
  world.overtake();
  world.settle_all();
  EXPECT_EQ(lost->at(0).error().code, errc::conflict);
  EXPECT_EQ(*balance, std::vector<std::int64_t>{-1});
  EXPECT_EQ(after->at(0).error().code, errc::conflict);
  EXPECT_EQ(world.durable.size(), 1U) << "only the event of the one who was faster";
}

/// Keeps what came back.
class kept_way_back final : public core::way_back {
 public:
  void again(core::incoming&& arrival, const error&) noexcept override {
    came.push_back(std::move(arrival));
  }
  std::vector<core::incoming> came;
};

TEST_F(AggregateMachine, P6_WhatWasOvertakenGoesBackSoManyTimes) {
  bring_to_life();
  kept_way_back back;
  result<receipt> answer = error{};
  std::atomic<std::size_t> in_flight{1};
  core::command_request asks{
      type_id_of<Deposit>, build<Deposit>([](auto c) { c.setCents(5); }), {}};
  asks.origin.id = command_id::of("once");
  auto command = std::make_unique<core::incoming_command>(
      machine.stream(), std::move(asks), [&answer](result<receipt> r) { answer = std::move(r); });
  command->admit(core::in_flight_permit(in_flight, nullptr));
  command->may_go_again(back, 2);
  core::incoming arrival = std::move(command);
  for (int times = 0; times < 3; ++times) {
    world.overtake();
    if (times > 0) {
      arrival = std::move(back.came.back());
      back.came.clear();
    }
    machine.on_arrival(std::move(arrival));
    if (machine.where() == phase::loading) machine.on_loaded(world.recovered());
    EXPECT_EQ(in_flight, 1U) << "it keeps its place";
    world.settle_all();
    EXPECT_EQ(back.came.size(), times < 2 ? 1U : 0U);
  }
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, errc::conflict);
  EXPECT_EQ(in_flight, 0U);
  EXPECT_EQ(world.durable.size(), 3U) << "only what the others wrote";
}

TEST_F(AggregateMachine, P2_WhatOthersWereToldOfIsSeen) {
  bring_to_life();
  static_cast<void>(deposit(5));
  world.settle_all();
  world.durable.push_back({type_id_of<Deposited>, build<Deposited>([](auto e) { e.setCents(2); })});
  world.loads.clear();
  EXPECT_EQ(*ask_balance(), std::vector<std::int64_t>{5}) << "nobody was told";
  world.elsewhere = version{2};
  const auto balance = ask_balance();
  const auto taken = withdraw(7);
  EXPECT_EQ(world.loads, std::vector{load_when::settled});
  machine.on_loaded(world.recovered());
  world.settle_all();
  EXPECT_EQ(*balance, std::vector<std::int64_t>{7});
  EXPECT_TRUE(taken->at(0));
}

TEST_F(AggregateMachine, AfterAConflictTheNextCommandLoadsAgain) {
  bring_to_life();
  static_cast<void>(deposit(5));
  world.overtake();
  world.settle_all();
  world.loads.clear();
  const auto next = withdraw(1);
  EXPECT_EQ(world.loads, std::vector{load_when::settled});
  machine.on_loaded(world.recovered());
  world.settle_all();
  ASSERT_TRUE(next->at(0)) << "the other one's deposit of 1 is seen";
  EXPECT_EQ(next->at(0)->version, version{2});
}

TEST_F(AggregateMachine, P8_RepeatAfterTheCommitGivesTheFirstOutcome) {
  bring_to_life();
  const auto first = deposit(5, "d1");
  world.settle_all();
  const auto again = deposit(5, "d1");
  ASSERT_EQ(again->size(), 1U);
  ASSERT_TRUE(again->front());
  EXPECT_EQ(again->front()->what, committed::kind::repeat);
  EXPECT_EQ(again->front()->position, first->front()->position);
  EXPECT_EQ(again->front()->version, first->front()->version);
  EXPECT_EQ(world.durable.size(), 1U);
}

TEST_F(AggregateMachine, P8_RepeatWhileTheFirstIsOnItsWayWaitsForItsOutcome) {
  bring_to_life();
  const auto first = withdraw(0, "w1");
  const auto again = withdraw(0, "w1");
  EXPECT_TRUE(again->empty());
  world.settle_all();
  ASSERT_TRUE(again->at(0));
  EXPECT_EQ(again->at(0)->what, committed::kind::repeat);
  EXPECT_EQ(again->at(0)->version, first->at(0)->version);
  EXPECT_EQ(world.durable.size(), 1U);
}

TEST_F(AggregateMachine, P8_SameIdWithAnotherPayloadIsAnError) {
  bring_to_life();
  static_cast<void>(deposit(5, "d1"));
  const auto early = deposit(6, "d1");
  world.settle_all();
  const auto late = deposit(6, "d1");
  for (const auto& answer : {early, late}) {
    ASSERT_EQ(answer->size(), 1U);
    EXPECT_EQ(answer->front().error().code, errc::invalid);
    EXPECT_EQ(answer->front().error().reason, "command-id-reused");
  }
  EXPECT_EQ(world.durable.size(), 1U);
}

TEST_F(AggregateMachine, P8_RepeatOfARejectedCommandIsDecidedAgain) {
  bring_to_life();
  EXPECT_FALSE(withdraw(5, "w1")->at(0));
  static_cast<void>(deposit(5));
  const auto again = withdraw(5, "w1");
  world.settle_all();
  EXPECT_TRUE(again->at(0)) << "a rejection had no effect, so the id is still free";
}

TEST_F(AggregateMachine, P2_AReplyLeavesWhenItsCommitIsDurable) {
  bring_to_life();
  static_cast<void>(deposit(10));
  const auto reply = draw(4);
  const auto no = draw(7);
  world.settle();
  EXPECT_TRUE(reply->empty());
  world.settle_all();
  EXPECT_EQ(left(reply->at(0)), 6);
  EXPECT_EQ(no->at(0).error().reason, "insufficient-funds");
  EXPECT_EQ(left(draw(0)->at(0)), 6) << "nothing had to happen, and it is answered at once";
  const auto plain = withdraw(1);
  world.settle_all();
  EXPECT_TRUE(plain->at(0)->reply.is_none()) << "nothing of the reply before";
}

TEST_F(AggregateMachine, P8_ARepeatGetsTheFirstReply) {
  bring_to_life();
  static_cast<void>(deposit(10));
  const auto first = draw(4, "d1");
  const auto more = draw(1);
  const auto early = draw(4, "d1");  // while the first is on its way
  world.settle_all();
  const auto late = draw(4, "d1");  // when it is stored
  for (const auto& answer : {first, early, late}) {
    ASSERT_EQ(answer->size(), 1U);
    EXPECT_EQ(left(answer->front()), 6);
  }
  EXPECT_EQ(left(more->at(0)), 5);
  EXPECT_EQ(early->front()->what, committed::kind::repeat);
  EXPECT_EQ(late->front()->what, committed::kind::repeat);
  EXPECT_EQ(world.durable.size(), 3U);
}

TEST_F(AggregateMachine, P8_AReplyThatIsNotTheStoredOneIsNeverGiven) {
  bring_to_life();
  static_cast<void>(deposit(10));
  world.settle_all();
  const auto answer = draw(4, "d1");
  world.store_as_somebody_else(command_id::of("d1"));
  world.settle_all();
  ASSERT_EQ(answer->size(), 1U);
  ASSERT_FALSE(answer->front());
  EXPECT_EQ(answer->front().error().code, errc::unknown);
  EXPECT_EQ(answer->front().error().reason, "repeat-in-between");
}

TEST_F(AggregateMachine, WhatIsLateOrCancelledIsNotTakenUp) {
  under.deadline = timestamp{std::chrono::seconds{2}};
  world.time = timestamp{std::chrono::seconds{1}};
  const auto in_time = deposit(1);
  const auto late = [&] {
    under.deadline = timestamp{std::chrono::seconds{1}};
    return deposit(10);
  }();
  under = {.cancelled_by = cancellation::make()};
  const auto cancelled = deposit(100);
  const auto question = ask_balance();
  const auto in_doubt = under.cancelled_by;
  under = {};
  EXPECT_TRUE(late->empty()) << "the aggregate loads";
  world.time = timestamp{std::chrono::seconds{2}};
  in_doubt.cancel();
  machine.on_loaded(world.recovered());
  world.settle_all();
  ASSERT_TRUE(in_time->at(0)) << in_time->at(0).error().to_string();
  EXPECT_EQ(late->at(0).error().code, errc::unavailable);
  EXPECT_EQ(late->at(0).error().reason, "deadline-passed");
  EXPECT_EQ(cancelled->at(0).error().reason, "cancelled");
  EXPECT_EQ(*question, std::vector<std::int64_t>{-1});
  EXPECT_EQ(world.durable.size(), 1U);
}

TEST_F(AggregateMachine, P12_WhatIsDecidedIsNotTakenBack) {
  bring_to_life();
  under = {.deadline = timestamp{}, .cancelled_by = cancellation::make()};
  const auto answer = deposit(1);
  under.cancelled_by.cancel();
  world.time = timestamp{std::chrono::seconds{5}};
  world.settle_all();
  EXPECT_TRUE(answer->at(0));
}

TEST_F(AggregateMachine, P3_AllEventsOfACommandAreInOneCommit) {
  bring_to_life();
  const auto many = misbehave(Misbehave::How::MANY);
  EXPECT_EQ(world.queued(), 1U);
  world.settle();
  EXPECT_EQ(world.durable.size(), 200U);
  EXPECT_EQ(many->at(0)->events, 200U);
  EXPECT_EQ(machine.version(), version{200});
}

TEST_F(AggregateMachine, AcceptedWithoutEventsStoresNothing) {
  bring_to_life();
  const auto nothing = misbehave(Misbehave::How::NOTHING);
  ASSERT_TRUE(nothing->at(0));
  EXPECT_EQ(nothing->at(0)->events, 0U);
  EXPECT_EQ(world.queued(), 0U);
}

TEST_F(AggregateMachine, AThrowOutOfDecideRejectsThatCommandAlone) {
  bring_to_life();
  const auto bad = misbehave(Misbehave::How::THROW_IN_DECIDE);
  EXPECT_EQ(bad->at(0).error().code, errc::rejected);
  EXPECT_EQ(bad->at(0).error().reason, "decide-failed");
  EXPECT_NE(bad->at(0).error().detail.find("decide is cross"), std::string::npos);
  const auto good = deposit(5);
  world.settle_all();
  ASSERT_TRUE(good->at(0));
  EXPECT_EQ(world.durable.size(), 1U) << "what the thrower had emitted is gone";
}

TEST_F(AggregateMachine, AThrowOutOfEvolveStoresNothingAndLoadsTheStateAgain) {
  bring_to_life();
  const auto before = deposit(5);
  world.loads.clear();
  for (const auto how : {Misbehave::How::THROW_IN_EVOLVE, Misbehave::How::UNDECLARED_EVENT}) {
    const auto bad = misbehave(how);
    ASSERT_EQ(bad->size(), 1U);
    EXPECT_EQ(bad->at(0).error().reason, "evolve-failed");
    EXPECT_EQ(machine.where(), phase::loading);
    const auto waits = withdraw(5);
    world.settle_all();
    machine.on_loaded(world.recovered());
    world.settle_all();
    ASSERT_TRUE(waits->at(0));
    static_cast<void>(deposit(5));
    world.settle_all();
  }
  EXPECT_TRUE(before->at(0)) << "an earlier commit of the session is not touched";
  EXPECT_EQ(world.loads, (std::vector{load_when::settled, load_when::settled}));
}

TEST_F(AggregateMachine, RefusedAppendAnswersAndLoadsTheStateAgain) {
  bring_to_life();
  world.refuse = true;
  const auto refused = deposit(5);
  EXPECT_EQ(refused->at(0).error().code, errc::unavailable);
  world.refuse = false;
  machine.on_loaded(world.recovered());
  EXPECT_EQ(*ask_balance(), std::vector<std::int64_t>{0});
}

TEST_F(AggregateMachine, RefusedBarrierAnswersUnavailable) {
  bring_to_life();
  static_cast<void>(deposit(5));
  world.refuse = true;
  const auto no = withdraw(6);
  ASSERT_EQ(no->size(), 1U);
  EXPECT_EQ(no->front().error().code, errc::unavailable);
  EXPECT_EQ(*ask_balance(), std::vector<std::int64_t>{-1});
}

TEST_F(AggregateMachine, FailedLoadAnswersThoseWhoWaitAndTheNextOneTriesAgain) {
  const auto first = deposit(5);
  machine.on_loaded(error{errc::corrupt, "record-damaged", "position 7"});
  EXPECT_EQ(first->at(0).error().code, errc::corrupt);
  EXPECT_EQ(machine.where(), phase::cold);
  EXPECT_EQ(world.logged.size(), 1U);
  world.time += std::chrono::seconds{1};
  const auto second = deposit(5);
  EXPECT_EQ(world.loads.size(), 2U);
  machine.on_loaded(world.recovered());
  world.settle_all();
  EXPECT_TRUE(second->at(0));
}

TEST_F(AggregateMachine, AfterAFailedLoadItPausesLongerAndLonger) {
  using std::chrono::milliseconds;
  const auto first = deposit(1);
  const error why{errc::corrupt, "record-damaged", "position 7"};
  milliseconds pause{100};
  for (int i = 0; i < 9; ++i) {
    ASSERT_EQ(machine.where(), phase::loading);
    machine.on_loaded(why);
    world.time += pause - milliseconds{1};
    const auto refused = deposit(1);
    ASSERT_EQ(refused->size(), 1U) << "at once, in pause " << i;
    EXPECT_EQ(refused->at(0).error(), why);
    world.time += milliseconds{1};
    static_cast<void>(deposit(1));
    pause = std::min(pause * 2, milliseconds{10'000});
  }
  machine.on_loaded(world.recovered());
  world.settle_all();
  EXPECT_EQ(first->at(0).error(), why);
  EXPECT_EQ(world.durable.size(), 1U) << "the one that asked for the last load";
}

TEST_F(AggregateMachine, P12_DroppedReplyIsAnsweredClosed) {
  const auto waits = deposit(5);
  machine.drop(error{errc::closed, "closed", "the end"});
  ASSERT_EQ(waits->size(), 1U);
  EXPECT_EQ(waits->front().error().code, errc::closed);

  auto answers = std::make_shared<receipts>();
  {
    const core::incoming_command dropped(
        machine.stream(), {}, [answers](result<receipt> r) { answers->push_back(std::move(r)); });
  }
  ASSERT_EQ(answers->size(), 1U);
  EXPECT_EQ(answers->front().error().code, errc::closed);
}

struct counting_owner final : core::in_flight_owner {
  void on_answered() noexcept override { --outstanding; }
  std::size_t outstanding = 1;
};

TEST(InFlightPermit, IsGivenBackBeforeTheAnswerIsHeard) {
  std::atomic<std::size_t> node{1};
  counting_owner aggregate;
  std::size_t seen = 99;
  core::incoming_command command(stream_id::of("ledger", "1"), {}, [&](const result<receipt>&) {
    seen = node + aggregate.outstanding;
  });
  command.admit(core::in_flight_permit(node, &aggregate));
  command.answer(error{errc::rejected, "no", ""});
  EXPECT_EQ(seen, 0U);
  command.answer(error{errc::rejected, "twice", ""});
  EXPECT_EQ(node + aggregate.outstanding, 0U);
}

}  // namespace
}  // namespace fasti::test
