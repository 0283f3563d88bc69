// The server as a browser or scraper meets it: requests, refusals, its own beginning and end.

#include <thread>
#include <vector>

#include "fasti/http.hpp"
#include "tests/support/http_client.hpp"

namespace fasti::test {
namespace {

http_reply say_hello(const http_request& r) {
  return {.body = "hello " + r.parameter("name").value_or("world") + "\n"};
}

http_server open(http_options options = {}) {
  std::vector<http_route> routes{
      {"/", say_hello},
      {"/page", [](const auto&) { return http_reply{.content_type = "text/html", .body = "<p>"}; }},
      {"/throws", [](const auto&) -> http_reply { throw std::runtime_error("cross"); }}};
  options.log = [](log_level, std::string_view) {};
  return http_server::open(std::move(routes), std::move(options)).value();
}

TEST(HttpServer, AnswersWhatItHasARouteFor) {
  const auto server = open();
  const auto a = get(server.port(), "/?x=1&name=Ada%20L%2e");
  EXPECT_EQ(a.status, 200);
  EXPECT_EQ(a.body, "hello Ada L.\n");
  EXPECT_EQ(a.headers.at("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(get(server.port(), "/page").headers.at("content-type"), "text/html");
  EXPECT_EQ(server.stats().requests, 2U);
}

TEST(HttpServer, HeadIsGetWithoutTheBody) {
  const auto server = open();
  const auto a = get(server.port(), "/", {}, "HEAD");
  EXPECT_EQ(a.status, 200);
  EXPECT_EQ(a.headers.at("content-length"), "12");
  EXPECT_EQ(a.body, "");
}

TEST(HttpServer, AConnectionServesOneRequestAfterTheOther) {
  const auto server = open();
  http_client c(server.port());
  c.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET /page HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(c.read_answer().body, "hello world\n");
  EXPECT_EQ(c.read_answer().body, "<p>");
  c.ask("/none");
  EXPECT_EQ(c.read_answer().status, 404);
}

TEST(HttpServer, SaysWhatItDoesNotHaveOrDo) {
  const auto server = open();
  const auto nothing = get(server.port(), "/nothing");
  EXPECT_EQ(nothing.status, 404);
  EXPECT_EQ(nothing.body, "there is nothing here of that name\n");
  const auto post = get(server.port(), "/", "Content-Length: 0\r\n", "POST");
  EXPECT_EQ(post.status, 405);
  EXPECT_EQ(post.headers.at("allow"), "GET, HEAD");
  EXPECT_EQ(get(server.port(), "/", {}, "BREW").status, 501);
  EXPECT_EQ(get(server.port(), "http://localhost/").status, 400);
}

TEST(HttpServer, AHandlerThatThrowsHurtsNobody) {
  const auto server = open();
  const auto a = get(server.port(), "/throws");
  EXPECT_EQ(a.status, 500);
  EXPECT_EQ(a.body.find("cross"), std::string::npos) << "what went wrong inside is for the log";
  EXPECT_EQ(get(server.port(), "/").status, 200);
}

TEST(HttpServer, WhoNamesAnotherHostIsRefused) {
  const auto server = open();
  for (const auto* mine : {"localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:1", "[::1]:80"}) {
    const auto host = "Host: " + std::string(mine) + "\r\n";
    EXPECT_EQ(get(server.port(), "/", host).status, 200) << mine;
  }
  for (const auto* other :
       {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example:80", "",
        "localhost:", "localhost:x", "127.0.0.2", "localhost:80 evil.example", "[::1].evil"}) {
    const auto host = "Host: " + std::string(other) + "\r\n";
    EXPECT_EQ(get(server.port(), "/", host).status, 403) << other;
  }
  http_client without(server.port());
  without.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(without.read_answer().status, 403);
}

TEST(HttpServer, APageMayLoadWhatIsHereAndNothingElse) {
  const auto server = open();
  for (const auto* path : {"/page", "/nothing"}) {
    const auto a = get(server.port(), path);
    EXPECT_TRUE(a.headers.at("content-security-policy").starts_with("default-src 'self';"));
    EXPECT_EQ(a.headers.at("x-content-type-options"), "nosniff");
    EXPECT_EQ(a.headers.at("cross-origin-resource-policy"), "same-origin");
    EXPECT_EQ(a.headers.at("cache-control"), "no-store");
    EXPECT_FALSE(a.headers.contains("access-control-allow-origin"));
  }
}

TEST(HttpServer, ListensOnLoopbackOnly) {
  const auto server = open();
  // This machine's as well, but not the address that it listens on: who listens on all has it.
  EXPECT_FALSE(http_client(server.port(), 0, "127.0.0.2").is_connected());
  EXPECT_EQ(server.url(), "http://127.0.0.1:" + std::to_string(server.port()));
}

TEST(HttpServer, ListensOnTheOtherLoopbackIfAsked) {
  http_options options{.on = loopback::ipv6};
  auto opened = http_server::open({{"/", say_hello}}, options);
  if (!opened) GTEST_SKIP() << "no IPv6 here: " << opened.error().to_string();
  EXPECT_EQ(opened->url(), "http://[::1]:" + std::to_string(opened->port()));
  http_client c(opened->port(), 0, "::1");
  c.ask("/");
  EXPECT_EQ(c.read_answer().status, 200);
  EXPECT_FALSE(http_client(opened->port()).is_connected());
}

TEST(HttpServer, APortThatIsTakenIsToldAndFreeWithItsServer) {
  std::optional<http_server> first(open());
  const http_options same{.port = first->port()};
  const auto refused = http_server::open({{"/", say_hello}}, same);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::unavailable);
  EXPECT_EQ(refused.error().reason, "port-taken");
  EXPECT_NE(refused.error().detail.find(std::to_string(same.port)), std::string::npos);
  EXPECT_EQ(get(same.port, "/").status, 200);  // leaves the server with a connection to wind up
  first.reset();
  EXPECT_TRUE(http_server::open({{"/", say_hello}}, same));
}

TEST(HttpServer, RoutesThatMakeNoSenseAreRefused) {
  const auto reason = [](std::vector<http_route> routes) {
    const auto opened = http_server::open(std::move(routes));
    return opened ? "" : opened.error().reason;
  };
  EXPECT_EQ(reason({{"here", say_hello}}), "malformed-route");
  EXPECT_EQ(reason({{"/", say_hello}, {"/", say_hello}}), "malformed-route");
  EXPECT_EQ(reason({{"/", http_handler()}}), "malformed-route");
  EXPECT_EQ(reason({{"/", event_stream{}}}), "malformed-route");
}

TEST(HttpServer, EndsWhileClientsAreConnected) {
  std::optional<http_server> server(open());
  http_client idle(server->port());
  http_client served(server->port());
  served.ask("/");
  EXPECT_EQ(served.read_answer().status, 200);
  http_client asks(server->port());
  asks.send("GET / HTTP/1.1\r\nHo");
  server.reset();
  for (auto* c : {&idle, &served, &asks}) EXPECT_TRUE(c->is_ended());
}

TEST(HttpServer, ServesManyAtOnce) {
  const auto server = open();
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([port = server.port()] {
      for (int n = 0; n < 50; ++n) EXPECT_EQ(get(port, "/").status, 200);
    });
  }
  for (auto& c : clients) c.join();
  EXPECT_EQ(server.stats().requests, 400U);
}

}  // namespace
}  // namespace fasti::test
