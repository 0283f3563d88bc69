#include "runtime/core/projection_machine.hpp"

#include <gtest/gtest.h>

#include <map>

#include "ledger.hpp"

namespace fasti::test {
namespace {

using namespace std::chrono_literals;
using core::projection_machine;

/// A view store in a map: what was written, and a way to fail.
class map_store final : public view_store {
 public:
  result<position> checkpoint(std::string_view) const override { return at; }
  result<std::map<std::string, position>> checkpoints() const override {
    return std::map<std::string, position>();
  }
  result<void> write(std::string_view, const view_batch& batch) override {
    for (const auto& c : batch.changes) {
      if (c.row) {
        rows[c.key] = *c.row;
      } else {
        rows.erase(c.key);
      }
    }
    at = batch.checkpoint;
    return {};
  }
  result<std::optional<std::string>> row(std::string_view, std::string_view key) const override {
    if (broken) return error{errc::corrupt, "row-damaged", "as the test wants"};
    ++reads;
    const auto found = rows.find(key);
    if (found == rows.end()) return std::optional<std::string>();
    return std::optional<std::string>(found->second);
  }
  result<void> scan(std::string_view, std::string_view prefix,
                    const row_visitor& visitor) const override {
    for (auto it = rows.lower_bound(prefix); it != rows.end(); ++it) {
      if (!it->first.starts_with(prefix) || !visitor(it->first, it->second)) break;
    }
    return {};
  }
  result<void> clear(std::string_view) override {
    rows.clear();
    at = no_position;
    return {};
  }

  std::map<std::string, std::string, std::less<>> rows;
  position at{};
  bool broken = false;
  mutable int reads = 0;
};

class ProjectionMachine : public ::testing::Test {
 protected:
  using answers = std::vector<result<std::vector<word>>>;

  bool deposited(std::uint64_t at, std::string_view stream, std::int64_t cents) {
    const auto body = build<Deposited>([cents](auto e) { e.setCents(cents); });
    return apply(at, stream, type_id_of<Deposited>, body);
  }
  bool withdrawn(std::uint64_t at, std::string_view stream, std::int64_t cents,
                 const char* note = "") {
    const auto body = build<Withdrawn>([cents, note](auto e) {
      e.setCents(cents);
      e.setNote(note);
    });
    return apply(at, stream, type_id_of<Withdrawn>, body);
  }
  bool apply(std::uint64_t at, std::string_view stream, type_id type, body_view body) {
    recorded_event e;
    e.position = position{at};
    e.version = version{at};
    e.stream = stream;
    e.type = type;
    e.body = body;
    return machine.apply(e);
  }
  void write(std::uint64_t looked_at) {
    auto batch = machine.take_batch(position{looked_at});
    ASSERT_TRUE(batch);
    machine.on_written(store.write("balances", *batch), batch->checkpoint);
  }
  std::shared_ptr<answers> ask(const char* account, std::uint64_t visible_at = 0,
                               std::chrono::milliseconds timeout = 1h) {
    auto got = std::make_shared<answers>();
    core::view_query q;
    q.type = type_id_of<GetBalance>;
    q.body = build<GetBalance>([account](auto b) { b.setAccount(account); });
    q.visible_at = position{visible_at};
    q.deadline = projection_machine::clock::time_point{} + timeout;
    q.reply = std::make_unique<core::query_reply>(
        [got](result<std::vector<word>> r) { got->push_back(std::move(r)); });
    machine.on_query(std::move(q));
    return got;
  }
  static std::int64_t cents_of(const result<std::vector<word>>& r) {
    return owned<Balance>(r.value())->getCents();
  }
  static projection_machine::clock::time_point at(std::chrono::milliseconds t) {
    return projection_machine::clock::time_point{} + t;
  }

  static constexpr std::size_t row_bytes_kept_max = 1000;  // some five rows

