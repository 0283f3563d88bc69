// Commands through the public API: receipts, rejections, refusals, repeats.

#include "fasti/testing/runtime.hpp"
#include "runtime/core/aggregate_machine.hpp"
#include "tests/runtime/ledger_kit.hpp"

namespace {

using namespace fasti;
using namespace fasti::test;

class Send : public both_storages {};
INSTANTIATE_TEST_SUITE_P(, Send, ::testing::Values(storage::leveldb, storage::memory),
                         storage_name);

TEST_P(Send, P1_AReceiptSaysWhatIsInTheJournal) {
  auto rt = open();
  static_cast<void>(deposit(rt, "ledger-other", 1));
  const auto id = command_id::of("first");
  const auto r = deposit(rt, "ledger-a", 500, {.id = id});
  ASSERT_TRUE(r.has_value()) << r.error().to_string();
  EXPECT_EQ(r->stream.text(), "ledger-a");
  EXPECT_EQ(r->version, version{1});
  EXPECT_EQ(r->position, position{2});
  EXPECT_EQ(r->command, id);
  EXPECT_EQ(r->events, 1U);
  EXPECT_EQ(r->what, committed::kind::fresh);
  EXPECT_EQ(rt.journal().head(), position{2});
  EXPECT_TRUE(rt.journal().find_command(id).has_value());
}

TEST_P(Send, P3_ACommandOfSeveralEventsIsOneReceipt) {
  auto rt = open();
  const auto r = answer_of(rt.send<Split>("ledger-a", [](auto c) {
    auto parts = c.initParts(3);
    for (unsigned i = 0; i < 3; ++i) parts.set(i, 10);
  }));
  ASSERT_TRUE(r.has_value());
  EXPECT_EQ(r->events, 3U);
  EXPECT_EQ(r->version, version{3});
  EXPECT_EQ(state_balance(rt, "ledger-a"), 30);
}

TEST_P(Send, ARejectionCarriesTheReasonAndStoresNothing) {
  auto rt = open();
  const auto r = withdraw(rt, "ledger-a", 1);
  ASSERT_FALSE(r.has_value());
  EXPECT_EQ(r.error().code, errc::rejected);
  EXPECT_EQ(r.error().reason, "insufficient-funds");
  EXPECT_EQ(r.error().detail, "balance too low");
  EXPECT_EQ(rt.journal().head(), no_position);
}

TEST_P(Send, NothingHadToHappenIsAReceiptWithoutEvents) {
  auto rt = open();
  static_cast<void>(deposit(rt, "ledger-a", 1));
  const auto r = misbehave(rt, "ledger-a", Misbehave::How::NOTHING);
  ASSERT_TRUE(r.has_value());
  EXPECT_EQ(r->events, 0U);
  EXPECT_EQ(r->version, version{1});
}

result<replied<Drawn>> draw(runtime& rt, std::string_view stream, std::int64_t cents,
                            command_origin origin = {}) {
  return answer_of(rt.send<ledger, Draw>(
      stream, [cents](auto c) { c.setCents(cents); }, std::move(origin)));
}

TEST_P(Send, P1_ACommandWithAReplyOfItsOwnGetsIt) {
  auto rt = open();
  static_cast<void>(deposit(rt, "ledger-a", 100));
  const auto done = draw(rt, "ledger-a", 30);
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_EQ(done->reply->getLeft(), 70);
  EXPECT_EQ(done->receipt.version, version{2});
  EXPECT_EQ(done->receipt.events, 1U);
  EXPECT_EQ(draw(rt, "ledger-a", 0)->reply->getLeft(), 70) << "nothing had to happen";
  EXPECT_EQ(draw(rt, "ledger-a", 71).error().reason, "insufficient-funds");
}

TEST_P(Send, AReplyIsForWhoAsksForIt) {
  auto rt = open();
  static_cast<void>(deposit(rt, "ledger-a", 100));
  const auto plain = answer_of(rt.send<Draw>("ledger-a", [](auto c) { c.setCents(1); }));
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->reply.type, type_id_of<Drawn>) << "a plain send has it undecoded";
  EXPECT_TRUE(deposit(rt, "ledger-a", 1)->reply.is_none());
  EXPECT_EQ(draw(rt, "other-a", 1).error().reason, "other-category");
  EXPECT_EQ(draw(rt, "ledger", 1).error().code, errc::invalid) << "no key";
}

