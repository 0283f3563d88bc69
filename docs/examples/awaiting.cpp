// Three ways to wait for an answer.
#include <fasti/await.hpp>

#include "library.hpp"

namespace library {
namespace {

TEST(GuideAwaiting, Futures) {
  // [futures]
  fasti::testing::runtime_in_memory<book> rt;
  std::vector<std::future<fasti::result<fasti::receipt>>> sent;
  for (int i = 0; i < 1'000; ++i) {
    sent.push_back(rt->send<Acquire>("book-" + std::to_string(i), titled("a title")));
  }
  for (auto& future : sent) EXPECT_TRUE(future.get());  // they shared their syncs
  // [/futures]
}

TEST(GuideAwaiting, Callbacks) {
  fasti::testing::runtime_in_memory<book> rt;
  std::promise<std::int32_t> done;
  // [callbacks]
  rt->send_then<Acquire>("book-solaris", titled("Solaris"), [&](fasti::result<fasti::receipt> r) {
    ASSERT_TRUE(r);  // on a thread of the runtime's: be quick, do not block, send if you like
    rt->send_then<book, Lend>("book-solaris", to("ada"),
                              [&](auto lent) { done.set_value(lent->reply->getDueDay()); });
  });
  // [/callbacks]
  EXPECT_EQ(done.get_future().get(), day_of(rt.clock().now()) + 28);
}

// [task]
struct fire_and_forget {
  struct promise_type {
    fire_and_forget get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() { std::terminate(); }
  };
};
// [/task]

// [coroutine]
fire_and_forget lend_and_ask(fasti::runtime& rt, std::promise<std::string>& holder) {
  auto lent = co_await fasti::awaited<fasti::receipt>(
      [&](auto callback) { rt.send_then<Lend>("book-solaris", to("ada"), std::move(callback)); });
  if (!lent) co_return holder.set_value(lent.error().reason);

  auto where = co_await fasti::awaited<fasti::owned<Whereabouts>>([&](auto callback) {
    rt.query_then<book, WhereIs>(
        "book-solaris", [](auto) {}, std::move(callback));
  });
  holder.set_value(where ? (*where)->getHolder().cStr() : where.error().reason);
}
// [/coroutine]

TEST(GuideAwaiting, Coroutines) {
  fasti::testing::runtime_in_memory<book> rt;
  acquire(*rt, "book-solaris", "Solaris");
  for (const auto* expected : {"ada", "lent-already"}) {
    std::promise<std::string> holder;
    lend_and_ask(*rt, holder);
    EXPECT_EQ(holder.get_future().get(), expected);
  }
}

}  // namespace
}  // namespace library
