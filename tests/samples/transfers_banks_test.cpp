// The rules of both banks, each decider by itself.
#include <gtest/gtest.h>
#include <fasti/testing/given.hpp>
#include <fasti/testing/histories.hpp>

#include <algorithm>
#include <limits>

#include "samples/transfers/other_bank.hpp"
#include "samples/transfers/our_bank.hpp"

namespace transfers {
namespace {

using namespace fasti::testing;

auto of_cents(std::int64_t cents) {
  return [cents](auto m) { m.setCents(cents); };
}
auto named(const char* transfer) {
  return [transfer](auto m) { m.setTransfer(transfer); };
}
auto named(const char* transfer, std::int64_t cents) {
  return [transfer, cents](auto m) {
    m.setTransfer(transfer);
    m.setCents(cents);
  };
}
auto from_to(const char* from, const char* to, std::int64_t cents) {
  return [from, to, cents](auto m) {
    m.setFrom(from);
    m.setTo(to);
    m.setCents(cents);
    m.setPatienceMs(1000);
  };
}

TEST(TransferOrder, IsGivenOnce) {
  given<order>()
      .thoroughly()
      .on("order-t1")
      .when<Order>(from_to("ann", "bob", 0))
      .then_rejected("not-positive")
      .when<Order>(from_to("", "bob", 5))
      .then_rejected("bad-name")
      .when<Order>(from_to("ann", std::string(101, 'b').c_str(), 5))
      .then_rejected("bad-name")
      .when<Order>(from_to("ann", "bob", 5))
      .then(event<Ordered>(from_to("ann", "bob", 5)))
      .when<Order>(from_to("ann", "bob", 5))
      .then_rejected("ordered-already");
}

TEST(TransferAccount, HoldsWhatIsThereAndSettlesOrReleasesItOnce) {
  given<account>()
      .thoroughly()
      .when<Hold>(named("t1", 1))
      .then_rejected("insufficient-funds")
      .when<Deposit>(of_cents(100))
      .then(event<Deposited>(of_cents(100)))
      .when<Hold>(named("t1", 60))
      .then(event<Held>(named("t1", 60)))
      .when<Hold>(named("t1", 10))
      .then_rejected("held-already")
      .when<Hold>(named("t2", 50))
      .then_rejected("insufficient-funds")
      .when<Hold>(named("t2", 40))
      .then(event<Held>(named("t2", 40)))
      .when<Settle>(named("t1"))
      .then(event<Settled>(named("t1", 60)))
      .when<Release>(named("t1"))
      .then_rejected("not-held")
      .when<Release>(named("t2"))
      .then(event<Released>(named("t2", 40)))
      .when<Settle>(named("t2"))
      .then_rejected("not-held")
      .with_state([](const account& a) {
        EXPECT_EQ(a.free, 40);
        EXPECT_TRUE(a.held.empty());
      });
}

TEST(TransferAccount, TakesNoSumsThatNobodyHas) {
  given<account>()
      .when<Deposit>(of_cents(std::numeric_limits<std::int64_t>::max()))
      .then_rejected("too-much")
      .when<Deposit>(of_cents(-1))
      .then_rejected("not-positive");
}

message admitted() {
  return event<Admitted>([](auto e) { e.setLimitCents(100); });
}

TEST(TransferGateway, RefusesWhatItsAccountDoesNotTake) {
  given<gateway>()
      .thoroughly()
      .when<Instruct>(named("t1", 5))
      .then_rejected("no-such-account")
      .when<Close>()
      .then_rejected("no-such-account")
      .when<Admit>([](auto c) { c.setLimitCents(100); })
      .then(admitted())
      .when<Instruct>(named("t1", 101))
      .then_rejected("over-limit")
      .when<Instruct>(named("t1", 0))
      .then_rejected("not-positive")
      .when<Instruct>(named("t1", 100))
      .then(event<Instructed>(named("t1", 100)))
      .when<Instruct>(named("t1", 100))
      .then_rejected("instructed-already")
      .when<Close>()
      .then(event<Closed>())
      .when<Instruct>(named("t2", 5))
      .then_rejected("account-closed")
      .when<Confirm>(named("t1"))
      .then(event<Confirmed>(named("t1", 100)));
}

TEST(TransferGateway, SaysOneFinalWord) {
  const auto instructed = given<gateway>(admitted(), event<Instructed>(named("t1", 5)));
  auto confirmed_first = instructed;
  std::move(confirmed_first)
      .thoroughly()
      .when<Confirm>(named("t1"))
      .then(event<Confirmed>(named("t1", 5)))
      .when<Recall>(named("t1"))
      .then_rejected("confirmed-already")
      .when<Confirm>(named("t1"))
      .then_nothing();
  auto recalled_first = instructed;
  std::move(recalled_first)
      .thoroughly()
      .when<Recall>(named("t1"))
      .then(event<Recalled>(named("t1")))
      .when<Confirm>(named("t1"))
      .then_rejected("recalled")
      .when<Recall>(named("t1"))
      .then_nothing();
}

TEST(TransferGateway, ARecallThatOvertakesItsInstructionStopsIt) {
  given<gateway>(admitted())
      .thoroughly()
      .when<Confirm>(named("t1"))
      .then_rejected("no-such-instruction")
      .when<Recall>(named("t1"))
      .then(event<Recalled>(named("t1")))
      .when<Instruct>(named("t1", 5))
      .then_rejected("recalled")
      .when<Confirm>(named("t1"))
      .then_rejected("recalled");
}

TEST(TransferPayee, IsCredited) {
  given<payee>()
      .thoroughly()
      .when<Credit>(named("t1", 5))
      .then(event<Credited>(named("t1", 5)))
      .when_asked<AskPayee>([](auto) {})
      .then_answered(of_cents(5));
}

// -- histories that nobody thought of -------------------------------------------------------------

TEST(TransferHistories, P13_NobodyOwesAnythingAndNothingIsHeldForNobody) {
  const auto report =
      histories<account>({.cases = 2000})
          .always([](const account& a) { return a.free >= 0; }, "nobody owes anything")
          .always(
              [](const account& a) {
                return std::all_of(a.held.begin(), a.held.end(),
                                   [](const auto& part) { return part.second > 0; });
              },
              "what is held is some money")
          .check();
  for (const auto& c : report.commands) EXPECT_GT(c.accepted, 50U) << report.to_string();
}

TEST(TransferHistories, P13_AGatewayConfirmsNothingButMoney) {
  const auto report =
      histories<gateway>({.cases = 2000})
          .always(
              [](const gateway& g) {
                return std::all_of(g.words.begin(), g.words.end(), [](const auto& known) {
                  return known.second.said != gateway::word::confirmed || known.second.cents > 0;
                });
              },
              "what is confirmed is some money")
          .check();
  for (const auto& c : report.commands) EXPECT_GT(c.accepted, 20U) << report.to_string();
}

}  // namespace
}  // namespace transfers
