// Who ends first: a runtime, or the actor_system that asks it or that it runs on.

#include "tests/actors/caf/application.hpp"

namespace fasti::test {
namespace {

TEST_F(RuntimeActor, AClosedRuntimeAnswersClosed) {
  open();
  auto waits =
      asked<answer>(*system_, bank_, row_of("a", {.visible_at = position{1000}, .timeout = 24h}));
  EXPECT_TRUE(send(deposit_of(1)).has_value());
  ASSERT_TRUE(rt_->close().has_value()) << logged();
  EXPECT_EQ(answer_of(std::move(waits)).error().code, errc::closed);
  EXPECT_EQ(send(deposit_of(1)).error().code, errc::closed);
  rt_.reset();
  EXPECT_EQ(send(deposit_of(1)).error().code, errc::closed);
  EXPECT_EQ(ask<answer>(row_of("a")).error().code, errc::closed);
  EXPECT_EQ(ask<joint_receipt>(joint_command_message{}).error().code, errc::closed);
}

TEST_F(RuntimeActor, WhileActorsAskEachOneIsAnswered) {
  open();
  std::atomic<bool> open_still{true};
  std::uint64_t stored = 0;
  std::thread asking([&] {
    while (open_still) {
      const auto r = send(deposit_of(1));
      if (r) {
        ++stored;
      } else {
        EXPECT_EQ(r.error().code, errc::closed) << r.error().to_string();
        open_still = false;
      }
    }
  });
  EXPECT_TRUE(comes_true([&] { return rt_->journal().head() > position{20}; }));
  rt_.reset();
  asking.join();
  EXPECT_GT(stored, 20U);
}

TEST_F(RuntimeActor, TheSystemsDestructorWaitsForAnswersThatAreOwed) {
  open();
  // Asks and is gone: nothing but the answer is left to wait for.
  std::promise<void> has_asked;
  spawn(*system_, [&](caf::event_based_actor* self) {
    fasti::request(self, bank_, caf::infinite,
                   row_of("a", {.visible_at = position{1}, .timeout = 24h}))
        .then([](const answer&) {}, [](const caf::error&) {});
    self->quit();
    has_asked.set_value();
  });
  has_asked.get_future().wait();
  EXPECT_TRUE(comes_true([&] { return system_->registry().running() == 1; }));
  bank_ = nullptr;
  std::promise<void> destroyed;
  std::thread answering([&, is_destroyed = destroyed.get_future()] {
    EXPECT_EQ(is_destroyed.wait_for(50ms), std::future_status::timeout);
    EXPECT_TRUE(deposit(*rt_, "ledger-a", 5).has_value());
  });
  system_.reset();  // by the thread that made it: CAF 0.17 ends no other way
  destroyed.set_value();
  answering.join();
}

// -- a runtime on the application's system -------------------------------------------------------

class OpenOn : public ledger_test {
 protected:
  [[nodiscard]] runtime opened(runtime_options o) {
    auto rt = open_on<ledger, balances>(*system_, std::move(o));
    if (!rt) throw std::runtime_error(rt.error().to_string());
    return *std::move(rt);
  }

  caf::actor_system_config config_;
  std::optional<caf::actor_system> system_{std::in_place, config_};
};

TEST_F(OpenOn, DoesWhatARuntimeDoesAndLeavesTheSystemAsItWas) {
  const auto actors_before = system_->registry().running();
  for (const std::int64_t round : {1, 2}) {
    auto rt = opened(options());
    EXPECT_GT(system_->registry().running(), actors_before);
    const auto bank = actor_of(rt, *system_);
    const auto r = answer_of(asked<receipt>(*system_, bank, deposit_of(5)));
    ASSERT_TRUE(r.has_value()) << r.error().to_string();
    EXPECT_EQ(state_balance(rt, "ledger-a"), 5 * round);
    EXPECT_EQ(view_balance(rt, "a"), 5 * round);
    ASSERT_TRUE(rt.close().has_value()) << logged();
    EXPECT_TRUE(comes_true([&] { return system_->registry().running() == actors_before; }));
  }
}

TEST_F(OpenOn, RefusesWhatOpenRefuses) {
  auto o = options();
  o.when_missing = when_missing::refuse;
  EXPECT_EQ((open_on<ledger>(*system_, o).error().code), errc::invalid);
  EXPECT_EQ((open_on<ledger, ledger>(*system_, options()).error().reason), "category-taken");
}

TEST_F(OpenOn, TwoRuntimesShareASystem) {
  auto o = options();
  o.storage = storage::memory;
  auto one = opened(o);
  auto two = opened(o);
  ASSERT_TRUE(deposit(one, "ledger-a", 5).has_value());
  EXPECT_EQ(state_balance(two, "ledger-a"), 0);
  ASSERT_TRUE(one.close().has_value());
  EXPECT_TRUE(deposit(two, "ledger-a", 5).has_value());
}

TEST_F(OpenOn, TheSystemsDestructorWaitsUntilTheRuntimeIsClosed) {
  auto rt = opened(options());
  ASSERT_TRUE(deposit(rt, "ledger-a", 5).has_value());
  std::promise<void> destroyed;
  std::thread closing([&, is_destroyed = destroyed.get_future()] {
    EXPECT_EQ(is_destroyed.wait_for(50ms), std::future_status::timeout);
    EXPECT_TRUE(deposit(rt, "ledger-a", 5).has_value()) << "it goes on meanwhile";
    EXPECT_TRUE(rt.close().has_value()) << logged();
  });
  system_.reset();
  destroyed.set_value();
  closing.join();
}

/// Decides when the test says so.
struct slow {
  static constexpr auto category = "slow";
  using commands = types<Deposit>;
  using events = types<Deposited>;
  decision decide(Deposit::Reader, emit& out) const {
    entered.set_value();
    may_go.get_future().wait();
    out.event<Deposited>();
    return accept();
  }
  void evolve(Deposited::Reader) {}
  static inline std::promise<void> entered;
  static inline std::promise<void> may_go;
};

TEST_F(OpenOn, WhoDoesNotStopInTimeKeepsWhatItUses) {
  auto o = options();
  o.shutdown_timeout = 1ms;
  std::optional<runtime> rt = *open_on<slow>(*system_, o);
  auto sent = start_deposit(*rt, "slow-a", 5);
  slow::entered.get_future().wait();
  const auto closed = rt->close();
  EXPECT_EQ(closed.error().reason, "shutdown-incomplete");
  EXPECT_NE(closed.error().detail.find("1 × aggregate"), std::string::npos)
      << closed.error().to_string();
  std::thread later([&] {
    EXPECT_TRUE(comes_true([&] { return logged().find("; waiting") != std::string::npos; }));
    slow::may_go.set_value();
  });
  rt.reset();
  later.join();
  EXPECT_EQ(answer_of(std::move(sent)).error().code, errc::closed);
}

}  // namespace
}  // namespace fasti::test
