// An aggregate as it was, and as it would be.
#include "library.hpp"

namespace library {
namespace {

class GuidePast : public ::testing::Test {
 protected:
  GuidePast() {
    acquire(*rt, "book-solaris", "Solaris");
    lend(*rt, "book-solaris", "ada");
    rt.clock().advance(24h * 7);
    take_back(*rt, "book-solaris");
    rt.clock().advance(24h);
    lend(*rt, "book-solaris", "ben");
  }
  fasti::testing::runtime_in_memory<book> rt;
};

TEST_F(GuidePast, AStateCanBeReadAsItWas) {
  // [past]
  auto now = rt->state_of<book>("book-solaris");
  EXPECT_EQ(now->state.holder, "ben");
  EXPECT_EQ(now->version, fasti::version{4});

  auto second = rt->state_of<book>("book-solaris", {.version = fasti::version{2}});
  EXPECT_EQ(second->state.holder, "ada");

  const auto yesterday = rt.clock().now() - 24h;  // it had come back that day
  EXPECT_EQ(rt->state_of<book>("book-solaris", {.time = yesterday})->state.holder, "");
  EXPECT_EQ(rt->state_of<book>("book-solaris", {.time = yesterday - 1ns})->state.holder, "ada");
  // [/past]
  // [never]
  auto not_yet = rt->state_of<book>("book-solaris", {.version = fasti::version{5}});
  EXPECT_EQ(not_yet.error().reason, "no-such-version");
  EXPECT_EQ(rt->state_of<book>("book-dune")->version, fasti::no_version);  // nothing happened yet
  // [/never]
}

TEST_F(GuidePast, WhatIfStoresNothing) {
  // [what-if]
  auto supposed = rt->what_if<book, TakeBack>("book-solaris", [](auto) {});
  ASSERT_TRUE(supposed);
  EXPECT_TRUE(supposed->made.is_accepted());
  EXPECT_EQ(supposed->before.state.holder, "ben");
  EXPECT_EQ(supposed->after.holder, "");
  EXPECT_STREQ((*supposed->events.at(0).as<Returned>())->getMember().cStr(), "ben");

  EXPECT_EQ(rt->state_of<book>("book-solaris")->state.holder, "ben");  // it was only a question
  EXPECT_EQ(rt->journal().head(), fasti::position{4});
  // [/what-if]
  // [what-if-then]
  auto lend_it = [](auto c) {
    c.setMember("cy");
    c.setDays(7);
  };
  auto now = rt->what_if<book, Lend>("book-solaris", lend_it);
  EXPECT_EQ(now->made.reason(), "lent-already");

  auto then = rt->what_if<book, Lend>("book-solaris", lend_it, {.version = fasti::version{3}});
  EXPECT_TRUE(then->made.is_accepted());
  EXPECT_EQ((*then->reply_as<Loan>())->getDueDay(), day_of(rt.clock().now()) + 7);
  // [/what-if-then]
}

}  // namespace
}  // namespace library
