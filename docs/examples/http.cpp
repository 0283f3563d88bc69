// The library on a page: figures, health, and loans as they happen.
#include <fasti/metrics.hpp>

#include "library.hpp"

namespace library {
namespace {

TEST(GuideHttp, FiguresForAScraper) {
  fasti::testing::runtime_in_memory<book> rt;
  // [serve]
  auto figures = fasti::serve_metrics(*rt, {.port = 0});  // 0: any port that is free
  ASSERT_TRUE(figures) << figures.error().to_string();

  const auto address = figures->url() + "/metrics";  // http://127.0.0.1:41753/metrics
  // [/serve]
  EXPECT_EQ(address, "http://127.0.0.1:" + std::to_string(figures->port()) + "/metrics");
  acquire(*rt, "book-solaris", "Solaris");
  // [text]
  const auto stats = rt->stats();
  const auto late = fasti::lag_times_of(*rt, stats);
  const auto text = fasti::metrics_text(stats, *late);
  EXPECT_NE(text.find("\nfasti_journal_head_position 1\n"), text.npos);
  EXPECT_NE(text.find("\nfasti_aggregates_active 1\n"), text.npos);

  EXPECT_TRUE(fasti::troubles_of(stats).empty());
  // [/text]
}

TEST(GuideHttp, LoansAsTheyHappen) {
  fasti::testing::runtime_in_memory<book> rt;
  // [stream]
  const auto loan = [](const fasti::recorded_event& e) -> std::optional<std::string> {
    if (e.is_truncated()) return std::nullopt;  // left out
    fasti::body_reader body(e.body);
    return std::string(e.key()) + " to " + body.root<Lent>().getMember().cStr();
  };
  const auto page = [](const fasti::http_request&) {
    return fasti::http_reply{.content_type = "text/html",
                             .body = "<script src=/loans.js></script>"};
  };
  auto server = fasti::http_server::open(
      {{"/", page},
       {"/loans",
        fasti::event_stream{
            .of = &*rt, .options = {.only = {.types = {fasti::type_id_of<Lent>}}}, .data = loan}},
       fasti::health_route(*rt)},
      {.port = 0});
  ASSERT_TRUE(server) << server.error().to_string();
  // [/stream]
  EXPECT_EQ(server->stats().streams, 0U);
  // [taken]
  const auto second = fasti::http_server::open({{"/", page}}, {.port = server->port()});
  EXPECT_EQ(second.error().code, fasti::errc::unavailable);
  EXPECT_EQ(second.error().reason, "port-taken");
  // [/taken]
}

}  // namespace
}  // namespace library