TEST_P(Send, P8_ARepeatGetsTheFirstReply) {
  auto rt = open();
  static_cast<void>(deposit(rt, "ledger-a", 100));
  const command_origin origin{.id = command_id::of("draw once")};
  const auto first = draw(rt, "ledger-a", 30, origin);
  static_cast<void>(deposit(rt, "ledger-a", 5));
  const auto again = draw(rt, "ledger-a", 30, origin);
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(again->receipt.what, committed::kind::repeat);
  EXPECT_EQ(again->receipt.position, first->receipt.position);
  EXPECT_EQ(again->reply->getLeft(), 70);
  EXPECT_EQ(draw(rt, "ledger-a", 31, origin).error().reason, "command-id-reused");
  EXPECT_EQ(state_balance(rt, "ledger-a"), 75);
}

TEST_P(Send, P8_ACommandThatWasStoredWithoutItsReplySaysSo) {
  auto rt = open();
  static_cast<void>(deposit(rt, "ledger-a", 100));
  // As an earlier version of the program did, in which Draw had no reply.
  const auto id = command_id::of("draw once");
  const auto stream = stream_id::of("ledger", "a");
  const auto body = build<Draw>([](auto c) { c.setCents(30); });
  commit c;
  c.origin.id = id;
  c.fingerprint = core::fingerprint_of(stream, type_id_of<Draw>, body);
  c.parts.push_back({stream, expected_version::any(), 1});
  c.bodies = build<Withdrawn>([](auto e) { e.setCents(30); });
  c.events.push_back({type_id_of<Withdrawn>, static_cast<std::uint32_t>(c.bodies.size())});
  ASSERT_TRUE(append_and_wait(rt.journal(), std::move(c)));
  const auto again = draw(rt, "ledger-a", 30, {.id = id});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().reason, "other-reply");
  EXPECT_NE(again.error().detail.find("version 2 of ledger-a"), std::string::npos)
      << again.error().detail;
}

TEST_P(Send, TagsAndTraceAreThereForThoseWhoRead) {
  auto rt = open();
  static_cast<void>(deposit(rt, "ledger-a", 100));
  const auto trace =
      *trace_context::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  ASSERT_TRUE(draw(rt, "ledger-a", 30, {.trace = trace}));
  int seen = 0;
  const auto read = rt.journal().read({.tags = {"drawn"}}, [&](const recorded_event& e) {
    ++seen;
    EXPECT_EQ(e.version, version{2});
    EXPECT_EQ(e.trace, trace);
    EXPECT_TRUE(e.tags.contains("drawn"));
    EXPECT_FALSE(e.tags.contains("dra"));
    return visit::more;
  });
  ASSERT_TRUE(read);
  EXPECT_EQ(seen, 1);
}

TEST_P(Send, WhatIsLateOrCancelledIsRefusedAndNotStored) {
  auto rt = open();
  const auto one = [](auto c) { c.setCents(1); };
  const auto late = answer_of(
      rt.send<Deposit>("ledger-a", one, {}, {.deadline = system_now() - std::chrono::hours{1}}));
  EXPECT_EQ(late.error().reason, "deadline-passed");
  const auto wish = cancellation::make();
  EXPECT_TRUE(answer_of(rt.send<Deposit>("ledger-a", one, {}, {.cancelled_by = wish})));
  wish.cancel();
  const auto cancelled = answer_of(rt.send<Deposit>("ledger-a", one, {}, {.cancelled_by = wish}));
  EXPECT_EQ(cancelled.error().reason, "cancelled");
  EXPECT_EQ(answer_of(rt.query<ledger, GetBalance>("ledger-a", [](auto) {}, {.cancelled_by = wish}))
                .error()
                .reason,
            "cancelled");
  EXPECT_EQ(state_balance(rt, "ledger-a"), 1);
  EXPECT_EQ(rt.stats().commands_in_flight, 0U);
}

/// Its sender changes his mind, and his time is up, when it has been decided.
struct belated {
  static constexpr auto category = "belated";
  using commands = types<Deposit>;
  using events = types<Deposited>;

  decision decide(Deposit::Reader c, emit& out) const {
    out.event<Deposited>().setCents(c.getCents());
    return accept();
  }
  void evolve(Deposited::Reader) {
    under.cancelled_by.cancel();
    clock.advance(std::chrono::hours{1});
  }

  static inline fasti::testing::driven_clock clock{timestamp{std::chrono::hours{24}}};
  static inline conditions under;
};

