// Event streams over real sockets: resumed without a gap, bounded, and gone with their clients.

#include <random>

#include "fasti/metrics.hpp"
#include "tests/runtime/ledger_kit.hpp"
#include "tests/support/http_client.hpp"

namespace fasti::test {
namespace {

using namespace std::chrono_literals;
using numbers = std::vector<std::uint64_t>;

std::optional<std::string> cents_of(const recorded_event& e) {
  body_reader body(e.body);
  return std::to_string(body.root<Deposited>().getCents());
}
/// 16 KiB an event: some dozens fill all buffers on the way to a client.
std::optional<std::string> long_text(const recorded_event&) { return std::string(16U << 10, 'x'); }

numbers from_to(std::uint64_t first, std::uint64_t last) {
  numbers all;
  for (auto n = first; n <= last; ++n) all.push_back(n);
  return all;
}
numbers take(http_client& c, std::size_t n) {
  numbers ids;
  while (ids.size() < n) {
    const auto e = c.next_message();
    if (!e || !e->id) break;
    ids.push_back(*e->id);
  }
  return ids;
}
std::string last_id(std::uint64_t id) { return "Last-Event-ID: " + std::to_string(id) + "\r\n"; }

class HttpEvents : public ledger_test {
 protected:
  void deposit_some(int n) {
    std::vector<std::future<result<receipt>>> sent;
    for (int i = 0; i < n; ++i) sent.push_back(start_deposit(rt, "ledger-a", ++cents));
    for (auto& s : sent) ASSERT_TRUE(answer_of(std::move(s)));
  }
  [[nodiscard]] http_server serve(event_stream stream, http_options o = {}) {
    stream.of = &rt;
    o.log = options().log;
    return http_server::open({{"/events", std::move(stream)}, metrics_route(rt), health_route(rt)},
                             std::move(o))
        .value();
  }
  [[nodiscard]] http_server serve() { return serve({.data = cents_of}); }
  [[nodiscard]] bool comes_to_streams(const http_server& server, std::size_t n) {
    return comes_true(
        [&] { return server.stats().streams == n && rt.stats().subscriptions.size() == n; });
  }

  runtime rt = open();
  int cents = 0;
};

TEST_F(HttpEvents, GiveWhatIsThereAndWhatComesWithPositionsAsIds) {
  deposit_some(3);
  const auto server = serve();
  http_client c(server.port());
  c.ask("/events");
  const auto head = c.read_head();
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("content-type"), "text/event-stream");
  EXPECT_EQ(head.headers.at("cache-control"), "no-store");
  for (std::uint64_t n = 1; n <= 3; ++n) {
    const auto e = c.next_message();
    ASSERT_TRUE(e);
    EXPECT_EQ(e->id, n);
    EXPECT_EQ(e->data, std::to_string(n));
  }
  deposit_some(2);
  EXPECT_EQ(take(c, 2), from_to(4, 5));
}

/// Clients that are cut off at random, each time in another way, while somebody writes.
TEST_F(HttpEvents, P4_WhoComesBackMissesNothingAndGetsNothingTwice) {
  constexpr std::uint64_t all = 4000;
  const auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const auto server = serve({.options = {.batch_events_max = 64}, .data = cents_of});
  std::thread writer([this] {
    for (int i = 0; i < 40; ++i) deposit_some(100);
  });
  numbers seen;
  std::size_t cuts = 0;
  while (seen.size() < all && !HasFailure()) {
    http_client c(server.port());
    c.follow("/events", seen.empty() ? "" : last_id(seen.back()));
    const auto n = std::min<std::size_t>(1 + random() % 300, all - seen.size());
    const auto ids = take(c, n);
    seen.insert(seen.end(), ids.begin(), ids.end());
    random() % 2 == 0 ? c.close() : c.reset();
    ++cuts;
  }
  writer.join();
  EXPECT_EQ(seen, from_to(1, all));
  EXPECT_GT(cuts, 5U);
  EXPECT_TRUE(comes_to_streams(server, 0));
}

TEST_F(HttpEvents, BeginWhereTheClientSays) {
  deposit_some(5);
  const auto server = serve();
  http_client behind(server.port());
  behind.follow("/events", last_id(3));
  EXPECT_EQ(take(behind, 2), from_to(4, 5));

  http_client by_query(server.port());
  by_query.follow("/events?after=4");
  EXPECT_EQ(take(by_query, 1), from_to(5, 5));

  http_client both(server.port());  // a browser that comes back has the newer word in the header
  both.follow("/events?after=1", last_id(4));
  EXPECT_EQ(take(both, 1), from_to(5, 5));
}

TEST_F(HttpEvents, APlaceThatIsNoneIsRefused) {
  deposit_some(5);
  const auto server = serve();
  const auto malformed = get(server.port(), "/events", "Last-Event-ID: five\r\n");
  EXPECT_EQ(malformed.status, 400);
  EXPECT_NE(malformed.body.find("\"five\" is not the id of an event"), std::string::npos);
  EXPECT_EQ(get(server.port(), "/events?after=").status, 400);
  const auto ahead = get(server.port(), "/events", last_id(6));
  EXPECT_EQ(ahead.status, 409);
  EXPECT_NE(ahead.body.find("checkpoint-ahead"), std::string::npos) << ahead.body;
  EXPECT_TRUE(rt.stats().subscriptions.empty());
}

/// One that begins with what comes is told where that is: cut off before the first event, it
/// comes back to the same place.
TEST_F(HttpEvents, P4_WhoBeginsNowHasAPlaceBeforeTheFirstEvent) {
  deposit_some(3);
  const auto server = serve({.options = {.from = start_at::now()}, .data = cents_of});
  http_client c(server.port());
  c.follow("/events");
  const auto first = c.next_event();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->id, 3U);
  c.close();
  deposit_some(2);
  http_client again(server.port());
  again.follow("/events", last_id(*first->id));
  EXPECT_EQ(take(again, 2), from_to(4, 5));
}

