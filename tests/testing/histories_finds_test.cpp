// A planted bug each: it is found, and the history that is shown is the smallest there is.

#include "fasti/testing/histories.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/testing/histories_kit.hpp"

namespace fasti::test {
namespace {

using testing::dice;
using testing::histories;

/// What is found of a decider, whatever the seed.
template <class Decider>
void expect_found(const std::string& smallest) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(history_told_to([seed] { histories<Decider>({.seed = seed}).check(); }), smallest)
        << "seed " << seed;
  }
}

TEST(HistoriesFind, TheSmallestThatBreaksAnInvariant) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(history_told_to([seed] {
                histories<overdrawn>({.seed = seed})
                    .always([](const overdrawn& l) { return l.balance >= 0; }, "no debts")
                    .check();
              }),
              "overdrawn: this does not hold: no debts\n"
              "  1. Deposit (cents = 501)\n"
              "       Deposited (cents = 501)\n"
              "  2. Withdraw (cents = 502)\n"
              "       Withdrawn (cents = 502)")
        << "seed " << seed;
  }
}

TEST(HistoriesFind, TheSmallestOfWhatIsFilledByHand) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(
        history_told_to([seed] {
          histories<overdrawn>({.seed = seed})
              .filling<Deposit>([](Deposit::Builder c, dice& d) { c.setCents(d.between(1, 600)); })
              .filling<Withdraw>([](Withdraw::Builder c, dice& d) {
                c.setCents(d.between(1, 2000));
                c.setNote(d.one_of({"rent", "food"}));
              })
              .always([](const overdrawn& l) { return l.balance >= 0; }, "no debts")
              .check();
        }),
        "overdrawn: this does not hold: no debts\n"
        "  1. Deposit (cents = 501)\n"
        "       Deposited (cents = 501)\n"
        "  2. Withdraw (cents = 502, note = \"rent\")\n"
        "       Withdrawn (cents = 502)")
        << "seed " << seed;
  }
}

/// Sells a seat that was given back to two.
struct box_office {
  static constexpr auto category = "office";
  using commands = types<Book, Cancel>;
  using events = types<Booked, Cancelled>;
  using snapshot = BoxOffice;

  decision decide(Book::Reader c, emit& out) const {
    if (c.getSeat().size() == 0) return reject("no-seat");
    const std::string seat = c.getSeat().cStr();
    if (sold.contains(seat) && !given_back.contains(seat)) return reject("sold");  // the bug
    auto e = out.event<Booked>();
    e.setSeat(c.getSeat());
    e.setCents(c.getCents());
    return accept();
  }
  decision decide(Cancel::Reader c, emit& out) const {
    if (!sold.contains(c.getSeat().cStr())) return accept();
    out.event<Cancelled>().setSeat(c.getSeat());
    out.tag("given-back");
    return accept();
  }
  void evolve(Booked::Reader e) {
    twice = !sold.insert(e.getSeat().cStr()).second || twice;
    cents += e.getCents();
  }
  void evolve(Cancelled::Reader e) {
    sold.erase(e.getSeat().cStr());
    given_back.insert(e.getSeat().cStr());
  }
  void save(BoxOffice::Builder s) const {
    auto seats = s.initSeats(static_cast<unsigned>(sold.size() + given_back.size()));
    unsigned i = 0;
    for (const auto& seat : sold) seats[i++].setSeat(seat);
    for (const auto& seat : given_back) {
      seats[i].setSeat(seat);
      seats[i++].setCents(1);
    }
    s.setCents(cents);
  }
  void load(BoxOffice::Reader s) {
    for (const auto seat : s.getSeats()) {
      (seat.getCents() == 0 ? sold : given_back).insert(seat.getSeat().cStr());
    }
    cents = s.getCents();
  }

  std::set<std::string> sold;
  std::set<std::string> given_back;
  std::uint64_t cents = 0;
  bool twice = false;
};

TEST(HistoriesFind, IdsThatMeetAgain) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(history_told_to([seed] {
                histories<box_office>({.seed = seed})
                    .always([](const box_office& o) { return !o.twice; }, "no seat is sold twice")
                    .check();
              }),
              "office: this does not hold: no seat is sold twice\n"
              "  1. Book (seat = \"a\", cents = 0)\n"
              "       Booked (seat = \"a\", cents = 0)\n"
              "  2. Cancel (seat = \"a\")\n"
              "       Cancelled (seat = \"a\") #given-back\n"
              "  3. Book (seat = \"a\", cents = 0)\n"
              "       Booked (seat = \"a\", cents = 0)\n"
              "  4. Book (seat = \"a\", cents = 0)\n"
              "       Booked (seat = \"a\", cents = 0)")
        << "seed " << seed;
  }
}

