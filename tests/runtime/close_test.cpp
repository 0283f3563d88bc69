// The end: everything is answered, nothing runs into it, and who comes later is told.

#include <atomic>
#include <optional>

#include "tests/runtime/ledger_kit.hpp"

namespace {

using namespace fasti;
using namespace fasti::test;

class Close : public both_storages {};
INSTANTIATE_TEST_SUITE_P(, Close, ::testing::Values(storage::leveldb, storage::memory),
                         storage_name);

TEST_P(Close, AnswersEverythingAndLaterCallsAnswerClosed) {
  auto rt = open();
  std::vector<std::future<result<receipt>>> sent;
  for (int i = 0; i < 2000; ++i) {
    sent.push_back(start_deposit(rt, "ledger-" + std::to_string(i % 7), 1));
  }
  ASSERT_TRUE(rt.close().has_value()) << logged();
  for (auto& s : sent) {
    ASSERT_EQ(s.wait_for(std::chrono::seconds(0)), std::future_status::ready);
    EXPECT_TRUE(s.get().has_value()) << "there was time enough";
  }
  EXPECT_EQ(deposit(rt, "ledger-a", 1).error().code, errc::closed);
  EXPECT_EQ(view_row(rt, "a").error().code, errc::closed);
  const auto state = answer_of(rt.query<ledger, GetBalance>("ledger-a", [](auto) {}));
  EXPECT_EQ(state.error().code, errc::closed);
  EXPECT_EQ(rt.rebuild<balances>().error().code, errc::closed);
  EXPECT_EQ(rt.add<balances>().error().code, errc::closed);
  EXPECT_EQ(rt.stats().commands_in_flight, 0U);
  EXPECT_TRUE(rt.close().has_value()) << "twice is once";
}

TEST_P(Close, AnswersQueriesThatWaitForAPosition) {
  auto rt = open();
  auto waits = rt.query<balances, GetBalance>(
      [](auto q) { q.setAccount("a"); },
      {.visible_at = position{1000}, .timeout = std::chrono::hours(1)});
  ASSERT_TRUE(rt.close().has_value());
  const auto b = answer_of(std::move(waits));
  ASSERT_FALSE(b.has_value());
  EXPECT_EQ(b.error().code, errc::closed) << b.error().to_string();
}

TEST_P(Close, TheDestructorAnswersWhatIsPending) {
  constexpr int sends = 1000;
  auto answered = std::make_shared<std::atomic<int>>(0);
  auto stored = std::make_shared<std::atomic<int>>(0);
  {
    auto rt = open();
    for (int i = 0; i < sends; ++i) {
      rt.send_then<Deposit>(
          "ledger-" + std::to_string(i % 50), [](auto c) { c.setCents(1); },
          [answered, stored](const result<receipt>& r) {
            ++*answered;
            if (r) ++*stored;
          });
    }
  }
  EXPECT_EQ(*answered, sends);
  EXPECT_EQ(*stored, sends);
}

TEST_P(Close, WhileThreadsSendEachCallIsAnsweredOnce) {
  constexpr int threads_count = 3;
  auto rt = open();
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> stored{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> other{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < threads_count; ++t) {
    threads.emplace_back([&, t] {
      for (bool open_still = true; open_still;) {
        ++sent;
        rt.send_then<Deposit>(
            "ledger-" + std::to_string(t), [](auto c) { c.setCents(1); },
            [&](const result<receipt>& r) {
              if (r) {
                ++stored;
              } else if (r.error().code == errc::closed) {
                ++refused;
              } else if (r.error().code != errc::unavailable) {
                ++other;
              } else {
                --sent;  // the queue was full
              }
            });
        static_cast<void>(rt.stats());
        open_still = refused == 0;
      }
    });
  }
  EXPECT_TRUE(comes_true([&] { return stored > 500; }));
  EXPECT_TRUE(rt.close().has_value()) << logged();
  for (auto& t : threads) t.join();
  EXPECT_EQ(other, 0U);
  EXPECT_EQ(stored + refused, sent);
  EXPECT_GE(refused, 1U);
}

TEST_P(Close, FromTwoThreadsIsOneClose) {
  auto rt = open();
  static_cast<void>(deposit(rt, "ledger-a", 1));
  std::thread other([&] { EXPECT_TRUE(rt.close().has_value()); });
  EXPECT_TRUE(rt.close().has_value());
  other.join();
}

TEST_P(Close, FromAnotherThreadThanTheOneThatOpened) {
  auto rt = open();
  static_cast<void>(deposit(rt, "ledger-a", 1));
  std::thread other([&] { EXPECT_TRUE(rt.close().has_value()); });
  other.join();
}

TEST_P(Close, AnotherThreadMayMakeItAndTakeItDown) {
  std::optional<runtime> rt;
  std::thread maker([&] { rt = open(); });
  maker.join();
  static_cast<void>(deposit(*rt, "ledger-a", 1));
  std::thread ender([&] { rt.reset(); });
  ender.join();
}

TEST_P(Close, WhileRebuildsWaitAnswersThem) {
  auto rt = open();
  for (int i = 0; i < 100; ++i) static_cast<void>(deposit(rt, "ledger-a", 1));
  std::atomic<int> rebuilt{0};
  std::thread rebuilder([&] {
    while (auto again = rt.rebuild<balances>()) {
      if (again->wait(answer_limit)) ++rebuilt;
    }
  });
  EXPECT_TRUE(comes_true([&] { return rebuilt > 3; }));
  EXPECT_TRUE(rt.close().has_value()) << logged();
  rebuilder.join();
}

TEST_P(Close, ACallbackThatSendsAgainIsToldThatItIsClosed) {
  auto rt = open();
  std::atomic<int> rounds{0};
  std::atomic<bool> ended{false};
  std::function<void(const result<receipt>&)> again = [&](const result<receipt>& r) {
    if (!r) return ended.store(true);
    ++rounds;
    rt.send_then<Deposit>(
        "ledger-a", [](auto c) { c.setCents(1); }, again);
  };
  rt.send_then<Deposit>(
      "ledger-a", [](auto c) { c.setCents(1); }, again);
  EXPECT_TRUE(comes_true([&] { return rounds > 20; }));
  ASSERT_TRUE(rt.close().has_value()) << logged();
  EXPECT_TRUE(ended);
}

using CloseOfFiles = ledger_test;

TEST_F(CloseOfFiles, TheViewNeedsNoFoldingAfterACleanEnd) {
  {
    auto rt = open();
    for (int i = 0; i < 50; ++i) static_cast<void>(deposit(rt, "ledger-a", 1));
    static_cast<void>(view_balance(rt, "a"));
    ASSERT_TRUE(rt.close().has_value());
  }
  auto rt = open();
  EXPECT_EQ(rt.stats().projections[0].checkpoint, position{50});
  const auto row = view_row(rt, "a");
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ((*row)->getCents(), 50);
}

}  // namespace
