// The test kit that ships with fasti: it says yes to what holds, and no, in words, to all else.

#include <gtest/gtest.h>

#include "fasti/testing/given.hpp"
#include "tests/support/ledger.hpp"

namespace fasti::test {
namespace {

using testing::event;
using testing::given;
using testing::mismatch;

testing::message deposited_cents(std::int64_t cents) {
  return event<Deposited>([cents](auto e) { e.setCents(cents); });
}
auto cents(std::int64_t n) {
  return [n](auto message) { message.setCents(n); };
}

/// What the kit says to `wrong`.
template <class F>
std::string said_to(F&& wrong) {
  try {
    wrong();
  } catch (const mismatch& m) {
    return m.what();
  }
  return "nothing";
}

void expect_says(const std::string& text, std::initializer_list<std::string_view> parts) {
  for (const auto part : parts) EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST(Story, EventsRejectionsAndAnswers) {
  given<ledger>(deposited_cents(500))
      .when<Withdraw>([](auto c) {
        c.setCents(200);
        c.setNote("rent");
      })
      .then(event<Withdrawn>([](auto e) {
        e.setNote("rent");  // in another order: the same values
        e.setCents(200);
      }))
      .when<Withdraw>(cents(301))
      .then_rejected("insufficient-funds")
      .when<Withdraw>(cents(300))
      .then(event<Withdrawn>(cents(300)))
      .when_asked<GetBalance>([](auto) {})
      .then_answered([](auto r) {
        r.setCents(0);
        r.setEntries(3);
      })
      .with_state([](const ledger& l) { EXPECT_EQ(l.entries, 3U); });
}

TEST(Story, NothingHadToHappen) {
  given<ledger>().when<Split>().then_nothing().when<Deposit>(cents(1)).then(deposited_cents(1));
}

TEST(Story, AHistoryIsAValue) {
  const auto rich = given<ledger>(deposited_cents(500));
  auto one = rich;
  auto other = rich;
  std::move(one).when<Withdraw>(cents(500)).then(event<Withdrawn>(cents(500)));
  std::move(other).when<Withdraw>(cents(400)).then(event<Withdrawn>(cents(400)));
}

TEST(Story, OtherEventsAreTold) {
  const auto wrong_value =
      said_to([] { given<ledger>().when<Deposit>(cents(5)).then(deposited_cents(6)); });
  expect_says(wrong_value, {"ledger, when Deposit (cents = 5)", "expected\n  Deposited (cents = 6)",
                            "but it was accepted with\n  Deposited (cents = 5)"});
  expect_says(said_to([] { given<ledger>().when<Deposit>(cents(5)).then_nothing(); }),
              {"expected\n  no events", "Deposited (cents = 5)"});
  expect_says(said_to([] {
                given<ledger>().when<Deposit>(cents(5)).then(deposited_cents(5),
                                                             deposited_cents(5));
              }),
              {"accepted with\n  Deposited (cents = 5)"});
  expect_says(said_to([] { given<ledger>().when<Deposit>(cents(5)).then(event<Poisoned>()); }),
              {"expected\n  Poisoned"});
}

TEST(Story, OtherDecisionsAreTold) {
  expect_says(said_to([] { given<ledger>().when<Deposit>(cents(0)).then(deposited_cents(0)); }),
              {"but it was rejected for \"not-positive\""});
  expect_says(said_to([] { given<ledger>().when<Deposit>(cents(1)).then_rejected("too-much"); }),
              {"expected a rejection for \"too-much\"", "accepted with"});
  expect_says(
      said_to([] { given<ledger>().when<Withdraw>(cents(1)).then_rejected("not-positive"); }),
      {"rejected for \"insufficient-funds\" (balance too low)"});
  expect_says(said_to([] {
                given<ledger>().when_asked<GetBalance>([](auto) {}).then_answered([](auto r) {
                  r.setCents(1);
                });
              }),
              {"expected Balance (cents = 1", "but it was Balance (cents = 0"});
}

TEST(Story, WhatIsThrownIsTold) {
  const auto misbehave = [](Misbehave::How how) { return [how](auto c) { c.setHow(how); }; };
  expect_says(
      said_to([&] {
        given<ledger>().when<Misbehave>(misbehave(Misbehave::How::THROW_IN_DECIDE)).then_nothing();
      }),
      {"decide threw: decide is cross"});
  expect_says(
      said_to([&] {
        given<ledger>().when<Misbehave>(misbehave(Misbehave::How::THROW_IN_EVOLVE)).then_nothing();
      }),
      {"evolve threw at Poisoned", "evolve is cross"});
  expect_says(
      said_to([&] {
        given<ledger>().when<Misbehave>(misbehave(Misbehave::How::UNDECLARED_EVENT)).then_nothing();
      }),
      {"evolve threw at an event of a type that the decider does not list"});
  expect_says(said_to([] { auto told = given<ledger>(event<Undeclared>()); }),
              {"evolve threw at Undeclared"});
}

TEST(Story, AGoodDeciderHoldsThoroughly) {
  given<ledger>(deposited_cents(500))
      .thoroughly()
      .when<Withdraw>(cents(200))
      .then(event<Withdrawn>(cents(200)))
      .when<Withdraw>(cents(301))
      .then_rejected("insufficient-funds");
}

/// Looks at something beside its state.
struct fickle : ledger {
  static inline int asked = 0;
  using commands = types<Deposit>;
  using events = types<Deposited>;
  decision decide(Deposit::Reader, emit& out) const {
    out.event<Deposited>().setCents(++asked);
    return accept();
  }
};

/// Folds something that is not in the events.
struct drifting : ledger {
  static inline int folded = 0;
  using commands = types<Deposit>;
  using events = types<Deposited>;
  void evolve(Deposited::Reader e) { balance += e.getCents() + ++folded; }
};

/// Forgets a part of its state.
struct forgetful : ledger {
  using commands = types<Withdraw>;
  void load(LedgerState::Reader s) { entries = s.getEntries(); }
};

/// Saves all, but keeps something that decides elsewhere.
struct secretive : ledger {
  using commands = types<Deposit>;
  using events = types<Deposited>;
  decision decide(Deposit::Reader c, emit& out) const {
    if (closed) return reject("closed");
    return ledger::decide(c, out);
  }
  void evolve(Deposited::Reader e) {
    ledger::evolve(e);
    closed = true;
  }
  bool closed = false;
};

TEST(Story, ThoroughlyFindsADeciderThatIsNotPure) {
  expect_says(said_to([] {
                given<fickle>().thoroughly().when<Deposit>(cents(1)).then(deposited_cents(1));
              }),
              {"deciding twice does not give the same", "first it was", "then it was"});
}

/// A state as nobody's decider makes it: an event that it does not know is none to it.
class careless_state final : public fasti::detail::aggregate_state {
 public:
  decision decide(type_id command, body_view body, const command_context& at,
                  emit& out) const override {
    return of_.decide(command, body, at, out);
  }
  void evolve(type_id event, body_view body) override {
    if (event == type_id_of<Deposited>) of_.evolve(event, body);
  }
  decision answer(type_id query, body_view body, ::capnp::MessageBuilder& reply) const override {
    return of_.answer(query, body, reply);
  }
  bool wants_snapshot() const override { return false; }
  void save(::capnp::MessageBuilder& into) const override { of_.save(into); }
  void load(body_view body) override { of_.load(body); }

 private:
  fasti::detail::aggregate_state_of<ledger> of_;
};

TEST(Story, ThoroughlyFindsAnUnknownEventThatIsNotRefused) {
  auto port = fasti::detail::port_of_decider<ledger>();
  port.make = [] { return std::make_unique<careless_state>(); };
  testing::detail::story story(port, testing::detail::schemas_of(ledger::events{}));
  story.be_thorough();
  expect_says(said_to([&story] {
                story.decide(event<Deposit>(cents(1)));
                story.expect_events({deposited_cents(1)});
              }),
              {"an event of a type that it does not list is not refused"});
}

TEST(Story, P13_ThoroughlyFindsAFoldThatIsNotOne) {
  expect_says(said_to([] {
                given<drifting>(deposited_cents(1))
                    .thoroughly()
                    .when<Deposit>(cents(1))
                    .then(deposited_cents(1));
              }),
              {"folding the same events twice does not give the same state"});
}

TEST(Story, P13_ThoroughlyFindsASnapshotThatLacksSomething) {
  expect_says(said_to([] {
                given<forgetful>(deposited_cents(5))
                    .thoroughly()
                    .when<Withdraw>(cents(1))
                    .then(event<Withdrawn>(cents(1)));
              }),
              {"does not save the same again"});
  expect_says(said_to([] {
                given<secretive>(deposited_cents(5))
                    .thoroughly()
                    .when<Deposit>(cents(1))
                    .then_rejected("closed");
              }),
              {"does not decide the same", "then it was accepted"});
}

TEST(Story, ARepliedCommandHasItsReplyChecked) {
  const auto left = [](std::int64_t n) { return [n](auto r) { r.setLeft(n); }; };
  given<ledger>(deposited_cents(5))
      .thoroughly()
      .when<Draw>(cents(2))
      .then_replied(left(3))
      .then(event<Withdrawn>(cents(2)).tagged("drawn"))
      .when<Draw>(cents(0))
      .then_replied(left(3))
      .then_nothing();
  const auto fives = [] { return given<ledger>(deposited_cents(5)); };
  expect_says(
      said_to([&] { static_cast<void>(fives().when<Draw>(cents(2)).then_replied(left(4))); }),
      {"expected the reply", "left = 4", "left = 3"});
  expect_says(
      said_to([&] { static_cast<void>(fives().when<Draw>(cents(6)).then_replied(left(0))); }),
      {"expected the reply", "rejected for \"insufficient-funds\""});
}

TEST(Story, ATagIsPartOfAnEvent) {
  expect_says(said_to([] {
                given<ledger>(deposited_cents(5))
                    .when<Draw>(cents(2))
                    .then(event<Withdrawn>(cents(2)).tagged("other"));
              }),
              {"#other", "#drawn"});
}

struct in_context : ledger {
  using commands = types<Deposit>;
  decision decide(Deposit::Reader, emit& out, const command_context& at) const {
    if (at.now < timestamp{std::chrono::hours{9}}) return reject("closed");
    if (at.stream.text() != "ledger-night") return reject("wrong-door");
    out.event<Deposited>().setCents(static_cast<std::int64_t>(count_of(at.version)));
    return accept();
  }
};

TEST(Story, TheContextIsTheTests) {
  given<in_context>(deposited_cents(1), deposited_cents(1))
      .when<Deposit>(cents(1))
      .then_rejected("closed")
      .at(timestamp{std::chrono::hours{9}})
      .when<Deposit>(cents(1))
      .then_rejected("wrong-door")
      .on("ledger-night")
      .when<Deposit>(cents(1))
      .then(deposited_cents(2));
}

}  // namespace
}  // namespace fasti::test
