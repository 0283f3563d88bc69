// A view: which books a member has, folded from the events of all books.
#include <fasti/keys.hpp>
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

  auto again = rt->rebuild<loans>({.then = fasti::when_caught_up::wait});  // beside the old one
  ASSERT_TRUE(again->wait(1min));
  EXPECT_EQ(again->compare()->rows(), 0U);  // rows that differ
  ASSERT_TRUE(again->switch_over());        // or cancel()

  auto status = rt->stats().projections.at(0);
  EXPECT_EQ(status.name, "loans");
  EXPECT_FALSE(status.stopped);
  // [/rebuild]
  EXPECT_EQ(ada_has(), names{"solaris"});
}

// [found]
struct loans_by_day : loans {
  static constexpr auto name = "loans-by-day";
  static void keys_of(Loan::Reader row, std::string_view, fasti::secondary_keys& out) {
    out.add("by-day", fasti::key_of(row.getDueDay()));  // numbers sort as numbers
  }
};
// [/found]

TEST(GuideViews, AreReadWholeAtOnePosition) {
  fasti::testing::runtime_in_memory<book, loans_by_day> rt;
  acquire(*rt, "book-solaris", "Solaris");
  acquire(*rt, "book-dune", "Dune");
  lend(*rt, "book-solaris", "ada");
  const auto lent = lend(*rt, "book-dune", "bob");
  // [read]
  std::vector<std::string> due;
  auto as_of = rt->read_view<loans_by_day>(
      [&](const fasti::view<Loan>& view) {
        view.scan_by("by-day", {.from = fasti::key_of(0U)},
                     [&](std::string_view key, Loan::Reader) { due.emplace_back(key); });
      },
      {.visible_at = lent.position});
  ASSERT_TRUE(as_of) << as_of.error().to_string();
  EXPECT_GE(*as_of, lent.position);
  EXPECT_EQ(due, (names{"ada/solaris", "bob/dune"}));
  // [/read]
}

// [lanes]
struct loan_counts {
  static constexpr auto name = "loan-counts";
  static constexpr fasti::projection_options options{.lanes = 4};
  using events = fasti::types<Lent, Returned>;
  using row = Loan;

  static std::string order_key(const fasti::recorded_event& e) { return std::string(e.key()); }
  void apply(Lent::Reader e, const fasti::recorded_event& at, fasti::rows<row>& rows) {
    rows.at(at.key()).setDueDay(e.getDueDay());
    rows.at(std::string(at.key()) + "/" + std::string(e.getMember())).setDueDay(e.getDueDay());
  }
  void apply(Returned::Reader, const fasti::recorded_event& at, fasti::rows<row>& rows) {
    rows.erase(at.key());
  }
};
// [/lanes]

TEST(GuideViews, AreFoldedInLanes) {
  fasti::testing::runtime_in_memory<book, loan_counts> rt;
  for (const auto* name : {"book-solaris", "book-dune", "book-ubik"}) {
    acquire(*rt, name, name);
    lend(*rt, name, "ada");
  }
  std::vector<std::string> keys;
  ASSERT_TRUE(rt->read_view<loan_counts>(
      [&](const fasti::view<Loan>& view) {
        view.scan("", [&](std::string_view key, Loan::Reader) { keys.emplace_back(key); });
      },
      {.visible_at = rt->journal().head()}));
  EXPECT_EQ(keys, (names{"dune", "dune/ada", "solaris", "solaris/ada", "ubik", "ubik/ada"}));
}

// [strict]
struct strict_loans : loans {
  static constexpr auto name = "strict-loans";
  static constexpr fasti::projection_options options{
      .on_failure = {.retries_max = 2, .backoff = 1ms, .then = fasti::when_failing::park}};
  using loans::apply;
  void apply(Lent::Reader e, const fasti::recorded_event& at, fasti::rows<row>& rows) {
    if (e.getMember() == "nobody") throw std::invalid_argument("nobody is no member");
    loans::apply(e, at, rows);
  }
};
// [/strict]

TEST(GuideViews, ParkWhatTheyCannotApply) {
  fasti::testing::runtime_in_memory<book, strict_loans> rt;
  acquire(*rt, "book-solaris", "Solaris");
  acquire(*rt, "book-dune", "Dune");
  lend(*rt, "book-solaris", "nobody");
  const auto lent = lend(*rt, "book-dune", "ada");
  ASSERT_TRUE(rt->read_view<strict_loans>([](const auto&) {}, {.visible_at = lent.position}));
  // [parked]
  auto parked = rt->parked<strict_loans>();
  ASSERT_EQ(parked->size(), 1U);
  EXPECT_EQ(parked->front().stream, "book-solaris");
  EXPECT_EQ(parked->front().reason, "nobody is no member");

  auto replayed = rt->replay_parked<strict_loans>();  // as a rule by a program that was mended
  EXPECT_EQ(replayed->still_parked, 1U);
  ASSERT_TRUE(rt->skip_parked<strict_loans>(parked->front().position));  // given up
  // [/parked]
}

}  // namespace
}  // namespace library
