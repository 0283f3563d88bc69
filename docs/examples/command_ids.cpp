// A command with an id of its own has at most one effect.
#include "library.hpp"

namespace library {
namespace {

TEST(GuideCommandIds, MakeRepeatsSafe) {
  fasti::testing::runtime_in_memory<book> rt;
  acquire(*rt, "book-solaris", "Solaris");
  // [repeat]
  const fasti::command_origin slip{.id = fasti::command_id::of("self-service 3, slip 4711")};

  auto first = rt->send<book, Lend>("book-solaris", to("ada"), slip).get();
  auto again = rt->send<book, Lend>("book-solaris", to("ada"), slip).get();  // the line was bad

  EXPECT_EQ(first->receipt.what, fasti::committed::kind::fresh);
  EXPECT_EQ(again->receipt.what, fasti::committed::kind::repeat);
  EXPECT_EQ(again->receipt.position, first->receipt.position);
  EXPECT_EQ(again->reply->getDueDay(), first->reply->getDueDay());
  EXPECT_EQ(rt->journal().head(), first->receipt.position);  // it was lent once
  // [/repeat]
  // [reused]
  auto other_payload = rt->send<Lend>("book-solaris", to("ben"), slip).get();
  auto other_stream = rt->send<Lend>("book-dune", to("ada"), slip).get();
  for (const auto& misuse : {other_payload, other_stream}) {
    EXPECT_EQ(misuse.error().code, fasti::errc::invalid);
    EXPECT_EQ(misuse.error().reason, "command-id-reused");
  }
  // [/reused]
}

TEST(GuideCommandIds, OfARejectedCommandAreStillFree) {
  fasti::testing::runtime_in_memory<book> rt;
  // [rejected]
  const fasti::command_origin slip{.id = fasti::command_id::of("self-service 3, slip 4712")};
  EXPECT_EQ(rt->send<Lend>("book-dune", to("ada"), slip).get().error().reason, "no-such-book");
  acquire(*rt, "book-dune", "Dune");
  EXPECT_TRUE(rt->send<Lend>("book-dune", to("ada"), slip).get());  // decided again
  // [/rejected]
}

TEST(GuideCommandIds, AreMadeWhenNoneIsGiven) {
  fasti::testing::runtime_in_memory<book> rt;
  // [generated]
  auto receipt = rt->send<Acquire>("book-solaris", titled("Solaris")).get();
  EXPECT_FALSE(receipt->command.is_none());
  EXPECT_EQ(receipt->command.high >> 12U & 0xFU, 7U);  // a UUID of version 7
  // [/generated]
}

TEST(GuideCommandIds, AreForgottenInTime) {
  // [window]
  fasti::testing::runtime_in_memory<book> rt(
      {.journal = {.command_ids_max = 100'000, .command_ids_age_max = 24h}});
  // [/window]
  acquire(*rt, "book-solaris", "Solaris");
  const fasti::command_origin slip{.id = fasti::command_id::of("slip")};
  ASSERT_TRUE(rt->send<Lend>("book-solaris", to("ada"), slip).get());
  rt.clock().advance(24h);
  EXPECT_TRUE(rt->send<Lend>("book-solaris", to("ada"), slip).get());
  rt.clock().advance(1h);
  acquire(*rt, "book-dune", "Dune");
  EXPECT_EQ(rt->send<Lend>("book-solaris", to("ada"), slip).get().error().reason, "lent-already");
}

}  // namespace
}  // namespace library
