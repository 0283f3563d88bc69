// A book that leaves the library changes two aggregates: itself and who takes it.
#include "library.hpp"

namespace library {
namespace {

class GuideTogether : public ::testing::Test {
 protected:
  GuideTogether() {
    for (const auto* name : {"book-solaris", "book-dune", "book-emma"}) acquire(*rt, name, name);
    good(rt->send<Join>("member-ada", [](auto) {}));
  }
  fasti::testing::runtime_in_memory<book, member> rt;
};

// [check-out]
auto check_out(fasti::runtime& rt, const std::string& title, const std::string& who,
               fasti::command_id slip) {
  return rt
      .send_together(
          {fasti::to<member, Borrow>("member-" + who, [&](auto c) { c.setBook(title.c_str()); }),
           fasti::to<book, Lend>("book-" + title,
                                 [&](auto c) {
                                   c.setMember(who.c_str());
                                   c.setDays(28);
                                 })},
          {.id = slip})
      .get();
}
// [/check-out]

TEST_F(GuideTogether, AllOfItIsOneCommit) {
  // [one-commit]
  const auto slip = fasti::command_id::of("slip 1");
  auto out = check_out(*rt, "solaris", "ada", slip);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->parts.at(0).stream.text(), "member-ada");
  EXPECT_EQ(out->parts.at(1).stream.text(), "book-solaris");

  auto again = check_out(*rt, "solaris", "ada", slip);
  EXPECT_EQ(again->what, fasti::committed::kind::repeat);
  EXPECT_EQ(again->position, out->position);
  // [/one-commit]
}

TEST_F(GuideTogether, OneNoIsANoForAll) {
  check_out(*rt, "solaris", "ada", fasti::command_id::of("1")).value();
  check_out(*rt, "dune", "ada", fasti::command_id::of("2")).value();
  // [no]
  auto third = check_out(*rt, "emma", "ada", fasti::command_id::of("slip 3"));
  EXPECT_EQ(third.error().code, fasti::errc::rejected);
  EXPECT_EQ(third.error().reason, "too-many-books");
  EXPECT_EQ(third.error().detail, "member-ada");  // whose no it was
  EXPECT_EQ(rt->state_of<book>("book-emma")->state.holder, "");
  // [/no]
}

// [one-by-one]
/// The book first: it is back whatever happens next. Called again after a crash, or an `unknown`,
/// it does what is left: a step that was done is a repeat.
fasti::result<void> hand_back(fasti::runtime& rt, const std::string& title, const std::string& who,
                              const std::string& slip) {
  auto back =
      rt.send<TakeBack>("book-" + title, [](auto) {}, {.id = fasti::command_id::of(slip + "/book")})
          .get();
  if (!back) return back.error();
  auto noted = rt.send<HandBack>("member-" + who, [&](auto c) { c.setBook(title.c_str()); },
                                 {.id = fasti::command_id::of(slip + "/member"),
                                  .correlation = fasti::unique_id::of(slip),
                                  .causation = back->command})
                   .get();
  if (!noted) return noted.error();
  return {};
}
// [/one-by-one]

TEST_F(GuideTogether, OneByOneIsSafeToRepeat) {
  check_out(*rt, "solaris", "ada", fasti::command_id::of("out")).value();
  EXPECT_TRUE(hand_back(*rt, "solaris", "ada", "return slip 9"));
  const auto head = rt->journal().head();
  EXPECT_TRUE(hand_back(*rt, "solaris", "ada", "return slip 9"));
  EXPECT_EQ(rt->journal().head(), head);
}

}  // namespace
}  // namespace library