TEST_F(HttpEvents, WhatIsLeftOutMovesThePlaceAllTheSame) {
  deposit_some(10);
  const auto server = serve({.data = [](const recorded_event& e) {
    return count_of(e.position) == 2 ? cents_of(e) : std::nullopt;
  }});
  http_client c(server.port());
  c.follow("/events");
  EXPECT_EQ(take(c, 1), from_to(2, 2));
  const auto place = c.next_event();
  ASSERT_TRUE(place);
  EXPECT_EQ(place->id, 10U);
  EXPECT_FALSE(place->data);
}

/// Tens of megabytes wait for a client that does not read: two batches and the buffers on the way
/// are all that it holds; another one gets everything meanwhile, and in the end so does this one.
TEST_F(HttpEvents, P6_WhoDoesNotReadHoldsTwoBatchesAndSlowsNobody) {
  constexpr int all = 2000;
  const auto server =
      serve({.options = {.name = "feed", .batch_events_max = 4}, .data = long_text});
  http_client slow(server.port(), 8192);
  slow.follow("/events");
  ASSERT_TRUE(comes_to_streams(server, 1));
  deposit_some(all);
  http_client quick(server.port());
  quick.follow("/events");
  EXPECT_EQ(take(quick, all), from_to(1, all));
  quick.close();
  ASSERT_TRUE(comes_to_streams(server, 1));
  const auto status = rt.stats().subscriptions.at(0);
  EXPECT_EQ(status.batches_held, 2U);
  EXPECT_LT(status.given_up_to, position{100}) << "of 32 MB it was given less than 2";
  EXPECT_EQ(take(slow, all), from_to(1, all));
}

TEST_F(HttpEvents, AClientThatVanishesIsForgottenAtOnce) {
  deposit_some(10);
  const auto server = serve({.data = cents_of}, {.heartbeat = 1h});  // it is not what finds them
  for (const bool is_reset : {false, true}) {
    http_client c(server.port());
    c.follow("/events");
    EXPECT_EQ(take(c, 10), from_to(1, 10));
    EXPECT_TRUE(comes_to_streams(server, 1));
    is_reset ? c.reset() : c.close();
    EXPECT_TRUE(comes_to_streams(server, 0));
  }
  EXPECT_TRUE(comes_true([&] { return server.stats().connections == 0; }));
}

TEST_F(HttpEvents, AClientThatVanishesInTheMiddleOfAWriteIsForgottenToo) {
  deposit_some(1000);
  const auto server = serve({.data = long_text}, {.stalled_timeout = 1h, .heartbeat = 1h});
  for (const bool is_reset : {false, true}) {
    http_client c(server.port(), 8192);
    c.follow("/events");
    EXPECT_EQ(take(c, 1), from_to(1, 1));
    is_reset ? c.reset() : c.close();
    EXPECT_TRUE(comes_to_streams(server, 0));
  }
}

