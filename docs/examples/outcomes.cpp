// What a command comes to, what to do then, and what user code may not break.
#include "library.hpp"

namespace library {
namespace {

// [next]
enum class next { go_on, tell_the_user, send_again, mend_the_call, tell_the_operator };

next after(const fasti::result<fasti::receipt>& outcome) {
  if (outcome) return next::go_on;  // committed: on the disk
  switch (outcome.error().code) {
    case fasti::errc::rejected:
      return next::tell_the_user;
    case fasti::errc::unavailable:  // a limit, a deadline, a disk that is full
    case fasti::errc::conflict:     // others were faster, again and again
    case fasti::errc::unknown:      // may be stored: with the same id it has one effect
      return next::send_again;
    case fasti::errc::invalid:
      return next::mend_the_call;
    case fasti::errc::corrupt:
    case fasti::errc::closed:
      break;
  }
  return next::tell_the_operator;
}
// [/next]

TEST(GuideOutcomes, SayWhatToDoNext) {
  fasti::testing::runtime_in_memory<book> rt;
  acquire(*rt, "book-solaris", "Solaris");
  const auto lend_to = [&rt](const char* stream, fasti::conditions under = {}) {
    return rt->send<Lend>(stream, to("ada"), {}, std::move(under)).get();
  };
  // [outcomes]
  EXPECT_EQ(after(lend_to("book-solaris")), next::go_on);
  EXPECT_EQ(after(lend_to("book-solaris")), next::tell_the_user);  // lent already
  EXPECT_EQ(after(lend_to("book-solaris", {.deadline = fasti::timestamp{}})), next::send_again);
  EXPECT_EQ(after(lend_to("magazine-geo")), next::mend_the_call);  // no such category
  EXPECT_TRUE(rt->close());
  EXPECT_EQ(after(lend_to("book-solaris")), next::tell_the_operator);
  // [/outcomes]
}

TEST(GuideOutcomes, TellInOneLine) {
  fasti::testing::runtime_in_memory<book> rt;
  acquire(*rt, "book-solaris", "Solaris");
  lend(*rt, "book-solaris", "ada");
  // [text]
  auto outcome = rt->send<Lend>("book-solaris", to("ben")).get();
  EXPECT_EQ(outcome.error().reason, "lent-already");  // for programs
  EXPECT_EQ(outcome.error().detail, "to ada");        // for people
  EXPECT_EQ(outcome.error().to_string(),
            "rejected: lent-already: to ada (nothing was stored; tell who asked)");
  // [/text]
}

// [moody]
struct moody {  // a decider with three bugs
  static constexpr auto category = "moody";
  using commands = fasti::types<Acquire, Join, HandBack>;
  using events = fasti::types<Acquired, Joined, HandedBack>;

  fasti::decision decide(Acquire::Reader, fasti::emit&) const { throw std::logic_error("not now"); }
  fasti::decision decide(Join::Reader, fasti::emit& out) const {
    while (true) out.event<Joined>();
  }
  fasti::decision decide(HandBack::Reader, fasti::emit& out) const {
    out.event<HandedBack>();
    return fasti::accept();
  }
  void evolve(Acquired::Reader) {}
  void evolve(Joined::Reader) {}
  void evolve(HandedBack::Reader) { throw std::logic_error("I will not"); }
};
// [/moody]

TEST(GuideOutcomes, AreErrorsWhenUserCodeThrows) {
  // [throws]
  fasti::testing::runtime_in_memory<moody> rt;
  const auto nothing = [](auto) {};

  auto thrown = rt->send<Acquire>("moody-1", nothing).get();
  EXPECT_EQ(thrown.error().code, fasti::errc::rejected);
  EXPECT_EQ(thrown.error().reason, "decide-failed");
  EXPECT_EQ(thrown.error().detail, "moody-1: decide threw not now");

  auto endless = rt->send<Join>("moody-1", nothing).get();
  EXPECT_EQ(endless.error().reason, "decide-failed");

  auto half_changed = rt->send<HandBack>("moody-1", nothing).get();
  EXPECT_EQ(half_changed.error().reason, "evolve-failed");

  EXPECT_EQ(rt->journal().head(), fasti::no_position);  // of all this nothing is stored
  // [/throws]
}

/// An event in the stream that its decider cannot fold.
void store_stray_event(fasti::journal& journal, std::string_view stream) {
  fasti::commit stray;
  stray.origin.id = fasti::command_id::generate();
  stray.parts.push_back({*fasti::stream_id::parse(stream), fasti::expected_version::any(), 1});
  stray.bodies = fasti::build<Joined>([](auto) {});
  stray.events.push_back(
      {fasti::type_id_of<Joined>, static_cast<std::uint32_t>(stray.bodies.size())});
  ASSERT_TRUE(fasti::append_and_wait(journal, std::move(stray)));
}

TEST(GuideOutcomes, NameThePlaceOfAnEventThatCannotBeFolded) {
  std::atomic<int> loads{0};
  fasti::testing::runtime_in_memory<book> rt(
      {.log = [&loads](fasti::log_level level, std::string_view) {
        if (level == fasti::log_level::error) ++loads;  // "book-solaris cannot be loaded: …"
      }});
  store_stray_event(rt->journal(), "book-solaris");
  // [corrupt]
  auto broken = rt->send<Lend>("book-solaris", to("ada")).get();
  EXPECT_EQ(broken.error().code, fasti::errc::corrupt);
  EXPECT_EQ(broken.error().reason, "evolve-failed");
  EXPECT_TRUE(broken.error().detail.starts_with("book-solaris version 1 at position 1: "));

  auto at_once = rt->send<Lend>("book-solaris", to("ada")).get();
  EXPECT_EQ(at_once.error(), broken.error());  // the same answer, and nothing was read
  EXPECT_EQ(loads, 1);

  rt.clock().advance(100ms);  // the first pause is over: it is tried again
  EXPECT_FALSE(rt->send<Lend>("book-solaris", to("ada")).get());
  EXPECT_EQ(loads, 2);
  // [/corrupt]
}

}  // namespace
}  // namespace library
