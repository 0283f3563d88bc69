// The runtime as CAF's users have it: their system, their actors, their way of asking.

#include <caf/sec.hpp>

#include "tests/actors/caf/application.hpp"
#if FASTI_CAF_META
#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/json_reader.hpp>
#include <caf/json_writer.hpp>
#endif

namespace fasti::test {
namespace {

TEST_F(RuntimeActor, ACommandIsCommitted) {
  open();
  const auto r = send(deposit_of(500));
  ASSERT_TRUE(r.has_value()) << r.error().to_string();
  EXPECT_EQ(r->stream.text(), "ledger-a");
  EXPECT_EQ(r->version, version{1});
  EXPECT_EQ(rt_->journal().head(), r->position);
  EXPECT_EQ(state_balance(*rt_, "ledger-a"), 500);
}

TEST_F(RuntimeActor, IsAskedInTheWordsOfTheCafAtHand) {
  open();
  std::promise<version> stored;
  spawn(*system_, [this, &stored](caf::event_based_actor* self) {
    const auto on_receipt = [&stored](const receipt& r) { stored.set_value(r.version); };
    const auto on_error = [](const caf::error& e) { FAIL() << to_error(e).to_string(); };
#if FASTI_CAF_MAIL
    self->mail(deposit_of(1)).request(bank_, 60s).then(on_receipt, on_error);
#else
    self->request(bank_, 60s, deposit_of(1)).then(on_receipt, on_error);
#endif
  });
  EXPECT_EQ(stored.get_future().get(), version{1});
}

TEST_F(RuntimeActor, AThreadAsksThroughAScopedActor) {
  open();
  caf::scoped_actor self{*system_};
  version stored{};
  fasti::request(self, bank_, 60s, deposit_of(1))
      .receive([&stored](const receipt& r) { stored = r.version; },
               [](const caf::error& e) { FAIL() << to_error(e).to_string(); });
  EXPECT_EQ(stored, version{1});
}

TEST_F(RuntimeActor, ARejectionIsAnErrorWithItsReason) {
  open();
  std::promise<caf::error> refused;
  spawn(*system_, [this, &refused](caf::event_based_actor* self) {
    fasti::request(self, bank_, caf::infinite, withdraw_of(1))
        .then([](const receipt&) { FAIL(); },
              [&refused](const caf::error& e) { refused.set_value(e); });
  });
  const auto e = refused.get_future().get();
  EXPECT_TRUE(e == errc::rejected);
  EXPECT_FALSE(e == errc::conflict);
  EXPECT_EQ(to_error(e), (error{errc::rejected, "insufficient-funds", "balance too low"}));
  const auto text = to_string(e);
  EXPECT_NE(text.find("insufficient-funds"), text.npos) << text;
  EXPECT_NE(text.find(next_step(errc::rejected)), text.npos) << text;
}

TEST_F(RuntimeActor, ADeclaredReplyComesWithTheReceipt) {
  open();
  ASSERT_TRUE(send(deposit_of(500)).has_value());
  auto r = send(command<ledger, Draw>("ledger-a", [](auto c) { c.setCents(200); }));
  ASSERT_TRUE(r.has_value()) << r.error().to_string();
  EXPECT_EQ(with_reply<Balance>(*r).error().reason, "other-reply");
  const auto done = with_reply<Drawn>(*std::move(r));
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(done->reply->getLeft(), 300);
  EXPECT_EQ(done->receipt.version, version{2});
}

TEST_F(RuntimeActor, P8_ARepeatGetsTheFirstOutcome) {
  open();
  const command_origin origin{.id = command_id::of("once")};
  auto message = command<Deposit>(
      "ledger-a", [](auto c) { c.setCents(5); }, origin);
  const auto first = send(message);
  const auto again = send(message);
  ASSERT_TRUE(first.has_value() && again.has_value());
  EXPECT_EQ(again->what, committed::kind::repeat);
  EXPECT_EQ(again->position, first->position);
}

TEST_F(RuntimeActor, ConditionsCount) {
  open();
  const auto late = send(
      command<Deposit>("ledger-a", [](auto c) { c.setCents(5); }, {}, {.deadline = timestamp{}}));
  EXPECT_EQ(late.error().reason, "deadline-passed");
}

TEST_F(RuntimeActor, TheAuthoriserHearsWhoAsks) {
  auto o = options();
  o.authorise = [](const access_request& wants) -> result<void> {
    if (wants.principal == "teller") return {};
    return error{errc::rejected, "not-allowed", std::string(wants.principal)};
  };
  open(std::move(o));
  const auto cents = [](auto c) { c.setCents(5); };
  const auto deposit = [&](const char* who) {
    return send(command<Deposit>("ledger-a", cents, {}, {.principal = who}));
  };
  const auto both = [&](const char* who) {
    return ask<joint_receipt>(joint_command_message{
        {to<ledger, Deposit>("ledger-a", cents), to<ledger, Deposit>("ledger-b", cents)},
        {},
        {.principal = who}});
  };
  const auto look = [&](const char* who) {
    return ask<answer>(query<ledger, GetBalance>("ledger-a", [](auto) {}, {.principal = who}));
  };
  const auto view = [&](const char* who) {
    return ask<answer>(row_of("a", {.visible_at = position{3}, .principal = who}));
  };
  EXPECT_TRUE(deposit("teller").has_value());
  EXPECT_TRUE(both("teller").has_value());
  EXPECT_EQ(balance_in(*look("teller")), 10);
  EXPECT_EQ(balance_in(*view("teller")), 10);
  EXPECT_EQ(deposit("thief").error(), (error{errc::rejected, "not-allowed", "thief"}));
  EXPECT_EQ(both("thief").error().reason, "not-allowed");
  EXPECT_EQ(look("thief").error().reason, "not-allowed");
  EXPECT_EQ(view("thief").error().reason, "not-allowed");
  EXPECT_EQ(rt_->journal().head(), position{3});
}

TEST_F(RuntimeActor, ACommandGoesToItsDecidersStreamsOnly) {
  open();
  const auto fill = [](auto c) { c.setCents(5); };
  EXPECT_EQ(send(command<ledger, Deposit>("other-a", fill)).error().reason, "other-category");
  EXPECT_EQ(send(command<Deposit>("other-a", fill)).error().reason, "unknown-category");
}

TEST_F(RuntimeActor, ViewsAndAggregatesAnswer) {
  open();
  const auto r = send(deposit_of(500));
  ASSERT_TRUE(r.has_value());
  const auto row = ask<answer>(row_of("a", {.visible_at = r->position}));
  ASSERT_TRUE(row.has_value()) << row.error().to_string();
  EXPECT_EQ(balance_in(*row), 500);
  EXPECT_FALSE(row->as<Drawn>().has_value());
  const auto state = ask<answer>(query<ledger, GetBalance>("ledger-a", [](auto) {}));
  ASSERT_TRUE(state.has_value()) << state.error().to_string();
  EXPECT_EQ(balance_in(*state), 500);
  EXPECT_EQ(ask<answer>(row_of("nobody")).error().reason, "no-such-account");
}

TEST_F(RuntimeActor, CommandsTogetherAreOneCommit) {
  open();
  ASSERT_TRUE(send(deposit_of(500)).has_value());
  const auto cents = [](auto c) { c.setCents(200); };
  const auto r = ask<joint_receipt>(joint_command_message{
      {to<ledger, Withdraw>("ledger-a", cents), to<ledger, Deposit>("ledger-b", cents)}});
  ASSERT_TRUE(r.has_value()) << r.error().to_string();
  EXPECT_EQ(r->parts.size(), 2U);
  EXPECT_EQ(state_balance(*rt_, "ledger-b"), 200);
}

TEST_F(RuntimeActor, ManyRequestsOfManyActorsAreAllAnswered) {
  open();
  std::vector<std::future<result<receipt>>> sent;
  for (int i = 0; i < 2000; ++i) {
    sent.push_back(
        asked<receipt>(*system_, bank_, deposit_of(1, "ledger-" + std::to_string(i % 9))));
  }
  for (auto& s : sent) EXPECT_TRUE(answer_of(std::move(s)).has_value());
  EXPECT_EQ(rt_->stats().commands_in_flight, 0U);
}

TEST_F(RuntimeActor, P6_WhatIsTooMuchIsRefusedAtOnce) {
  auto o = options();
  o.queries_waiting_max = 3;
  open(o);
  std::vector<std::future<result<answer>>> waiting;
  for (int i = 0; i < 20; ++i) {
    waiting.push_back(asked<answer>(*system_, bank_, row_of("a", {.visible_at = position{1}})));
  }
  const auto is_answered = [](auto& w) { return w.wait_for(0s) == std::future_status::ready; };
  const auto answered = [&] { return std::count_if(waiting.begin(), waiting.end(), is_answered); };
  // As long as nothing is stored only refusals come. Those which the view had taken to its bench
  // wait outside of its queue.
  EXPECT_TRUE(comes_true([&] { return answered() >= 20 - 2 * 3; }));
  ASSERT_TRUE(send(deposit_of(5)).has_value());
  int stored = 0;
  for (auto& w : waiting) {
    const auto a = answer_of(std::move(w));
    stored += a ? 1 : 0;
    if (a) continue;
    EXPECT_EQ(a.error().code, errc::unavailable);
    EXPECT_EQ(a.error().reason, "queue-full");
  }
  EXPECT_GE(stored, 3);
}

/// Holds the journal's writer: a disk as slow as the test wants.
struct held_clock {
  timestamp now() {
    while (held && std::this_thread::get_id() != owner) std::this_thread::yield();
    return system_now();
  }
  std::atomic<bool> held{false};
  const std::thread::id owner = std::this_thread::get_id();
};

TEST_F(RuntimeActor, P6_ABusyNodeRefusesAndTakesAgainLater) {
  const auto clock = std::make_shared<held_clock>();
  auto o = options();
  o.commands_in_flight_max = 3;
  o.clock = [clock] { return clock->now(); };
  open(o);
  clock->held = true;
  std::vector<std::future<result<receipt>>> sent;
  for (int i = 0; i < 5; ++i) {
    const auto stream = "ledger-" + std::to_string(i);
    sent.push_back(asked<receipt>(*system_, bank_, deposit_of(1, stream)));
  }
  const auto is_answered = [](auto& s) { return s.wait_for(0s) == std::future_status::ready; };
  EXPECT_TRUE(
      comes_true([&] { return std::count_if(sent.begin(), sent.end(), is_answered) == 2; }));
  clock->held = false;
  int stored = 0;
  for (auto& s : sent) {
    const auto r = answer_of(std::move(s));
    stored += r ? 1 : 0;
    if (r) continue;
    EXPECT_EQ(r.error().reason, "node-busy");
  }
  EXPECT_EQ(stored, 3);
  EXPECT_TRUE(send(deposit_of(1)).has_value());
}

TEST_F(RuntimeActor, WhatNobodyWaitsForIsLoggedWhenItFails) {
  open();
  actors::send(bank_, withdraw_of(7));
  EXPECT_TRUE(comes_true([&] { return logged().find("insufficient-funds") != std::string::npos; }));
}

TEST_F(RuntimeActor, AMessageThatIsNoRequestBringsItsSenderNoAnswer) {
  open();
  std::promise<void> alive;
  spawn(*system_, [this, &alive](caf::event_based_actor* self) {
#if FASTI_CAF_MAIL
    self->mail(withdraw_of(7)).send(bank_);
#else
    self->send(bank_, withdraw_of(7));
#endif
    // An error that came as a message would end this actor before it is told so.
    fasti::request(self, bank_, caf::infinite, deposit_of(1))
        .then([&alive](const receipt&) { alive.set_value(); }, [](const caf::error&) { FAIL(); });
  });
  EXPECT_EQ(alive.get_future().wait_for(answer_limit), std::future_status::ready);
}

TEST_F(RuntimeActor, WhatItDoesNotUnderstandIsRefused) {
  open();
  const auto untyped = caf::actor_cast<caf::actor>(bank_);
  std::promise<caf::error> refused;
  spawn(*system_, [&](caf::event_based_actor* self) {
    const auto on_error = [&refused](const caf::error& e) { refused.set_value(e); };
#if FASTI_CAF_MAIL
    self->mail(std::string("hello")).request(untyped, caf::infinite).then([] { FAIL(); }, on_error);
#else
    self->request(untyped, caf::infinite, std::string("hello")).then([] { FAIL(); }, on_error);
#endif
  });
  EXPECT_TRUE(refused.get_future().get() == caf::sec::unexpected_message);
  actors::stop(bank_);
  EXPECT_TRUE(send(deposit_of(1)).has_value()) << "it does not stop because it is told to";
}

TEST_F(RuntimeActor, ANullHandleIsAnError) {
  bank_ = nullptr;
  EXPECT_EQ(send(deposit_of(1)).error().reason, "no-actor");
}

TEST_F(RuntimeActor, ARequestWhoseTimeIsUpIsUnknown) {
  open();
  const auto a = answer_of(asked<answer>(*system_, bank_, row_of("a", {.visible_at = position{1}}),
                                         std::chrono::milliseconds(1)));
  EXPECT_EQ(a.error().code, errc::unknown);
  EXPECT_EQ(a.error().reason, "request-timeout");
  ASSERT_TRUE(send(deposit_of(5)).has_value()) << "the answer that comes too late harms nobody";
}

TEST_F(RuntimeActor, AnActorThatNobodyHoldsGetsItsAnswer) {
  open();
  auto told = asked<answer>(*system_, bank_, row_of("a", {.visible_at = position{1}}));
  ASSERT_TRUE(deposit(*rt_, "ledger-a", 5).has_value());
  EXPECT_TRUE(answer_of(std::move(told)).has_value());
}

TEST_F(RuntimeActor, AnActorOfTheApplicationsMayDelegateToIt) {
  open();
  const auto front = spawn(*system_, [this](caf::event_based_actor* self) -> caf::behavior {
    return {[this, self](const errand& e) {
#if FASTI_CAF_MAIL
      return self->mail(deposit_of(e.cents)).delegate(bank_);
#else
      return self->delegate(bank_, deposit_of(e.cents));
#endif
    }};
  });
  caf::scoped_actor self{*system_};
  version stored{};
  const auto on_receipt = [&stored](const receipt& r) { stored = r.version; };
  const auto on_error = [](const caf::error& e) { FAIL() << to_error(e).to_string(); };
#if FASTI_CAF_MAIL
  self->mail(errand{5}).request(front, 60s).receive(on_receipt, on_error);
#else
  self->request(front, 60s, errand{5}).receive(on_receipt, on_error);
#endif
  EXPECT_EQ(stored, version{1});
  EXPECT_EQ(state_balance(*rt_, "ledger-a"), 5);
}

// -- errors --------------------------------------------------------------------------------------

TEST(CafErrors, AreTheSameWhenTheyHaveComeBack) {
  for (auto number = count_of(errc::rejected); number <= count_of(errc::closed); ++number) {
    const auto code = static_cast<errc>(number);
    const error e{code, "reason: with a colon", "detail\n"};
    EXPECT_EQ(to_error(to_caf_error(e)), e);
    EXPECT_TRUE(to_caf_error(e) == code);
    EXPECT_EQ(to_error(make_error(code)).code, code);
  }
}

#if FASTI_CAF_META
TEST(CafErrors, AreWrittenAndReadByName) {
  EXPECT_NE(to_string(make_error(errc::closed)).find("closed"), std::string::npos);
  for (auto number = count_of(errc::rejected); number <= count_of(errc::closed); ++number) {
    auto code = static_cast<errc>(number);
    caf::json_writer writer;
    ASSERT_TRUE(writer.apply(code));
    EXPECT_EQ(writer.str(), "\"" + std::string(name_of(code)) + "\"");
    caf::json_reader reader;
    ASSERT_TRUE(reader.load(writer.str()));
    errc read{};
    EXPECT_TRUE(reader.apply(read));
    EXPECT_EQ(read, code);
  }
  caf::json_reader reader;
  errc read{};
  ASSERT_TRUE(reader.load("\"unheard-of\""));
  EXPECT_FALSE(reader.apply(read));
}

TEST(CafErrors, AreWrittenAndReadAsBytes) {
  const auto e = to_caf_error({errc::closed, "reason", "detail"});
  caf::byte_buffer bytes;
  caf::binary_serializer sink{bytes};
  ASSERT_TRUE(sink.apply(e));
  caf::error read;
  caf::binary_deserializer source{bytes};
  ASSERT_TRUE(source.apply(read));
  EXPECT_EQ(to_error(read), to_error(e));
}
#endif

TEST(CafErrors, OfCafSayWhatIsKnown) {
  EXPECT_EQ(to_error(make_error(caf::sec::request_receiver_down)).code, errc::closed);
  EXPECT_EQ(to_error(make_error(caf::sec::request_timeout)).code, errc::unknown);
  EXPECT_EQ(to_error(make_error(caf::sec::runtime_error, std::string("oh"))).code, errc::unknown);
  EXPECT_EQ(to_error(caf::error{}).code, errc::unknown);
}

}  // namespace
}  // namespace fasti::test