TEST_P(Send, P12_WhatIsDecidedIsNotTakenBack) {
  auto o = options();
  o.clock = [] { return belated::clock.now(); };
  auto rt = *runtime::open<belated>(std::move(o));
  belated::under = {.deadline = belated::clock.now() + std::chrono::minutes{1},
                    .cancelled_by = cancellation::make()};
  const auto cents = [](auto c) { c.setCents(1); };
  const auto r = answer_of(rt.send<Deposit>("belated-a", cents, {}, belated::under));
  ASSERT_TRUE(r) << r.error().to_string();
  EXPECT_EQ(rt.journal().head(), position{1});
  EXPECT_EQ(answer_of(rt.send<Deposit>("belated-a", cents, {}, belated::under)).error().reason,
            "cancelled")
      << "both came true, but after the first was decided";
  belated::under.cancelled_by = {};
  EXPECT_EQ(answer_of(rt.send<Deposit>("belated-a", cents, {}, belated::under)).error().reason,
            "deadline-passed");
}

TEST_P(Send, NobodyGetsPastTheAuthoriser) {
  auto o = options();
  o.authorise = [](const access_request& wants) -> result<void> {
    if (wants.principal == "teller") return {};
    if (wants.principal == "crash") throw std::runtime_error("who?");
    const bool reads = wants.what != access_request::kind::command;
    if (reads && wants.principal == "auditor") return {};
    return error{errc::rejected, "not-allowed",
                 std::string(wants.principal) + " at " + std::string(wants.target)};
  };
  auto rt = ledger_test::open(o);
  const auto put = [&rt](std::string_view who) {
    return answer_of(rt.send<Deposit>("ledger-a", [](auto c) { c.setCents(7); }, {},
                                      {.principal = std::string(who)}));
  };
  const auto look = [&rt](std::string_view who) {
    return answer_of(
        rt.query<ledger, GetBalance>("ledger-a", [](auto) {}, {.principal = std::string(who)}));
  };
  const auto view = [&rt](std::string_view who) {
    return view_row(rt, "a", {.visible_at = position{1}, .principal = std::string(who)});
  };
  EXPECT_EQ(put("").error().reason, "not-allowed");
  EXPECT_EQ(look("").error().reason, "not-allowed");
  EXPECT_EQ(rt.stats().aggregates_live, 0U) << "asked before its aggregate hears of it";
  ASSERT_TRUE(put("teller"));
  for (const auto* who : {"auditor", ""}) {
    EXPECT_EQ(put(who).error().reason, "not-allowed") << who;
    EXPECT_EQ(put(who).error().detail, std::string(who) + " at ledger-a");
  }
  EXPECT_EQ(put("crash").error().reason, "authorise-failed") << "not let in";
  EXPECT_EQ((*look("auditor"))->getCents(), 7);
  EXPECT_EQ((*view("auditor"))->getCents(), 7);
  EXPECT_EQ(view("").error().detail, " at balances");
  EXPECT_EQ(rt.journal().head(), position{1});
}

TEST_P(Send, RefusesWhatItDoesNotKnow) {
  auto rt = open();
  EXPECT_EQ(deposit(rt, "unheard-a", 1).error().reason, "unknown-category");
  const auto not_a_command = answer_of(rt.send<GetBalance>("ledger-a", [](auto) {}));
  EXPECT_EQ(not_a_command.error().reason, "unknown-command");
  EXPECT_EQ(rt.stats().commands_in_flight, 0U);
  EXPECT_EQ(rt.stats().aggregates_live, 0U);
}

TEST_P(Send, RefusesMalformedStreams) {
  auto rt = open();
  const std::string too_long = "ledger-" + std::string(stream_id::bytes_max, 'x');
  for (const std::string& bad : {std::string(), std::string("ledger"), std::string("ledger-"),
                                 std::string("-a"), too_long}) {
    const auto r = deposit(rt, bad, 1);
    ASSERT_FALSE(r.has_value()) << bad;
    EXPECT_EQ(r.error().code, errc::invalid) << bad;
  }
}

TEST_P(Send, AnyBytesMakeAKey) {
  auto rt = open();
  const std::string odd("ledger-a-b\0\xff ", 13);
  EXPECT_TRUE(deposit(rt, odd, 7).has_value());
  EXPECT_EQ(state_balance(rt, odd), 7);
  EXPECT_EQ(*rt.journal().stream_version(*stream_id::parse(odd)), version{1});
}

