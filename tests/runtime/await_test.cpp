// Coroutines over the runtime's callbacks.

#include "fasti/await.hpp"

#include "tests/runtime/ledger_kit.hpp"

namespace {

using namespace fasti;
using namespace fasti::test;

/// A coroutine that runs by itself and fulfils a promise at its end.
struct detached {
  struct promise_type {
    detached get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() { std::terminate(); }
  };
};

auto cents(std::int64_t n) {
  return [n](auto c) { c.setCents(n); };
}

detached deposit_and_ask(runtime& rt, int times, std::promise<std::vector<std::int64_t>>& done) {
  std::vector<std::int64_t> seen;
  for (int i = 0; i < times; ++i) {
    const auto r = co_await awaited<receipt>(
        [&](auto callback) { rt.send_then<Deposit>("ledger-a", cents(5), std::move(callback)); });
    if (!r) break;
    const auto drawn = co_await awaited<replied<Drawn>>([&](auto callback) {
      rt.send_then<ledger, Draw>("ledger-a", cents(1), std::move(callback));
    });
    if (!drawn) break;
    const auto state = co_await awaited<owned<Balance>>([&](auto callback) {
      rt.query_then<ledger, GetBalance>(
          "ledger-a", [](auto) {}, std::move(callback));
    });
    const auto view = co_await awaited<owned<Balance>>([&](auto callback) {
      rt.query_then<balances, GetBalance>([](auto q) { q.setAccount("a"); }, std::move(callback),
                                          {.visible_at = drawn->receipt.position});
    });
    if (!state || !view || (*state)->getCents() != (*view)->getCents()) break;
    seen.push_back((*state)->getCents());
  }
  done.set_value(std::move(seen));
}

class Await : public both_storages {};
INSTANTIATE_TEST_SUITE_P(, Await, ::testing::Values(storage::leveldb, storage::memory),
                         storage_name);

TEST_P(Await, ACoroutineGoesOnWithEachAnswer) {
  auto rt = open();
  std::promise<std::vector<std::int64_t>> done;
  auto seen = done.get_future();
  deposit_and_ask(rt, 50, done);
  ASSERT_EQ(seen.wait_for(answer_limit), std::future_status::ready);
  std::vector<std::int64_t> expected;
  for (std::int64_t i = 1; i <= 50; ++i) expected.push_back(4 * i);
  EXPECT_EQ(seen.get(), expected);
}

detached send_to_nobody(runtime& rt, std::vector<error>& errors) {
  for (int i = 0; i < 1'000; ++i) {  // refused at the door: answered before it suspends
    const auto r = co_await awaited<receipt>(
        [&](auto callback) { rt.send_then<Deposit>("nobody-a", cents(5), std::move(callback)); });
    if (!r) errors.push_back(r.error());
  }
}

TEST_P(Await, AnAnswerThatComesAtOnceDoesNotSuspend) {
  auto rt = open();
  std::vector<error> errors;
  send_to_nobody(rt, errors);
  ASSERT_EQ(errors.size(), 1'000U) << "it has ended when the call returns";
  EXPECT_EQ(errors.back().reason, "unknown-category");
}

detached move_money(runtime& rt, std::promise<result<joint_receipt>>& done) {
  done.set_value(co_await awaited<joint_receipt>([&](auto callback) {
    rt.send_together_then(
        {to<ledger, Withdraw>("ledger-a", cents(30)), to<ledger, Deposit>("ledger-b", cents(30))},
        std::move(callback));
  }));
}

TEST_P(Await, JointCommandsTakeCallbacks) {
  auto rt = open();
  static_cast<void>(deposit(rt, "ledger-a", 50));
  for (const bool is_enough : {true, false}) {
    std::promise<result<joint_receipt>> done;
    move_money(rt, done);
    const auto r = answer_of(done.get_future());
    EXPECT_EQ(r.has_value(), is_enough);
    EXPECT_EQ(r ? "" : r.error().reason, is_enough ? "" : "insufficient-funds");
  }
  EXPECT_EQ(state_balance(rt, "ledger-b"), 30);
}

TEST_P(Await, QueriesTakeCallbacks) {
  auto rt = open();
  static_cast<void>(deposit(rt, "ledger-a", 7));
  std::promise<result<owned<Balance>>> state;
  rt.query_then<ledger, GetBalance>(
      "ledger-a", [](auto) {}, [&](result<owned<Balance>> r) { state.set_value(std::move(r)); });
  EXPECT_EQ((*answer_of(state.get_future()))->getCents(), 7);
  std::promise<result<owned<Balance>>> view;
  rt.query_then<balances, GetBalance>(
      [](auto q) { q.setAccount("nobody"); },
      [&](result<owned<Balance>> r) { view.set_value(std::move(r)); });
  EXPECT_EQ(answer_of(view.get_future()).error().reason, "no-such-account");
}

}  // namespace
