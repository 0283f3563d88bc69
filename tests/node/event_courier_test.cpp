// What brings events to process managers, over a store of checkpoints that fails for a while.

#include "runtime/node/event_courier.hpp"
#include "tests/core/fold_kit.hpp"

namespace fasti::test {
namespace {

class EventCourier : public FoldTest, public node::process_link {
 protected:
  EventCourier() {
    fasti::detail::process_port of;
    of.category = "transfer";
    of.key_of = [](const recorded_event&) { return std::nullopt; };
    courier = std::make_shared<node::event_courier>(std::move(of), store, *this);
  }
  void take_batch_up_to(std::uint64_t p) {
    courier->take(event_batch({}, checkpoint{journal->id(), position{p}}, nullptr));
  }
  [[nodiscard]] position kept_up_to() const {
    return *kept->checkpoint(node::event_courier::checkpoint_name("transfer"));
  }

  void deliver(std::string_view, type_id, std::vector<word>, command_origin,
               std::optional<std::string>, receipt_callback) override {}
  void run_later(std::function<void()> task) override { task(); }
  void log(log_level, std::string_view line) const override { logged.emplace_back(line); }

  mutable std::vector<std::string> logged;
  std::shared_ptr<node::event_courier> courier;
};

TEST_F(EventCourier, ACheckpointThatCannotBeKeptForAWhileIsKeptLater) {
  take_batch_up_to(3);
  store.writes_fail = error{errc::unavailable, "disk-full", "as the test wants"};
  take_batch_up_to(5);
  EXPECT_FALSE(courier->status().stopped);
  ASSERT_EQ(logged.size(), 1U);
  EXPECT_NE(logged[0].find("disk-full"), std::string::npos);
  EXPECT_EQ(kept_up_to(), position{3});
  store.writes_fail.reset();
  courier->tick(position{5});
  EXPECT_EQ(kept_up_to(), position{5});
  EXPECT_EQ(courier->status().handled, position{5});
}

TEST_F(EventCourier, ACheckpointThatIsDamagedStopsIt) {
  store.writes_fail = error{errc::corrupt, "broken", "as the test wants"};
  take_batch_up_to(5);
  ASSERT_TRUE(courier->status().stopped);
  EXPECT_NE(courier->status().stopped->detail.find("transfer"), std::string::npos);
}

}  // namespace
}  // namespace fasti::test
