// What a client may cost, and what it is told at the limit.

#include <chrono>
#include <thread>

#include "fasti/http.hpp"
#include "tests/support/http_client.hpp"

namespace fasti::test {
namespace {

using namespace std::chrono_literals;

http_server open(http_options options = {}) {
  std::vector<http_route> routes{
      {"/", [](const auto&) { return http_reply{.body = "here\n"}; }},
      {"/large", [](const auto&) { return http_reply{.body = std::string(32U << 20, 'x')}; }}};
  options.log = [](log_level, std::string_view) {};
  return http_server::open(std::move(routes), std::move(options)).value();
}

void wait_for_connections(const http_server& server, std::size_t n) {
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (server.stats().connections != n) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << server.stats().connections;
    std::this_thread::yield();
  }
}

TEST(HttpLimits, OneClientTooManyIsToldAndComesInLater) {
  const auto server = open({.connections_max = 2});
  http_client first(server.port());
  std::optional<http_client> second(std::in_place, server.port());
  wait_for_connections(server, 2);
  const auto third = get(server.port(), "/");
  EXPECT_EQ(third.status, 503);
  EXPECT_EQ(third.body, "as many clients are connected as may be; come back later\n");
  EXPECT_EQ(server.stats().refused, 1U);
  EXPECT_EQ(server.stats().connections, 2U);
  second.reset();
  wait_for_connections(server, 1);
  EXPECT_EQ(get(server.port(), "/").status, 200);
}

TEST(HttpLimits, ACrowdIsTurnedAwayAndTheServerGoesOn) {
  const auto server = open({.connections_max = 1});
  http_client inside(server.port());
  wait_for_connections(server, 1);
  std::vector<std::unique_ptr<http_client>> crowd;
  for (int i = 0; i < 100; ++i) crowd.push_back(std::make_unique<http_client>(server.port()));
  for (auto& c : crowd) EXPECT_TRUE(c->is_ended());
  EXPECT_EQ(server.stats().refused, 100U);
  inside.ask("/");
  EXPECT_EQ(inside.read_answer().status, 200);
}

TEST(HttpLimits, ARequestThatIsTooLargeIsRefused) {
  const auto server = open({.request_bytes_max = 4096});
  const auto of = [](std::size_t bytes) { return "X-Long: " + std::string(bytes, 'x') + "\r\n"; };
  EXPECT_EQ(get(server.port(), "/", of(3000)).status, 200);
  EXPECT_EQ(get(server.port(), "/", of(5000)).status, 431);
  EXPECT_EQ(get(server.port(), "/", of(1U << 20)).status, 431);
  EXPECT_EQ(get(server.port(), "/" + std::string(9000, 'y')).status, 431);
  EXPECT_EQ(server.stats().refused, 3U);
  http_client again(server.port());
  for (int i = 0; i < 5; ++i) {  // the limit is one request's, not the connection's
    again.ask("/", of(3000));
    EXPECT_EQ(again.read_answer().status, 200);
  }
}

TEST(HttpLimits, GarbageIsRefused) {
  const auto server = open();
  const std::string zeros(100, '\0');
  for (const std::string garbage :
       {"nonsense\r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon here\r\n\r\n", "GET / HTTP/1.1\r\n: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n"}) {
    http_client c(server.port());
    c.send(garbage);
    const auto a = c.read_answer();
    EXPECT_GE(a.status, 400) << garbage << a.body;
    EXPECT_LT(a.status, 600);
  }
  http_client c(server.port());
  c.send(zeros);
  c.close();
  EXPECT_EQ(get(server.port(), "/").status, 200);
}

TEST(HttpLimits, WhoDoesNotFinishItsRequestIsLetGoOf) {
  const auto server = open({.request_timeout = 30ms});
  http_client silent(server.port());
  http_client begun(server.port());
  begun.send("GET / HTTP/1.1\r\nHost: loc");
  http_client served(server.port());
  served.ask("/");
  EXPECT_EQ(served.read_answer().status, 200);
  for (auto* c : {&silent, &begun, &served}) EXPECT_TRUE(c->is_ended());
  wait_for_connections(server, 0);
}

TEST(HttpLimits, WhoTakesNothingIsLetGoOf) {
  const auto server = open({.stalled_timeout = 50ms});
  http_client stalled(server.port(), 4096);
  stalled.ask("/large");
  wait_for_connections(server, 1);
  wait_for_connections(server, 0);  // it is not ours that has closed
  EXPECT_TRUE(stalled.is_connected());
}

TEST(HttpLimits, WhoIsSlowButTakesItGetsAll) {
  const auto server = open({.stalled_timeout = 10s});
  http_client slow(server.port(), 4096);
  slow.ask("/large");
  EXPECT_EQ(slow.read_answer().body.size(), 32U << 20);
}

TEST(HttpLimits, WhoLeavesInTheMiddleOfAnAnswerIsForgotten) {
  const auto server = open();
  for (int i = 0; i < 20; ++i) {
    http_client c(server.port(), 4096);
    c.ask("/large");
    EXPECT_EQ(c.read_head().status, 200);
    i % 2 == 0 ? c.close() : c.reset();
  }
  wait_for_connections(server, 0);
}

}  // namespace
}  // namespace fasti::test