/// One that takes deposits, to be made worse.
struct piggy_bank {
  static constexpr auto category = "piggy";
  using commands = types<Deposit>;
  using events = types<Deposited>;

  decision decide(Deposit::Reader c, emit& out) const {
    if (c.getCents() <= 0) return reject("not-positive");
    out.event<Deposited>().setCents(c.getCents());
    return accept();
  }
  void evolve(Deposited::Reader) { ++entries; }

  std::uint64_t entries = 0;
};

struct capricious : piggy_bank {
  decision decide(Deposit::Reader c, emit& out) const {
    static std::int64_t asked = 0;
    out.event<Deposited>().setCents(c.getCents() / (++asked % 2 == 0 ? 2 : 1));
    return accept();
  }
};

TEST(HistoriesFind, ADecisionThatIsNotThatOfTheStateAlone) {
  const auto told = history_told_to([] { histories<capricious>({.seed = 1}).check(); });
  const std::string head =
      "piggy: deciding twice does not give the same\n"
      "  1. Deposit (cents = 1)\n"
      "       Deposited (cents = ";
  EXPECT_EQ(told.substr(0, head.size()), head) << told;
  EXPECT_NE(told.find(")\n     and when asked again\n       Deposited (cents = "),
            std::string::npos)
      << told;
  EXPECT_EQ(told.find("\n  2. "), std::string::npos) << told;
}

struct breaks_at_three : piggy_bank {
  void evolve(Deposited::Reader e) {
    if (++entries == 3) throw std::runtime_error("three is a crowd");
    static_cast<void>(e);
  }
};

TEST(HistoriesFind, AnEvolveThatThrows) {
  expect_found<breaks_at_three>(
      "piggy: evolve threw: three is a crowd, at Deposited (cents = 1)\n"
      "  1. Deposit (cents = 1)\n"
      "       Deposited (cents = 1)\n"
      "  2. Deposit (cents = 1)\n"
      "       Deposited (cents = 1)\n"
      "  3. Deposit (cents = 1)\n"
      "       Deposited (cents = 1)");
}

struct throws_at_large : piggy_bank {
  decision decide(Deposit::Reader c, emit& out) const {
    if (c.getCents() >= 1000) throw std::runtime_error("too much");
    return piggy_bank::decide(c, out);
  }
};

TEST(HistoriesFind, ADecideThatThrows) {
  expect_found<throws_at_large>(
      "piggy: decide threw: too much\n"
      "  1. Deposit (cents = 1000)");
}

struct emits_more : piggy_bank {
  decision decide(Deposit::Reader, emit& out) const {
    out.event<Undeclared>();
    return accept();
  }
};

TEST(HistoriesFind, AnEventThatIsNotListed) {
  const auto told = history_told_to([] { histories<emits_more>({.seed = 1}).check(); });
  EXPECT_NE(told.find("evolve threw: no such type here: @0x"), std::string::npos) << told;
}

struct folds_otherwise : piggy_bank {
  void evolve(Deposited::Reader) {
    static std::uint64_t folded = 0;
    entries = ++folded;
  }
  using snapshot = LedgerState;
  void save(LedgerState::Builder s) const { s.setEntries(entries); }
  void load(LedgerState::Reader s) { entries = s.getEntries(); }
};

TEST(HistoriesFind, AStateThatIsNotThatOfTheEventsAlone) {
  expect_found<folds_otherwise>(
      "piggy: folding the same events twice does not give the same state\n"
      "  1. Deposit (cents = 1)\n"
      "       Deposited (cents = 1)");
}

/// Its snapshot knows nothing of `entries`.
struct forgetful : piggy_bank {
  using snapshot = LedgerState;
  decision decide(Deposit::Reader c, emit& out) const {
    if (entries >= 1) return reject("full");
    return piggy_bank::decide(c, out);
  }
  void save(LedgerState::Builder) const {}
  void load(LedgerState::Reader) {}
};

TEST(HistoriesFind, P13_ASnapshotThatForgetsAField) {
  expect_found<forgetful>(
      "piggy: a state from a snapshot and the events behind it does not decide the same (P13)\n"
      "  1. Deposit (cents = 1)\n"
      "       Deposited (cents = 1)\n"
      "  2. a snapshot is saved and loaded\n"
      "  3. Deposit (cents = 0)\n"
      "       rejected for \"full\"\n"
      "     and when asked again\n"
      "       rejected for \"not-positive\"");
}