TEST_F(HttpEvents, AClientThatTakesNothingForTooLongIsLetGoOf) {
  deposit_some(1000);
  const auto server = serve({.data = long_text}, {.stalled_timeout = 50ms});
  http_client c(server.port(), 8192);
  c.follow("/events");
  EXPECT_TRUE(comes_to_streams(server, 0));
  EXPECT_TRUE(c.is_connected());
}

TEST_F(HttpEvents, WhereNothingComesACommentDoes) {
  const auto server = serve({.data = cents_of}, {.heartbeat = 10ms});
  http_client c(server.port());
  c.follow("/events");
  for (int i = 0; i < 3; ++i) {
    auto e = c.next_event();
    while (e && !e->is_comment) e = c.next_event();
    ASSERT_TRUE(e);
  }
  deposit_some(1);
  EXPECT_EQ(take(c, 1), from_to(1, 1));
}

TEST_F(HttpEvents, OneStreamTooManyIsToldAndComesInLater) {
  const auto server = serve({.data = cents_of}, {.streams_max = 1});
  http_client first(server.port());
  first.follow("/events");
  const auto second = get(server.port(), "/events");
  EXPECT_EQ(second.status, 503);
  EXPECT_EQ(get(server.port(), "/health").status, 200) << "who wants no stream is served";
  first.close();
  EXPECT_TRUE(comes_to_streams(server, 0));
  http_client third(server.port());
  third.ask("/events");
  EXPECT_EQ(third.read_head().status, 200);
}

TEST_F(HttpEvents, HeadSaysThatThereIsAStreamAndBeginsNone) {
  const auto server = serve();
  const auto a = get(server.port(), "/events", {}, "HEAD");
  EXPECT_EQ(a.status, 200);
  EXPECT_EQ(a.headers.at("content-type"), "text/event-stream");
  EXPECT_TRUE(comes_to_streams(server, 0));
}

TEST_F(HttpEvents, ATextThatCannotBeMadeEndsItsStreamBehindThoseThatCould) {
  deposit_some(5);
  const auto server = serve({.data = [](const recorded_event& e) {
    if (count_of(e.position) == 4) throw std::runtime_error("cross");
    return cents_of(e);
  }});
  http_client c(server.port());
  c.follow("/events");
  EXPECT_EQ(take(c, 3), from_to(1, 3));
  const auto end = c.next_event();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->name, "ended");
  EXPECT_FALSE(c.next_event());
  EXPECT_NE(logged().find("an event stream ends: cross"), std::string::npos) << logged();
  EXPECT_TRUE(comes_to_streams(server, 0));
}

TEST_F(HttpEvents, TheServerEndsWhileClientsFollow) {
  deposit_some(1000);
  std::optional<http_server> server(serve({.data = long_text}));
  http_client stalled(server->port(), 8192);
  http_client reads(server->port());
  for (auto* c : {&stalled, &reads}) {
    c->follow("/events");
  }
  EXPECT_EQ(take(reads, 10), from_to(1, 10));
  server.reset();
  EXPECT_TRUE(reads.is_ended());
  EXPECT_TRUE(stalled.is_ended());
  EXPECT_TRUE(comes_true([&] { return rt.stats().subscriptions.empty(); }));
  EXPECT_TRUE(deposit(rt, "ledger-a", 1));
}

TEST_F(HttpEvents, TheRuntimeClosesWhileClientsFollow) {
  deposit_some(5);
  const auto server = serve();
  http_client c(server.port());
  c.follow("/events");
  EXPECT_EQ(take(c, 5), from_to(1, 5));
  ASSERT_TRUE(rt.close());
  auto end = c.next_event();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->name, "ended");
  EXPECT_EQ(end->data->substr(0, 6), "closed") << *end->data;
  EXPECT_FALSE(c.next_event());
  for (const auto* path : {"/events", "/metrics", "/health"}) {
    const auto a = get(server.port(), path);
    EXPECT_EQ(a.status, 503) << path;
    EXPECT_TRUE(a.body.starts_with("closed")) << a.body;
  }
}

TEST_F(HttpEvents, ARuntimeThatClosesDoesNotWaitForAClientThatDoesNotRead) {
  deposit_some(1000);
  const auto server = serve({.data = long_text}, {.stalled_timeout = 1h});
  http_client c(server.port(), 8192);
  c.follow("/events");
  ASSERT_TRUE(comes_true([&] {
    const auto all = rt.stats().subscriptions;
    return all.size() == 1 && all[0].batches_held == 2;
  }));
  EXPECT_TRUE(rt.close());
}

}  // namespace
}  // namespace fasti::test
