// What goes with a command: where it comes from, who asks, until when.
#include "library.hpp"

namespace library {
namespace {

TEST(GuideWithACommand, ItsOriginIsStoredWithItsEvents) {
  fasti::testing::runtime_in_memory<book> rt;
  acquire(*rt, "book-solaris", "Solaris");
  // [origin]
  const auto visit = fasti::unique_id::of("ada's visit on Monday");
  const auto request = fasti::unique_id::of("request 77");
  auto trace =
      fasti::trace_context::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");

  auto lent = rt->send<Lend>("book-solaris", to("ada"),
                             {.correlation = visit,
                              .causation = request,
                              .metadata = "desk 3",
                              .trace = trace.value_or(fasti::trace_context{})})
                  .get();

  auto read = rt->journal().read({.after = fasti::position{1}}, [&](const auto& e) {
    EXPECT_EQ(e.command, lent->command);
    EXPECT_EQ(e.correlation, visit);
    EXPECT_EQ(e.causation, request);
    EXPECT_EQ(e.metadata, "desk 3");
    EXPECT_EQ(e.trace.to_string(), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    return fasti::visit::more;
  });
  EXPECT_TRUE(read);
  // [/origin]
}

TEST(GuideWithACommand, TagsFindEventsAgain) {
  fasti::testing::runtime_in_memory<book> rt;
  for (const auto* name : {"book-solaris", "book-dune"}) acquire(*rt, name, "a title");
  lend(*rt, "book-solaris", "ada");
  lend(*rt, "book-dune", "ben");
  // [tags]
  std::vector<std::string> borrowed;  // by Ada, whichever book it was
  auto read = rt->journal().read({.tags = {"member-ada"}}, [&](const auto& e) {
    borrowed.emplace_back(e.stream);
    return fasti::visit::more;
  });
  EXPECT_EQ(borrowed, std::vector<std::string>{"book-solaris"});
  // [/tags]
  EXPECT_TRUE(read);
}

TEST(GuideWithACommand, ADeadlineLeavesNobodyInDoubt) {
  fasti::testing::runtime_in_memory<book> rt;
  acquire(*rt, "book-solaris", "Solaris");
  // [deadline]
  const auto in_two_seconds = rt.clock().now() + 2s;
  rt.clock().advance(3s);
  auto late = rt->send<Lend>("book-solaris", to("ada"), {}, {.deadline = in_two_seconds}).get();
  EXPECT_EQ(late.error().code, fasti::errc::unavailable);
  EXPECT_EQ(late.error().reason, "deadline-passed");
  // [/deadline]
  // [cancel]
  const auto wish = fasti::cancellation::make();
  wish.cancel();  // from any thread; Ada has closed the page
  auto dropped = rt->send<Lend>("book-solaris", to("ada"), {}, {.cancelled_by = wish}).get();
  EXPECT_EQ(dropped.error().reason, "cancelled");
  EXPECT_EQ(rt->journal().head(), fasti::position{1});
  // [/cancel]
}

TEST(GuideWithACommand, WhoAsksIsAskedAbout) {
  // [authorise]
  fasti::runtime_options options;
  options.authorise = [](const fasti::access_request& wants) -> fasti::result<void> {
    if (wants.principal == "librarian") return {};
    const bool only_looks = wants.what != fasti::access_request::kind::command;
    if (only_looks && !wants.principal.empty()) return {};
    return fasti::error{fasti::errc::rejected, "librarians-only", std::string(wants.target)};
  };
  fasti::testing::runtime_in_memory<book> rt(std::move(options));

  auto as = [](const char* who) { return fasti::conditions{.principal = who}; };
  EXPECT_TRUE(rt->send<Acquire>("book-solaris", titled("Solaris"), {}, as("librarian")).get());
  auto no = rt->send<Acquire>("book-dune", titled("Dune"), {}, as("ada")).get();
  EXPECT_EQ(no.error().reason, "librarians-only");
  EXPECT_TRUE((rt->query<book, WhereIs>(
                     "book-solaris", [](auto) {}, as("ada"))
                   .get()));
  EXPECT_FALSE((rt->query<book, WhereIs>("book-solaris", [](auto) {}).get()));  // nobody was named
  // [/authorise]
}

}  // namespace
}  // namespace library
