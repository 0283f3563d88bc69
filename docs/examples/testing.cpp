// Tests of a decider by itself, and of a whole runtime in memory.
#include <fasti/testing/given.hpp>

#include "library.hpp"

namespace library {
namespace {

// [kit]
using fasti::testing::event;
using fasti::testing::given;
// [/kit]

// [rules]
TEST(Book, IsLentToOneAtATime) {
  const fasti::timestamp monday{24h * 100};

  given<book>(event<Acquired>([](auto e) { e.setTitle("Solaris"); }))
      .at(monday)
      .when<Lend>([](auto c) {
        c.setMember("ada");
        c.setDays(28);
      })
      .then_replied([](auto r) { r.setDueDay(128); })
      .then(event<Lent>([](auto e) {
              e.setMember("ada");
              e.setDueDay(128);
            }).tagged("member-ada"))
      .when<Lend>([](auto c) { c.setMember("ben"); })
      .then_rejected("lent-already")
      .when_asked<WhereIs>([](auto) {})
      .then_answered([](auto r) {
        r.setHolder("ada");
        r.setDueDay(128);
      });
}
// [/rules]

// [thoroughly]
TEST(Book, IsAPureDecider) {
  given<book>()
      .thoroughly()
      .when<Acquire>([](auto c) { c.setTitle("Solaris"); })
      .then(event<Acquired>([](auto e) { e.setTitle("Solaris"); }))
      .when<Acquire>([](auto c) { c.setTitle("Solaris"); })
      .then_nothing()
      .with_state([](const book& b) { EXPECT_EQ(b.title, "Solaris"); });
}
// [/thoroughly]

// [forgetful]
struct forgetful_book : book {
  void save(BookState::Builder s) const { s.setTitle(title.c_str()); }  // and the holder?
};

TEST(Book, ASnapshotThatLacksSomethingIsFound) {
  auto is_taken_back = [](fasti::testing::history<forgetful_book> story) {
    std::move(story).when<TakeBack>().then(
        event<Returned>([](auto e) { e.setMember("ada"); }).tagged("member-ada"));
  };
  auto lent = given<forgetful_book>(event<Acquired>([](auto e) { e.setTitle("Solaris"); }),
                                    event<Lent>([](auto e) { e.setMember("ada"); }));
  EXPECT_NO_THROW(is_taken_back(lent));
  EXPECT_THROW(is_taken_back(std::move(lent).thoroughly()), fasti::testing::mismatch);
}
// [/forgetful]

// [runtime]
TEST(Library, KnowsWhoIsLate) {
  fasti::testing::runtime_in_memory<book> rt;
  ASSERT_TRUE(rt->send<Acquire>("book-solaris", [](auto c) { c.setTitle("Solaris"); }).get());
  ASSERT_TRUE(rt->send<Lend>("book-solaris", [](auto c) {
                  c.setMember("ada");
                  c.setDays(28);
                }).get());

  rt.clock().advance(24h * 30);
  auto back = rt->send<TakeBack>("book-solaris", [](auto) {}).get();

  auto read = rt->journal().read({.after = fasti::position{2}}, [](const auto& e) {
    fasti::body_reader body(e.body);
    EXPECT_EQ(body.root<Returned>().getDaysLate(), 2);
    return fasti::visit::more;
  });
  EXPECT_EQ(*read, back->position);
}
// [/runtime]

}  // namespace
}  // namespace library