TEST_P(Send, OriginIsStoredWithTheEvents) {
  auto rt = open();
  const auto id = command_id::of("c");
  const auto correlation = unique_id::of("conversation");
  const auto causation = unique_id::of("cause");
  static_cast<void>(deposit(rt, "ledger-a", 1, {id, correlation, causation, "by: teller 7"}));
  int seen = 0;
  static_cast<void>(rt.journal()
                        .read({},
                              [&](const recorded_event& e) {
                                ++seen;
                                EXPECT_EQ(e.command, id);
                                EXPECT_EQ(e.correlation, correlation);
                                EXPECT_EQ(e.causation, causation);
                                EXPECT_EQ(e.metadata, "by: teller 7");
                                return visit::more;
                              })
                        .has_value());
  EXPECT_EQ(seen, 1);
}

TEST_P(Send, ACommandWithoutAnIdGetsAFreshOne) {
  auto rt = open();
  const auto first = deposit(rt, "ledger-a", 1);
  const auto second = deposit(rt, "ledger-a", 1);
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->command, second->command);
  for (const auto& id : {first->command, second->command}) {
    EXPECT_EQ(id.high >> 12U & 0xFU, 7U) << "a UUID of version 7: " << id.to_string();
  }
  ASSERT_TRUE(rt.journal().read({.to = position{1}}, [&](const recorded_event& e) {
    EXPECT_EQ(e.command, first->command);
    EXPECT_EQ(e.correlation, first->command);
    EXPECT_EQ(e.causation, first->command);
    return visit::more;
  }));
}

TEST_P(Send, WhatIsOverALimitIsRefusedAndTheAggregateGoesOn) {
  auto o = options();
  o.journal.commit_events_max = 100;
  o.journal.metadata_bytes_max = 10;
  auto rt = open(o);
  static_cast<void>(deposit(rt, "ledger-a", 5));
  EXPECT_EQ(misbehave(rt, "ledger-a", Misbehave::How::MANY).error().code, errc::invalid);
  command_origin chatty;
  chatty.metadata = std::string(11, 'x');
  EXPECT_EQ(deposit(rt, "ledger-a", 5, chatty).error().code, errc::invalid);
  const auto r = deposit(rt, "ledger-a", 5);
  ASSERT_TRUE(r.has_value());
  EXPECT_EQ(r->version, version{2});
  EXPECT_EQ(state_balance(rt, "ledger-a"), 10);
}

TEST_P(Send, P8_ARepeatGetsTheFirstOutcome) {
  auto rt = open();
  const auto id = command_id::of("pay once");
  const auto first = deposit(rt, "ledger-a", 100, {.id = id});
  static_cast<void>(deposit(rt, "ledger-a", 1));
  const auto again = deposit(rt, "ledger-a", 100, {.id = id});
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->what, committed::kind::repeat);
  EXPECT_EQ(again->version, first->version);
  EXPECT_EQ(again->position, first->position);
  EXPECT_EQ(again->events, first->events);
  EXPECT_EQ(again->time, first->time);
  EXPECT_EQ(state_balance(rt, "ledger-a"), 101);
}

TEST_P(Send, P8_RepeatsAtTheSameTimeHaveOneEffect) {
  auto rt = open();
  const auto id = command_id::of("pay once");
  std::vector<std::future<result<receipt>>> sent;
  for (int i = 0; i < 50; ++i) sent.push_back(start_deposit(rt, "ledger-a", 100, {.id = id}));
  int fresh = 0;
  for (auto& s : sent) {
    const auto r = answer_of(std::move(s));
    ASSERT_TRUE(r.has_value()) << r.error().to_string();
    EXPECT_EQ(r->version, version{1});
    fresh += r->what == committed::kind::fresh ? 1 : 0;
  }
  EXPECT_EQ(fresh, 1);
  EXPECT_EQ(state_balance(rt, "ledger-a"), 100);
}

TEST_P(Send, P8_TheSameIdWithAnotherPayloadOrStreamIsAnError) {
  auto rt = open();
  const auto id = command_id::of("pay once");
  static_cast<void>(deposit(rt, "ledger-a", 100, {.id = id}));
  EXPECT_EQ(deposit(rt, "ledger-a", 101, {.id = id}).error().reason, "command-id-reused");
  EXPECT_EQ(deposit(rt, "ledger-b", 100, {.id = id}).error().reason, "command-id-reused");
  EXPECT_EQ(rt.journal().head(), position{1});
  EXPECT_TRUE(deposit(rt, "ledger-b", 1).has_value());
}

