// The verbs and the actor base, in the deterministic world.

#include "actors/caf/test_world.hpp"
#include "tests/actors/caf/actors_for_tests.hpp"

#include <gtest/gtest.h>

namespace fasti::actors::test {
namespace {

using lines = std::vector<std::string>;
using numbers = std::vector<int>;

class ActorTest : public testing::Test {
 protected:
  std::vector<actor_fault::kind> fault_kinds() const {
    std::vector<actor_fault::kind> result;
    for (const auto& f : world.faults()) result.push_back(f.what);
    return result;
  }
  std::size_t running(std::string_view name) const {
    for (const auto& each : world.running()) {
      if (each.name == name) return each.count;
    }
    return 0;
  }

  trace kept;
  trace relayed;
  test_world world;
};

TEST_F(ActorTest, SendKeepsTheOrderOfOneSender) {
  const auto to = world.spawn<keeper>(kept);
  for (int i = 1; i <= 5; ++i) send(to, note{i});
  EXPECT_TRUE(kept.notes.empty());
  world.run();
  EXPECT_EQ(kept.notes, (numbers{1, 2, 3, 4, 5}));
}

TEST_F(ActorTest, AnInterfaceOfOneMessageWorks) {
  const auto to = world.spawn<single>(kept);
  send(to, note{7});
  world.run();
  EXPECT_EQ(kept.notes, numbers{7});
}

TEST_F(ActorTest, AMessageCarriesMoveOnlyWork) {
  const auto to = world.spawn<keeper>(kept);
  send(to, note_work{std::make_shared<std::unique_ptr<int>>(std::make_unique<int>(42))});
  world.run();
  EXPECT_EQ(kept.notes, numbers{42});
}

TEST_F(ActorTest, SendToANullHandleIsDropped) {
  send(keeper_actor{}, note{1});
  send_urgent(keeper_actor{}, note{1});
  stop(keeper_actor{});
  EXPECT_EQ(world.run(), 0U);
}

TEST_F(ActorTest, ALazyActorThatGetsNoMessageLeavesNothingBehind) {
  {
    const auto idle = world.spawn<keeper>(kept);
    EXPECT_EQ(running("keeper"), 1U);
  }
  EXPECT_EQ(running("keeper"), 0U);
  EXPECT_EQ(kept.stops, 1);
}

TEST_F(ActorTest, RequestGetsTheReply) {
  const auto to = world.spawn<keeper>(kept);
  const auto from = world.spawn<relay>(to, relayed);
  send(from, relay_note{1});
  send(from, relay_ask{});
  world.run();
  EXPECT_EQ(relayed.lines, (lines{"noted", "notes 1"}));
}

TEST_F(ActorTest, RequestToAStoppedActorFailsAsClosed) {
  const auto to = world.spawn<keeper>(kept);
  const auto from = world.spawn<relay>(to, relayed);
  send(to, note{1});
  stop(to);
  world.run();
  EXPECT_EQ(kept.stops, 1);
  send(from, relay_ask{});
  world.run();
  EXPECT_EQ(relayed.lines, lines{"failed actor-gone"});
}

TEST_F(ActorTest, RequestToANullHandleFailsAsClosed) {
  const auto from = world.spawn<relay>(keeper_actor{}, relayed);
  send(from, relay_ask{});
  world.run();
  EXPECT_EQ(relayed.lines, lines{"failed actor-gone"});
}

TEST_F(ActorTest, APromiseIsAnsweredLater) {
  const auto to = world.spawn<keeper>(kept);
  const auto from = world.spawn<relay>(to, relayed);
  send(from, relay_ask_later{});
  world.run();
  EXPECT_TRUE(relayed.lines.empty());
  send(to, note{1});
  send(to, answer_now{});
  world.run();
  EXPECT_EQ(relayed.lines, lines{"notes 1"});
}

TEST_F(ActorTest, APromiseThatIsDroppedAnswersAnError) {
  const auto to = world.spawn<keeper>(kept);
  const auto from = world.spawn<relay>(to, relayed);
  send(from, relay_ask_later{});
  world.run();
  stop(to);
  world.run();
  EXPECT_EQ(relayed.lines, lines{"failed promise-dropped"});
}

TEST_F(ActorTest, AHandlerThatForgetsItsPromiseAnswersAnError) {
  kept.when_asked_later = trace::promise_forgotten;
  const auto from = world.spawn<relay>(world.spawn<keeper>(kept), relayed);
  send(from, relay_ask_later{});
  world.run();
  EXPECT_EQ(relayed.lines, lines{"failed promise-dropped"});
}

TEST_F(ActorTest, AHandlerThatThrowsWithItsPromiseInHandAnswersOnce) {
  kept.when_asked_later = trace::threw_with_a_promise;
  const auto from = world.spawn<relay>(world.spawn<keeper>(kept), relayed);
  send(from, relay_ask_later{});
  world.run();
  EXPECT_EQ(relayed.lines, lines{"failed promise-dropped"});
  EXPECT_EQ(fault_kinds(), std::vector{actor_fault::kind::handler_threw});
}

TEST_F(ActorTest, APromiseForAPlainMessageIsNotPendingAndHarmless) {
  const auto to = world.spawn<keeper>(kept);
  send(to, ask_later{});
  send(to, answer_now{});
  world.run();
  EXPECT_TRUE(world.faults().empty());
}

TEST_F(ActorTest, AThrowingHandlerEndsNeitherTheSenderNorAKeptActor) {
  const auto to = world.spawn<keeper>(kept, after_fault::keep_running);
  const auto from = world.spawn<relay>(to, relayed);
  send(from, relay_blow_up{});
  send(from, relay_ask_and_blow_up{});
  send(to, blow_up{});
  world.run();
  send(from, relay_note{1});
  world.run();
  EXPECT_EQ(relayed.lines, (lines{"failed handler-threw", "failed handler-threw", "noted"}));
  EXPECT_EQ(kept.notes, numbers{1});
  EXPECT_EQ(kept.stops, 0);
  ASSERT_EQ(world.faults().size(), 3U);
  for (const auto& f : world.faults()) {
    EXPECT_EQ(f.what, actor_fault::kind::handler_threw);
    EXPECT_EQ(f.actor, "keeper");
    EXPECT_EQ(f.actor_id, to.id());
  }
  EXPECT_EQ(running("keeper"), 1U);
  EXPECT_EQ(running("relay"), 1U);
}

TEST_F(ActorTest, AThrowingHandlerStopsAnActorWhosePolicyIsStop) {
  const auto to = world.spawn<keeper>(kept, after_fault::stop);
  const auto from = world.spawn<relay>(to, relayed);
  send(from, relay_ask_and_blow_up{});
  world.run();
  EXPECT_EQ(relayed.lines, lines{"failed handler-threw"});
  EXPECT_EQ(kept.stops, 1);
  EXPECT_EQ(running("keeper"), 0U);
  send(from, relay_note{1});
  world.run();
  EXPECT_EQ(relayed.lines, (lines{"failed handler-threw", "failed actor-gone"}));
  EXPECT_EQ(running("relay"), 1U);
  EXPECT_EQ(fault_kinds(), std::vector{actor_fault::kind::handler_threw});
}

TEST_F(ActorTest, AThrowingReplyHandlerIsReportedAndStopsByPolicy) {
  const auto to = world.spawn<keeper>(kept);
  const auto from = world.spawn<relay>(to, relayed);
  send(from, relay_blow_up_in_reply{});
  world.run();
  EXPECT_EQ(fault_kinds(), std::vector{actor_fault::kind::reply_threw});
  EXPECT_EQ(running("relay"), 0U);
  EXPECT_EQ(running("keeper"), 1U);
}

class unborn final : public actor_base<single_actor> {
 public:
  static constexpr std::string_view actor_name = "unborn";
  explicit unborn(const actor_setup& setup) : actor_base(setup) {}

 private:
  behavior make_behavior() override { throw std::runtime_error("no start"); }
};

TEST_F(ActorTest, AnActorThatCannotStartIsReportedAndGone) {
  const auto to = world.spawn<unborn>();
  send(to, note{1});
  world.run();
  EXPECT_EQ(fault_kinds(), std::vector{actor_fault::kind::start_failed});
  EXPECT_EQ(running("unborn"), 0U);
}

class stillborn final : public actor_base<single_actor> {
 public:
  static constexpr std::string_view actor_name = "stillborn";
  explicit stillborn(const actor_setup& setup) : actor_base(setup) {
    throw std::runtime_error("no");
  }

 private:
  behavior make_behavior() override { return handlers(&stillborn::on_note); }
  void on_note(const note&) {}
};

TEST_F(ActorTest, AConstructorThatThrowsTellsTheCallerAndIsNotCounted) {
  EXPECT_THROW(static_cast<void>(world.spawn<stillborn>()), std::runtime_error);
  EXPECT_EQ(running("stillborn"), 0U);
}

}  // namespace
}  // namespace fasti::actors::test
