// A process manager: who borrows a book gets it lent, or gives the loan back.
#include <fasti/process.hpp>

#include "library.hpp"

namespace library {
namespace {

// [borrowing]
struct borrowing {
  static constexpr auto category = "borrowing";
  using reacts_to = fasti::types<Borrowed, Lent>;           // events of others
  using commands = fasti::types<Lend, HandBack, TakeBack>;  // that it issues
  using events = fasti::types<Wanted>;                      // its own

  void react(Borrowed::Reader e, fasti::reactions& out) const {  // by a member
    auto wanted = out.event<Wanted>();
    wanted.setBook(e.getBook());
    wanted.setMember(std::string(out.at().stream));
    auto lend = out.command<Lend>("book-" + std::string(e.getBook()));
    lend.setMember(std::string(out.at().stream));
    lend.setDays(28);
  }
  void react(Lent::Reader e, fasti::reactions& out) const {
    if (!book.empty()) out.set_timer("due", fasti::timestamp(e.getDueDay() * 24h));
  }
  void on_refused(Lend::Reader c, const fasti::refusal&, fasti::reactions& out) const {
    out.command<HandBack>(c.getMember().cStr()).setBook(book);  // undoes the first step
  }
  void on_timer(std::string_view, fasti::reactions& out) const {
    out.command<TakeBack>("book-" + book);
    out.command<HandBack>(member).setBook(book);
  }
  void on_refused(HandBack::Reader, const fasti::refusal&, fasti::reactions&) const {}
  void on_refused(TakeBack::Reader, const fasti::refusal&, fasti::reactions&) const {}

  void evolve(Wanted::Reader e) {
    book = e.getBook().cStr();
    member = e.getMember().cStr();
  }
  std::string book;
  std::string member;
};
// [/borrowing]

// [careful]
struct careful_borrowing : borrowing {
  using borrowing::react;
  void react(Borrowed::Reader e, fasti::reactions& out) const {
    if (e.getBook() == "necronomicon") throw std::invalid_argument("nobody should read that");
    borrowing::react(e, out);
  }
};
// [/careful]

auto that(const char* book) {
  return [book](auto c) { c.setBook(book); };
}

TEST(GuideProcesses, TakeSeveralStepsAndGoBackWhenOneIsRefused) {
  fasti::testing::runtime_in_memory<book, member, borrowing> rt;
  acquire(*rt, "book-dune", "Dune");
  for (const auto* name : {"member-ada", "member-bob"}) {
    ASSERT_TRUE(rt->send<Join>(name, [](auto) {}).get());
  }
  const auto holder_is = [&](const std::string& who) {
    while (std::string(good(rt->query<book, WhereIs>("book-dune", [](auto) {}))->getHolder()) !=
           who) {
      std::this_thread::yield();
    }
  };
  const auto has_books = [&](const char* name) { return rt->state_of<member>(name)->state.books; };

  // [send]
  ASSERT_TRUE(rt->send<Borrow>("member-ada", that("dune")).get());
  holder_is("member-ada");  // soon: the command is on its way
  // [/send]
  // [refused]
  ASSERT_TRUE(rt->send<Borrow>("member-bob", that("dune")).get());  // Lend: "lent-already"
  while (!has_books("member-bob").empty()) std::this_thread::yield();
  // [/refused]
  EXPECT_EQ(has_books("member-ada"), std::set<std::string>{"dune"});
  // [timer]
  rt.clock().advance(29 * 24h);
  holder_is("");  // the timer fired: it was taken back
  // [/timer]
  const auto stats = rt->stats();
  ASSERT_EQ(stats.processes.size(), 1U);
  EXPECT_FALSE(stats.processes[0].stopped);
}

TEST(GuideProcesses, ParkWhatTheyCannotHandle) {
  fasti::testing::runtime_in_memory<book, member> rt;
  // [park]
  ASSERT_TRUE(rt->add<careful_borrowing>(
      {.on_failure = {.retries_max = 2, .backoff = 1ms, .then = fasti::when_failing::park}}));
  // [/park]
  ASSERT_TRUE(rt->send<Join>("member-abdul", [](auto) {}).get());
  ASSERT_TRUE(rt->send<Borrow>("member-abdul", that("necronomicon")).get());
  ASSERT_TRUE(comes_true([&] { return rt->stats().processes[0].parked == 1; }));
  // [parked]
  auto parked = rt->parked<careful_borrowing>();
  ASSERT_EQ(parked->size(), 1U);
  EXPECT_EQ(parked->front().stream, "member-abdul");
  EXPECT_EQ(parked->front().reason, "nobody should read that");

  auto replayed = rt->replay_parked<careful_borrowing>();  // as a rule by a program that was mended
  EXPECT_EQ(replayed->still_parked, 1U);
  ASSERT_TRUE(rt->skip_parked<careful_borrowing>(parked->front().position));  // given up
  // [/parked]
}

}  // namespace
}  // namespace library