TEST_P(Send, P8_TheSameIdOnTwoStreamsAtOnceHasOneEffect) {
  auto rt = open();
  for (int round = 0; round < 20; ++round) {
    const auto id = command_id::of(std::to_string(round));
    auto a = start_deposit(rt, "ledger-a", 100, {.id = id});
    auto b = start_deposit(rt, "ledger-b", 100, {.id = id});
    const auto ra = answer_of(std::move(a));
    const auto rb = answer_of(std::move(b));
    EXPECT_NE(ra.has_value(), rb.has_value());
    const auto& failed = ra ? rb : ra;
    EXPECT_EQ(failed.error().reason, "command-id-reused") << failed.error().to_string();
  }
  EXPECT_EQ(state_balance(rt, "ledger-a") + state_balance(rt, "ledger-b"), 2000);
}

TEST_P(Send, P8_ARejectedCommandMayBeSentAgain) {
  auto rt = open();
  const auto id = command_id::of("later");
  const auto pay = [&] {
    return answer_of(rt.send<Withdraw>("ledger-a", [](auto c) { c.setCents(5); }, {.id = id}));
  };
  EXPECT_EQ(pay().error().reason, "insufficient-funds");
  static_cast<void>(deposit(rt, "ledger-a", 5));
  EXPECT_TRUE(pay().has_value());
}

TEST_P(Send, UserCodeThatThrowsIsAnAnswer) {
  auto rt = open();
  static_cast<void>(deposit(rt, "ledger-a", 5));
  const auto decide = misbehave(rt, "ledger-a", Misbehave::How::THROW_IN_DECIDE);
  EXPECT_EQ(decide.error().reason, "decide-failed");
  EXPECT_NE(decide.error().detail.find("decide is cross"), std::string::npos);
  const auto number = misbehave(rt, "ledger-a", Misbehave::How::THROW_A_NUMBER);
  EXPECT_EQ(number.error().reason, "decide-failed");
  EXPECT_NE(number.error().detail.find("not a std::exception"), std::string::npos);
  const auto evolve = misbehave(rt, "ledger-a", Misbehave::How::THROW_IN_EVOLVE);
  EXPECT_EQ(evolve.error().reason, "evolve-failed");
  const auto endless = misbehave(rt, "ledger-a", Misbehave::How::ENDLESS);
  EXPECT_EQ(endless.error().reason, "decide-failed");
  EXPECT_NE(endless.error().detail.find("without an end"), std::string::npos);
  const auto unknown = misbehave(rt, "ledger-a", Misbehave::How::UNDECLARED_EVENT);
  EXPECT_EQ(unknown.error().code, errc::rejected);
  EXPECT_EQ(state_balance(rt, "ledger-a"), 5) << "a state half changed is not kept";
  EXPECT_TRUE(deposit(rt, "ledger-a", 5).has_value());
  EXPECT_EQ(rt.journal().head(), position{2});
}

TEST_P(Send, AnAggregateThatIsOvertakenDecidesAnew) {
  auto rt = open();
  static_cast<void>(deposit(rt, "ledger-a", 5));
  commit c;
  c.origin.id = command_id::generate();
  c.parts.push_back({*stream_id::parse("ledger-a"), expected_version::exactly(version{1}), 1});
  c.bodies = build<Deposited>([](auto e) { e.setCents(1); });
  c.events.push_back({type_id_of<Deposited>, static_cast<std::uint32_t>(c.bodies.size())});
  ASSERT_TRUE(append_and_wait(rt.journal(), c).has_value());
  const auto r = deposit(rt, "ledger-a", 10);
  ASSERT_TRUE(r.has_value()) << r.error().to_string();
  EXPECT_EQ(r->version, version{3});
  EXPECT_EQ(state_balance(rt, "ledger-a"), 16);
}

TEST_P(Send, WhoIsOvertakenAgainAndAgainIsToldSo) {
  auto o = options();
  o.conflict_retries_max = 3;
  auto rt = *runtime::open<jostled>(std::move(o));
  jostled::into = &rt.journal();
  jostled::decided = 0;
  const auto r = answer_of(rt.send<Deposit>("jostled-a", [](auto c) { c.setCents(5); }));
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, errc::conflict) << r.error().to_string();
  EXPECT_EQ(jostled::decided, 4U);
  EXPECT_EQ(rt.journal().head(), position{4}) << "only what the others wrote";
}

}  // namespace