struct loads_too_little : forgetful {
  void save(LedgerState::Builder s) const { s.setEntries(entries); }
};

TEST(HistoriesFind, P13_ALoadThatForgetsAField) {
  expect_found<loads_too_little>(
      "piggy: a state that was saved and loaded does not save the same again (P13)\n"
      "  1. Deposit (cents = 1)\n"
      "       Deposited (cents = 1)\n"
      "  2. a snapshot is saved and loaded");
}

/// Counts what comes behind a snapshot only.
struct saves_a_difference : piggy_bank {
  using snapshot = LedgerState;
  void evolve(Deposited::Reader) {
    ++entries;
    ++since;
  }
  void save(LedgerState::Builder s) const {
    s.setEntries(entries);
    s.setBalance(entries < 2 ? 0 : since);
  }
  void load(LedgerState::Reader s) {
    entries = s.getEntries();
    since = s.getBalance();
  }
  std::int64_t since = 0;
};

TEST(HistoriesFind, P13_ASnapshotAndItsTailThatAreNotAllEvents) {
  expect_found<saves_a_difference>(
      "piggy: a state from a snapshot and the events behind it is not that of all events (P13)\n"
      "  1. Deposit (cents = 1)\n"
      "       Deposited (cents = 1)\n"
      "  2. a snapshot is saved and loaded\n"
      "  3. Deposit (cents = 1)\n"
      "       Deposited (cents = 1)");
}

struct tires : piggy_bank {
  decision decide(Deposit::Reader c, emit& out, const command_context& at) const {
    if (at.now - timestamp{std::chrono::hours{24}} > std::chrono::minutes{10}) {
      throw std::runtime_error("it is late");
    }
    return piggy_bank::decide(c, out);
  }
};

TEST(HistoriesFind, WhatTimeBrings) {
  expect_found<tires>(
      "piggy: decide threw: it is late\n"
      "  1. after 601 s: Deposit (cents = 0)");
}

/// In the depth of lists, structs and unions.
struct deep {
  static constexpr auto category = "deep";
  using commands = types<Kinds, Split>;
  using events = types<Deposited>;

  decision decide(Kinds::Reader c, emit&) const {
    for (const auto leaf : c.getLeaves()) {
      if (leaf.getNumber() < -20 && c.isPair() && c.getPair().getA()) {
        throw std::runtime_error("found in the leaves");
      }
    }
    return accept();
  }
  decision decide(Split::Reader, emit&) const { return accept(); }
  void evolve(Deposited::Reader) {}
};

TEST(HistoriesFind, WhatIsDeepInACommand) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const auto told = history_told_to([seed] { histories<deep>({.seed = seed}).check(); });
    EXPECT_EQ(told.substr(0, 41), "deep: decide threw: found in the leaves\n ") << told;
    EXPECT_NE(told.find("leaves = [(number = -21)]"), std::string::npos) << told;
    EXPECT_NE(told.find("pair = (a = true, b = 0)"), std::string::npos) << told;
    for (const auto* not_needed : {"texts", "lists = ", "self", "data", "2. "}) {
      EXPECT_EQ(told.find(not_needed), std::string::npos) << told;
    }
  }
}

TEST(HistoriesFind, AnInvariantThatThrows) {
  EXPECT_EQ(history_told_to([] {
              histories<piggy_bank>({.seed = 1})
                  .always([](const piggy_bank&) -> bool { throw std::runtime_error("no way"); },
                          "all is well")
                  .check();
            }),
            "piggy: an invariant threw: no way\n  nothing has happened yet");
}

TEST(HistoriesFind, AFillingThatThrows) {
  const auto told = history_told_to([] {
    histories<piggy_bank>({.seed = 1})
        .filling<Deposit>([](Deposit::Builder c, dice& d) { c.setCents(d.between(5, 1)); })
        .check();
  });
  EXPECT_NE(told.find("`filling` threw: between: the first is greater"), std::string::npos) << told;
}

TEST(HistoriesFind, TheTextSaysHowToHaveItAgain) {
  const auto told = said_to([] { histories<throws_at_large>({.cases = 500, .seed = 11}).check(); });
  const auto end = told.substr(told.find("\nfound in case "));
  EXPECT_NE(end.find(" of 500, "), std::string::npos) << told;
  EXPECT_NE(end.find("\nthe same again: .seed = 11, or RC_PARAMS=\"seed=11\" in the environment"),
            std::string::npos)
      << told;
}

}  // namespace
}  // namespace fasti::test
