// Following the library: a feed that is asked, a callback that is called.
#include <algorithm>
#include <mutex>

#include "library.hpp"

namespace library {
namespace {

using told = std::vector<std::string>;

TEST(GuideSubscriptions, AFeedIsAskedForTheNextBatch) {
  fasti::testing::runtime_in_memory<book> rt;
  acquire(*rt, "book-solaris", "Solaris");
  lend(*rt, "book-solaris", "ada");
  told letters;
  std::string saved;
  {
    // [feed]
    auto feed = rt->subscribe({.only = {.types = {fasti::type_id_of<Lent>}}});
    ASSERT_TRUE(feed) << feed.error().to_string();

    auto batch = feed->next(5s);  // what is there; later the same call gives what comes
    ASSERT_TRUE(batch) << batch.error().to_string();
    for (const auto& e : *batch) {
      fasti::body_reader body(e.body);
      letters.push_back("dear " + std::string(body.root<Lent>().getMember().cStr()));
    }
    saved = batch->up_to().to_string();
    // [/feed]
  }
  EXPECT_EQ(letters, told{"dear ada"});
  take_back(*rt, "book-solaris");
  lend(*rt, "book-solaris", "bob");
  // [go-on]
  auto behind = fasti::checkpoint::parse(saved);
  auto feed = rt->subscribe(
      {.from = fasti::start_at::behind(*behind), .only = {.types = {fasti::type_id_of<Lent>}}});
  auto batch = feed->next(5s);
  ASSERT_EQ(batch->size(), 1U);
  EXPECT_EQ((*batch)[0].position, fasti::position{4});

  auto nothing_new = feed->next(1ms);
  EXPECT_TRUE(nothing_new->empty());
  // [/go-on]
}

TEST(GuideSubscriptions, ACallbackKeepsWhatItCannotHandleAtOnce) {
  fasti::testing::runtime_in_memory<book> rt;
  std::mutex mutex;
  std::vector<fasti::event_batch> on_the_desk;
  const auto count = [&] {
    const std::lock_guard lock(mutex);
    return on_the_desk.size();
  };
  // [callback]
  auto desk = rt->subscribe({.from = fasti::start_at::now(),
                             .name = "desk",
                             .batch_events_max = 1,
                             .batches_held_max = 2},
                            [&](fasti::result<fasti::event_batch> came) {
                              if (!came) return;  // the last call: why it ended
                              const std::lock_guard lock(mutex);
                              on_the_desk.push_back(*std::move(came));
                            });
  ASSERT_TRUE(desk) << desk.error().to_string();
  // [/callback]
  for (const auto* name : {"book-solaris", "book-dune", "book-ubik"}) acquire(*rt, name, name);
  ASSERT_TRUE(comes_true([&] { return count() == 2; }));
  // [demand]
  auto status = rt->stats().subscriptions.at(0);
  EXPECT_EQ(status.name, "desk");
  EXPECT_EQ(status.batches_held, 2U);  // the third waits, in the journal
  {
    const std::lock_guard lock(mutex);
    on_the_desk.erase(on_the_desk.begin());  // done with the first
  }
  EXPECT_TRUE(comes_true([&] { return count() == 2; }));

  desk->pause();   // nothing more, whatever is held
  desk->resume();  // go on where it was
  // [/demand]
}

TEST(GuideSubscriptions, BeginWhereYouWant) {
  fasti::testing::runtime_in_memory<book> rt;
  acquire(*rt, "book-solaris", "Solaris");
  rt.clock().advance(24h);
  acquire(*rt, "book-dune", "Dune");
  const auto midnight = rt.clock().now();
  // [begin]
  auto of_today = rt->subscribe({.from = fasti::start_at::time(midnight)});
  EXPECT_EQ((*of_today->next(5s))[0].stream, "book-dune");

  auto of_one = rt->subscribe({.only = {.stream = "book-solaris"}});
  EXPECT_EQ((*of_one->next(5s))[0].stream, "book-solaris");

  auto too_far = rt->subscribe({.from = fasti::start_at::behind(fasti::position{99})});
  EXPECT_EQ(too_far.error().reason, "checkpoint-ahead");
  // [/begin]
}

}  // namespace
}  // namespace library