  const fasti::detail::projection_port port = fasti::detail::port_of_projection<balances>();
  map_store store;
  projection_machine machine{port, store, 2, row_bytes_kept_max};
};

TEST_F(ProjectionMachine, P9_RowsAndCheckpointGoInOneBatch) {
  EXPECT_TRUE(deposited(1, "ledger-a", 5));
  EXPECT_TRUE(deposited(2, "ledger-b", 7));
  EXPECT_TRUE(withdrawn(5, "ledger-a", 2));
  const auto batch = machine.take_batch(position{9});
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->checkpoint, position{9}) << "what did not match is looked at, too";
  EXPECT_EQ(batch->changes.size(), 2U);
}

TEST_F(ProjectionMachine, P2_QueriesSeeOnlyWhatIsInTheStore) {
  EXPECT_TRUE(deposited(1, "ledger-a", 5));
  write(1);
  EXPECT_EQ(cents_of(ask("a")->at(0)), 5);
  EXPECT_TRUE(deposited(2, "ledger-a", 5));
  write(2);
  EXPECT_EQ(cents_of(ask("a")->at(0)), 10);
}

TEST_F(ProjectionMachine, QueryWaitsUntilItsPositionIsVisible) {
  const auto early = ask("a", 2);
  EXPECT_TRUE(deposited(1, "ledger-a", 5));
  write(1);
  machine.answer_waiting(at(0ms));
  EXPECT_TRUE(early->empty());
  EXPECT_TRUE(deposited(2, "ledger-a", 5));
  write(2);
  machine.answer_waiting(at(0ms));
  ASSERT_EQ(early->size(), 1U);
  EXPECT_EQ(cents_of(early->front()), 10);
}

TEST_F(ProjectionMachine, QueryThatWaitsTooLongIsToldSo) {
  const auto late = ask("a", 2, 50ms);
  machine.answer_waiting(at(49ms));
  EXPECT_TRUE(late->empty());
  machine.answer_waiting(at(50ms));
  ASSERT_EQ(late->size(), 1U);
  EXPECT_EQ(late->front().error().code, errc::unavailable);
  EXPECT_EQ(late->front().error().reason, "not-visible-in-time");
}

TEST_F(ProjectionMachine, WaitingQueriesAreBounded) {
  const auto a = ask("a", 9);
  const auto b = ask("a", 9);
  const auto c = ask("a", 9);
  EXPECT_TRUE(a->empty() && b->empty());
  EXPECT_EQ(c->at(0).error().reason, "queue-full");
}

TEST_F(ProjectionMachine, RowThatIsNotThereIsTheProjectionsToReject) {
  const auto none = ask("nobody");
  EXPECT_EQ(none->at(0).error().code, errc::rejected);
  EXPECT_EQ(none->at(0).error().reason, "no-such-account");
}

TEST_F(ProjectionMachine, ErasedRowIsGoneAndCanComeBack) {
  EXPECT_TRUE(deposited(1, "ledger-a", 5));
  write(1);
  EXPECT_TRUE(withdrawn(2, "ledger-a", 5, "close"));
  write(2);
  EXPECT_TRUE(store.rows.empty());
  EXPECT_TRUE(deposited(3, "ledger-a", 1));
  EXPECT_TRUE(withdrawn(4, "ledger-a", 1, "close"));
  EXPECT_TRUE(deposited(5, "ledger-a", 2));
  write(5);
  EXPECT_EQ(cents_of(ask("a")->at(0)), 2);
}

TEST_F(ProjectionMachine, PoisonStopsItBehindTheLastGoodEvent) {
  EXPECT_TRUE(deposited(1, "ledger-a", 5));
  EXPECT_TRUE(deposited(2, "ledger-b", 5));
  EXPECT_FALSE(withdrawn(3, "ledger-a", 1, "poison"));
  EXPECT_FALSE(machine.stopped()) << "the good ones before it come first";
  EXPECT_EQ(machine.read_limit(), position{2});
  EXPECT_TRUE(deposited(1, "ledger-a", 5));
  EXPECT_TRUE(deposited(2, "ledger-b", 5));
  write(2);
  EXPECT_EQ(machine.read_limit(), projection_machine::no_limit);
  EXPECT_FALSE(withdrawn(3, "ledger-a", 1, "poison"));
  ASSERT_TRUE(machine.stopped());
  EXPECT_EQ(machine.stopped()->reason, "projection-stopped");
  EXPECT_NE(machine.stopped()->detail.find("position 3"), std::string::npos);
  EXPECT_EQ(cents_of(ask("a")->at(0)), 5) << "what the view shows is still good";
  EXPECT_EQ(ask("a", 3)->at(0).error().reason, "projection-stopped");
  EXPECT_FALSE(machine.take_batch(position{3}));
  machine.start_at(no_position);
  EXPECT_FALSE(machine.stopped());
}

TEST_F(ProjectionMachine, RowsOfEarlierBatchesStayAtHand) {
  EXPECT_TRUE(deposited(1, "ledger-a", 5));
  write(1);
  store.reads = 0;
  for (std::uint64_t i = 2; i <= 100; ++i) {
    EXPECT_TRUE(deposited(i, "ledger-a", 5));
    write(i);
  }
  EXPECT_EQ(store.reads, 0);
  EXPECT_EQ(cents_of(ask("a")->at(0)), 500);
}

TEST_F(ProjectionMachine, NoMoreRowsStayAtHandThanMay) {
  const auto round = [this](std::uint64_t after) {
    for (std::uint64_t i = 1; i <= 50; ++i) {
      EXPECT_TRUE(deposited(after + i, "ledger-" + std::to_string(i), 5));
      write(after + i);
    }
  };
  round(0);
  store.reads = 0;
  round(50);
  EXPECT_GT(store.reads, 40) << "most have gone";
  for (std::uint64_t i = 1; i <= 50; ++i) {
    EXPECT_EQ(cents_of(ask(std::to_string(i).c_str())->at(0)), 10);
  }
}

TEST_F(ProjectionMachine, ARowThatWasErasedIsNotAtHandEither) {
  EXPECT_TRUE(deposited(1, "ledger-a", 5));
  EXPECT_TRUE(withdrawn(2, "ledger-a", 5, "close"));
  write(2);
  EXPECT_EQ(ask("a")->at(0).error().reason, "no-such-account");
  EXPECT_TRUE(deposited(3, "ledger-a", 1));
  write(3);
  EXPECT_EQ(cents_of(ask("a")->at(0)), 1);
}

TEST_F(ProjectionMachine, DamagedRowStopsItAndIsNamed) {
  store.rows["a"] = "seven b";
  EXPECT_FALSE(deposited(2, "ledger-a", 5));
  ASSERT_TRUE(machine.stopped());
  EXPECT_NE(machine.stopped()->detail.find("row \"a\""), std::string::npos);
}

TEST_F(ProjectionMachine, FailedStoreStopsIt) {
  store.broken = true;
  EXPECT_FALSE(deposited(1, "ledger-a", 5));
  EXPECT_TRUE(machine.stopped());
}

TEST_F(ProjectionMachine, P13_TheSameEventsMakeTheSameRowsWhateverTheBatches) {
  const auto fold = [this](std::uint64_t batch) {
    EXPECT_TRUE(store.clear("balances"));
    machine.start_at(no_position);
    for (std::uint64_t i = 1; i <= 12; ++i) {
      EXPECT_TRUE(i % 3 == 0 ? withdrawn(i, i % 2 == 0 ? "ledger-a" : "ledger-b", 1)
                             : deposited(i, i % 2 == 0 ? "ledger-a" : "ledger-b", 10));
      if (i % batch == 0) write(i);
    }
    return store.rows;
  };
  const auto one = fold(1);
  EXPECT_EQ(one, fold(4));
  EXPECT_EQ(one, fold(12));
}

using ProjectionMachineDeathTest = ProjectionMachine;

TEST_F(ProjectionMachineDeathTest, P4_AnEventOutOfOrderIsABug) {
  EXPECT_TRUE(deposited(2, "ledger-a", 5));
  EXPECT_DEATH(static_cast<void>(deposited(2, "ledger-a", 5)), "broken invariant");
}

}  // namespace
}  // namespace fasti::test
