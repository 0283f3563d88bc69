// A view: which books a member has, folded from the events of all books.
#include <fasti/projection.hpp>

#include "library.hpp"

namespace library {
namespace {

// [loans]
struct loans {
  static constexpr auto name = "loans";
  using events = fasti::types<Lent, Returned>;
  using row = Loan;  // one for each book that is out …
  using queries = fasti::types<Loans(LoansOf)>;

  void apply(Lent::Reader e, const fasti::recorded_event& at, fasti::rows<row>& rows) {
    rows.at(key_of(e.getMember(), at)).setDueDay(e.getDueDay());  // … under "ada/solaris"
  }
  void apply(Returned::Reader e, const fasti::recorded_event& at, fasti::rows<row>& rows) {
    rows.erase(key_of(e.getMember(), at));
  }
  fasti::decision answer(LoansOf::Reader q, const fasti::view<row>& view,
                         Loans::Builder reply) const {
    const auto prefix = std::string(q.getMember()) + "/";
    std::vector<std::string> books;
    view.scan(prefix, [&](std::string_view key, Loan::Reader) {
      books.emplace_back(key.substr(prefix.size()));
    });
    auto list = reply.initBooks(static_cast<unsigned>(books.size()));
    for (unsigned i = 0; i < list.size(); ++i) list.set(i, books[i].c_str());
    return fasti::accept();
  }

 private:
  static std::string key_of(const std::string& member, const fasti::recorded_event& at) {
    return member + "/" + std::string(at.key());
  }
};
// [/loans]

std::vector<std::string> books_of(const fasti::owned<Loans>& answer) {
  std::vector<std::string> books;
  for (const auto name : answer->getBooks()) books.emplace_back(name.cStr());
  return books;
}
using names = std::vector<std::string>;

TEST(GuideViews, AreFoldedBehindTheJournal) {
  fasti::testing::runtime_in_memory<book, loans> rt;
  for (const auto* name : {"book-solaris", "book-dune"}) acquire(*rt, name, name);
  lend(*rt, "book-solaris", "ada");
  // [query]
  auto lent = rt->send<Lend>("book-dune", to("ada")).get();

  auto answer = rt->query<loans, LoansOf>([](auto q) { q.setMember("ada"); },
                                          {.visible_at = lent->position, .timeout = 2s})
                    .get();
  ASSERT_TRUE(answer) << answer.error().to_string();
  EXPECT_EQ(books_of(*answer), (names{"dune", "solaris"}));  // in the order of their keys
  // [/query]
  // [too-early]
  auto too_early = rt->query<loans, LoansOf>([](auto q) { q.setMember("ada"); },
                                             {.visible_at = fasti::position{99}, .timeout = 1ms})
                       .get();
  EXPECT_EQ(too_early.error().reason, "not-visible-in-time");
  // [/too-early]
}

TEST(GuideViews, CanBeAddedLateAndRebuilt) {
  fasti::testing::runtime_in_memory<book> rt;
  acquire(*rt, "book-solaris", "Solaris");
  const auto lent = lend(*rt, "book-solaris", "ada");
  const auto ada_has = [&] {
    return books_of(good(rt->query<loans, LoansOf>([](auto q) { q.setMember("ada"); },
                                                   {.visible_at = lent.position})));
  };
  // [rebuild]
  ASSERT_TRUE(rt->add<loans>());  // late: it folds everything from position 1 on
  EXPECT_EQ(ada_has(), names{"solaris"});

  ASSERT_TRUE(rt->rebuild<loans>());  // throws its rows away and folds again
  EXPECT_EQ(ada_has(), names{"solaris"});

  auto status = rt->stats().projections.at(0);
  EXPECT_EQ(status.name, "loans");
  EXPECT_FALSE(status.stopped);
  // [/rebuild]
}

}  // namespace
}  // namespace library
