#include "small_node.hpp"

namespace fasti::test {
namespace {

using namespace std::chrono_literals;

class Projection : public SmallNode {
 protected:
  using answers = std::vector<result<std::vector<word>>>;

  Projection() {
    options.projection_batch_events = 2;
    options.queries_waiting_max = 3;
    board = std::make_shared<actors::projection_board>(options.queries_waiting_max);
    bus = world.spawn<actors::bus_actor_impl>(no_position);
    start();
  }
  void start() {
    actor = world.spawn<actors::projection_actor_impl>(
        projection, views->checkpoint("balances").value(), board, bus, node);
    actors::send(bus, actors::subscribe{actor});
  }
  void rise() {
    actors::send(bus, actors::head_rose{journal->head()});
    settle();
  }
  std::shared_ptr<answers> ask(const char* account, position visible_at = no_position,
                               std::chrono::milliseconds timeout = 1h) {
    auto got = std::make_shared<answers>();
    core::view_query q;
    q.type = type_id_of<GetBalance>;
    q.body = build<GetBalance>([account](auto b) { b.setAccount(account); });
    q.visible_at = visible_at;
    q.deadline = std::chrono::steady_clock::now() + timeout;
    q.reply = std::make_unique<core::query_reply>(
        [got](result<std::vector<word>> r) { got->push_back(std::move(r)); },
        core::in_flight_permit());
    const auto put = board->queries.put(std::move(q));
    if (put == actors::put_result::wake) actors::send(actor, actors::queries_ready{});
    if (put == actors::put_result::full) q.reply->answer(error{errc::unavailable, "full", ""});
    return got;
  }
  static std::int64_t cents_of(const std::shared_ptr<answers>& a) {
    return owned<Balance>(a->at(0).value())->getCents();
  }

  std::shared_ptr<actors::projection_board> board;
  actors::bus_actor bus;
  actors::projection_actor actor;
};

TEST_F(Projection, FoldsToTheHeadInBatchesAndSaysSo) {
  for (int i = 1; i <= 5; ++i) deposit_in_journal("ledger-a", i);
  rise();
  EXPECT_EQ(board->checkpoint, 5U);
  EXPECT_EQ(views->checkpoint("balances").value(), position{5});
  const auto balance = ask("a");
  settle();
  EXPECT_EQ(cents_of(balance), 15);
}

TEST_F(Projection, QueryWaitsForThePositionOfItsReceipt) {
  const auto at = deposit_in_journal("ledger-a", 7);
  const auto balance = ask("a", at);
  settle();
  EXPECT_TRUE(balance->empty());
  EXPECT_EQ(board->queries_waiting, 1U);
  rise();
  EXPECT_EQ(cents_of(balance), 7);
}

TEST_F(Projection, TickTellsThoseWhoseTimeIsUp) {
  const auto late = ask("a", position{9}, 0ms);
  const auto patient = ask("a", position{9});
  settle();
  actors::send(actor, actors::deadline_tick{});
  settle();
  ASSERT_EQ(late->size(), 1U);
  EXPECT_EQ(late->front().error().reason, "not-visible-in-time");
  EXPECT_TRUE(patient->empty());
}

TEST_F(Projection, P6_QueriesThatWaitAreBounded) {
  std::vector<std::shared_ptr<answers>> asked;
  for (int i = 0; i < 8; ++i) asked.push_back(ask("a", position{9}));
  settle();
  std::size_t refused = 0;
  for (const auto& a : asked) refused += a->size();
  EXPECT_EQ(refused, 5U);
}

TEST_F(Projection, P9_RestartGoesOnBehindItsCheckpoint) {
  for (int i = 1; i <= 3; ++i) deposit_in_journal("ledger-a", 10);
  rise();
  actors::stop(actor);
  world.run();
  board = std::make_shared<actors::projection_board>(options.queries_waiting_max);
  deposit_in_journal("ledger-a", 1);
  start();
  rise();
  const auto balance = ask("a");
  settle();
  EXPECT_EQ(cents_of(balance), 31) << "each event once";
}

TEST_F(Projection, PoisonStopsItAndTheBoardSaysWhy) {
  deposit_in_journal("ledger-a", 5);
  deposit_in_journal("ledger-a", 5, "poison");
  deposit_in_journal("ledger-a", 5);
  rise();
  EXPECT_EQ(board->checkpoint, 1U);
  const auto why = board->stopped();
  ASSERT_TRUE(why);
  EXPECT_NE(why->detail.find("position 2"), std::string::npos) << why->detail;
  EXPECT_EQ(logged.size(), 1U);
  const auto balance = ask("a");
  const auto later = ask("a", position{3});
  settle();
  EXPECT_EQ(cents_of(balance), 5);
  EXPECT_EQ(later->at(0).error().reason, "projection-stopped");
}

TEST_F(Projection, RebuildFoldsTheSameViewAgain) {
  for (int i = 1; i <= 5; ++i) deposit_in_journal("ledger-a", i);
  rise();
  const auto before = *views->row("balances", "a").value();
  ASSERT_TRUE(views->write("balances", {{{"ghost", std::string("x")}}, position{5}}));
  auto rebuilt = std::make_shared<std::optional<result<void>>>();
  actors::send(actor, actors::rebuild_view{
                          [rebuilt](result<void> r) { rebuilt->emplace(std::move(r)); }});
  settle();
  ASSERT_TRUE(*rebuilt);
  EXPECT_TRUE(**rebuilt);
  EXPECT_EQ(board->checkpoint, 5U);
  EXPECT_EQ(*views->row("balances", "a").value(), before);
  EXPECT_FALSE(views->row("balances", "ghost").value());
}

TEST_F(Projection, StopAnswersWhoWaits) {
  const auto waits = ask("a", position{9});
  settle();
  const auto unseen = ask("a", position{9});
  actors::stop(actor);
  world.run();
  runner.tasks.clear();
  ASSERT_EQ(waits->size() + unseen->size(), 2U);
  EXPECT_EQ(waits->front().error().code, errc::closed);
  EXPECT_EQ(unseen->front().error().code, errc::closed);
}

}  // namespace
}  // namespace fasti::test
