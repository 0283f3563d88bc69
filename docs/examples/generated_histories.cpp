// What docs/generated-histories.md shows.

#include <gtest/gtest.h>
#include <fasti/testing/histories.hpp>

#include <map>
#include <string>
#include <string_view>

#include "generated_histories.capnp.h"

namespace {

using fasti::testing::event;

// [decider]
struct evening {
  static constexpr auto category = "evening";
  using commands = fasti::types<Offer, Sell, TakeBack>;
  using events = fasti::types<Offered, Sold, TakenBack>;

  fasti::decision decide(Offer::Reader c, fasti::emit& out) const {
    if (offered > 0) return fasti::reject("offered-already");
    if (c.getSeats() <= 0) return fasti::reject("no-seats");
    out.event<Offered>().setSeats(c.getSeats());
    return fasti::accept();
  }
  fasti::decision decide(Sell::Reader c, fasti::emit& out) const {
    if (c.getSeats() <= 0) return fasti::reject("no-seats");
    if (c.getSeats() > free) return fasti::reject("sold-out");
    auto sold = out.event<Sold>();
    sold.setVisitor(c.getVisitor());
    sold.setSeats(c.getSeats());
    return fasti::accept();
  }
  fasti::decision decide(TakeBack::Reader c, fasti::emit& out) const {
    const auto has = visitors.find(c.getVisitor());
    if (has == visitors.end()) return fasti::reject("no-such-visitor");
    auto back = out.event<TakenBack>();
    back.setVisitor(c.getVisitor());
    back.setSeats(has->second);
    return fasti::accept();
  }

  void evolve(Offered::Reader e) { offered = free = e.getSeats(); }
  void evolve(Sold::Reader e) {
    free -= e.getSeats();
    visitors[e.getVisitor()] = e.getSeats();  // and what this visitor has already?
  }
  void evolve(TakenBack::Reader e) {
    free += e.getSeats();
    visitors.erase(e.getVisitor());
  }

  std::int32_t offered = 0;
  std::int32_t free = 0;
  std::map<std::string, std::int32_t> visitors;
};
// [/decider]

/// The decider without its bug.
struct mended : evening {
  using evening::evolve;
  void evolve(Sold::Reader e) {
    free -= e.getSeats();
    visitors[e.getVisitor()] += e.getSeats();
  }
};

bool every_seat_is_free_or_sold(const evening& e) {
  std::int64_t seats = e.free;
  for (const auto& [visitor, has] : e.visitors) seats += has;
  return seats == e.offered;
}

void check_the_first_draft() {
  // [invariant]
  fasti::testing::histories<evening>()
      .always([](const evening& e) { return every_seat_is_free_or_sold(e); },
              "every seat is free or sold")
      .check();
  // [/invariant]
}

/// As it stands in the page.
constexpr std::string_view found =
    R"(evening: this does not hold: every seat is free or sold
  1. Offer (seats = 2)
       Offered (seats = 2)
  2. Sell (seats = 1)
       Sold (visitor = "", seats = 1)
  3. Sell (seats = 1)
       Sold (visitor = "", seats = 1)
)";

TEST(Evening, TheFirstDraftLosesSeats) {
  try {
    check_the_first_draft();
    FAIL() << "nothing was found";
  } catch (const fasti::testing::mismatch& m) {
    EXPECT_TRUE(std::string_view(m.what()).starts_with(found)) << m.what();
  }
}

// [filling]
TEST(Evening, EverySeatIsFreeOrSold) {
  const auto report =
      fasti::testing::histories<mended>({.cases = 500, .commands_max = 30})
          .starting_with(event<Offered>([](auto e) { e.setSeats(100); }))
          .filling<Sell>([](Sell::Builder c, fasti::testing::dice& d) {
            c.setVisitor(d.one_of({"ann", "bob", "eve"}));
            c.setSeats(d.between(1, 12));
          })
          .filling<TakeBack>([](TakeBack::Builder c, fasti::testing::dice& d) {
            c.setVisitor(d.one_of({"ann", "bob", "eve"}));
          })
          .always([](const mended& e) { return every_seat_is_free_or_sold(e); },
                  "every seat is free or sold")
          .always([](const mended& e) { return e.free >= 0; }, "no seat is sold twice")
          .check();
  EXPECT_GT(report.commands[1].accepted, 500U) << report.to_string();
}
// [/filling]

}  // namespace
