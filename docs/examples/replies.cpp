// What a command answers, and what an aggregate can be asked.
#include "library.hpp"

namespace library {
namespace {

TEST(GuideReplies, ACommandAnswersWhatItDeclares) {
  fasti::testing::runtime_in_memory<book> rt;
  acquire(*rt, "book-solaris", "Solaris");
  // [reply]
  auto lent = rt->send<book, Lend>("book-solaris", [](auto c) {
                  c.setMember("ada");
                  c.setDays(28);
                }).get();
  ASSERT_TRUE(lent);
  EXPECT_EQ(lent->reply->getDueDay(), day_of(rt.clock().now()) + 28);
  EXPECT_EQ(lent->receipt.version, fasti::version{2});
  // [/reply]
}

TEST(GuideReplies, TheStateCanBeAsked) {
  fasti::testing::runtime_in_memory<book> rt;
  acquire(*rt, "book-solaris", "Solaris");
  // [query]
  auto sent = rt->send<Lend>("book-solaris", to("ada"));  // not waited for
  auto where = rt->query<book, WhereIs>("book-solaris", [](auto) {}).get();
  ASSERT_TRUE(where);
  EXPECT_STREQ((*where)->getHolder().cStr(), "ada");  // behind what was sent before it

  auto nowhere = rt->query<book, WhereIs>("book-dune", [](auto) {}).get();
  EXPECT_EQ(nowhere.error().code, fasti::errc::rejected);
  EXPECT_EQ(nowhere.error().reason, "no-such-book");  // what `answer` said
  // [/query]
  EXPECT_TRUE(sent.get());
}

}  // namespace
}  // namespace library
