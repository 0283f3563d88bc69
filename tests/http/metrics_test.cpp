// The text of the figures, line by line, and the same over HTTP from a runtime at work.

#include "fasti/metrics.hpp"

#include "tests/runtime/ledger_kit.hpp"
#include "tests/support/http_client.hpp"

namespace fasti::test {
namespace {

using namespace std::chrono_literals;

/// The lines that begin so.
std::string lines_with(const std::string& text, std::string_view begin) {
  std::string found;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at) + 1;
    const auto line = text.substr(at, end - at);
    if (line.starts_with(begin)) found += line;
    at = end;
  }
  return found;
}

/// The value of the one sample that is written so.
double value_of(const std::string& text, const std::string& sample) {
  const auto lines = lines_with(text, sample + " ");
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 1) << sample << "\n" << text;
  return lines.empty() ? -1 : std::stod(lines.substr(sample.size() + 1));
}

TEST(MetricsText, CountersAndGaugesSayWhatTheyAre) {
  runtime_stats s;
  s.journal.head = position{17};
  s.journal.commits = 5;
  s.journal.open_duration = 1500ms;
  s.journal.commits_waiting = 3;
  s.aggregates_live = 2;
  s.snapshots_saved = 1;
  const auto text = metrics_text(s);
  EXPECT_NE(text.find("# HELP fasti_journal_head_position Position of the newest durable event.\n"
                      "# TYPE fasti_journal_head_position gauge\n"
                      "fasti_journal_head_position 17\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("# TYPE fasti_journal_commits_total counter\n"
                      "fasti_journal_commits_total 5\n"),
            std::string::npos);
  EXPECT_EQ(value_of(text, "fasti_journal_open_seconds"), 1.5);
  EXPECT_EQ(value_of(text, "fasti_journal_commits_waiting"), 3);
  EXPECT_EQ(value_of(text, "fasti_aggregates_active"), 2);
  EXPECT_EQ(value_of(text, "fasti_snapshots_saved_total"), 1);
  EXPECT_EQ(value_of(text, "fasti_journal_stopped"), 0);
}

TEST(MetricsText, HistogramsAreCumulativeAndInTheirUnit) {
  runtime_stats s;
  s.journal.append_us.record(10, 2);       // below the first bucket: in it
  s.journal.append_us.record(64);          // 64 us: at its upper end
  s.journal.append_us.record(65);          // … and behind it
  s.journal.append_us.record(60'000'000);  // beyond the last
  const auto text = metrics_text(s);
  EXPECT_EQ(lines_with(text, "fasti_journal_append_seconds_bucket{le=\"1.6e-05\"}"),
            "fasti_journal_append_seconds_bucket{le=\"1.6e-05\"} 2\n");
  EXPECT_EQ(value_of(text, "fasti_journal_append_seconds_bucket{le=\"6.4e-05\"}"), 3);
  EXPECT_EQ(value_of(text, "fasti_journal_append_seconds_bucket{le=\"0.000128\"}"), 4);
  EXPECT_EQ(value_of(text, "fasti_journal_append_seconds_bucket{le=\"16.777216\"}"), 4);
  EXPECT_EQ(value_of(text, "fasti_journal_append_seconds_bucket{le=\"+Inf\"}"), 5);
  EXPECT_EQ(value_of(text, "fasti_journal_append_seconds_count"), 5);
  EXPECT_DOUBLE_EQ(value_of(text, "fasti_journal_append_seconds_sum"), 60.000149);
}

TEST(MetricsText, ProjectionsSayHowFarHowLateAndWhyNot) {
  runtime_stats s;
  s.journal.head = position{100};
  s.projections = {{"ahead", position{100}, std::nullopt},
                   {"late", position{60}, std::nullopt},
                   {"sad \"\\\n", position{7}, error{errc::corrupt, "bad-row", "where"}}};
  s.projections[1].failing = error{errc::unavailable, "full", "where"};
  s.projections[1].retries = 3;
  s.projections[1].parked = 9;
  s.projections[1].queries_waiting = 2;
  s.projections[1].events_folded = 55;
  s.projections[1].events_per_second = 2.5;
  s.projections[1].rebuild.emplace().at = position{20};
  const auto text = metrics_text(s, {{position{60}, 2500ms}});
  EXPECT_EQ(
      lines_with(text, "fasti_projection_"),
      "fasti_projection_checkpoint_position{projection=\"ahead\"} 100\n"
      "fasti_projection_checkpoint_position{projection=\"late\"} 60\n"
      "fasti_projection_checkpoint_position{projection=\"sad \\\"\\\\\\n\"} 7\n"
      "fasti_projection_lag_positions{projection=\"ahead\"} 0\n"
      "fasti_projection_lag_positions{projection=\"late\"} 40\n"
      "fasti_projection_lag_positions{projection=\"sad \\\"\\\\\\n\"} 93\n"
      "fasti_projection_lag_seconds{projection=\"ahead\"} 0\n"
      "fasti_projection_lag_seconds{projection=\"late\"} 2.5\n"
      "fasti_projection_queries_waiting{projection=\"ahead\"} 0\n"
      "fasti_projection_queries_waiting{projection=\"late\"} 2\n"
      "fasti_projection_queries_waiting{projection=\"sad \\\"\\\\\\n\"} 0\n"
      "fasti_projection_parked{projection=\"ahead\"} 0\n"
      "fasti_projection_parked{projection=\"late\"} 9\n"
      "fasti_projection_parked{projection=\"sad \\\"\\\\\\n\"} 0\n"
      "fasti_projection_retries{projection=\"ahead\"} 0\n"
      "fasti_projection_retries{projection=\"late\"} 3\n"
      "fasti_projection_retries{projection=\"sad \\\"\\\\\\n\"} 0\n"
      "fasti_projection_rebuild_position{projection=\"late\"} 20\n"
      "fasti_projection_events_total{projection=\"ahead\"} 0\n"
      "fasti_projection_events_total{projection=\"late\"} 55\n"
      "fasti_projection_events_total{projection=\"sad \\\"\\\\\\n\"} 0\n"
      "fasti_projection_events_per_second{projection=\"ahead\"} 0\n"
      "fasti_projection_events_per_second{projection=\"late\"} 2.5\n"
      "fasti_projection_events_per_second{projection=\"sad \\\"\\\\\\n\"} 0\n"
      "fasti_projection_stopped{projection=\"ahead\"} 0\n"
      "fasti_projection_stopped{projection=\"late\"} 0\n"
      "fasti_projection_stopped{projection=\"sad \\\"\\\\\\n\"} 1\n"
      "fasti_projection_error_info{projection=\"late\",code=\"unavailable\",reason=\"full\"} 1\n"
      "fasti_projection_error_info{projection=\"sad \\\"\\\\\\n\",code=\"corrupt\","
      "reason=\"bad-row\"} 1\n");
}

TEST(MetricsText, ProcessManagersSayHowFarAndWhyNot) {
  runtime_stats s;
  s.journal.head = position{100};
  s.processes = {
      {"transfer", position{70}, 4, error{errc::corrupt, "process-stopped", "where"}},
      {"loan", position{100}, 1, std::nullopt, error{errc::rejected, "full", "where"}, 9}};
  s.outbox = {12, true, error{errc::unavailable, "node-busy", "where"}};
  const auto text = metrics_text(s);
  EXPECT_EQ(lines_with(text, "fasti_process_"),
            "fasti_process_handled_position{process=\"transfer\"} 70\n"
            "fasti_process_handled_position{process=\"loan\"} 100\n"
            "fasti_process_lag_positions{process=\"transfer\"} 30\n"
            "fasti_process_lag_positions{process=\"loan\"} 0\n"
            "fasti_process_under_way{process=\"transfer\"} 4\n"
            "fasti_process_under_way{process=\"loan\"} 1\n"
            "fasti_process_parked{process=\"transfer\"} 0\n"
            "fasti_process_parked{process=\"loan\"} 9\n"
            "fasti_process_stopped{process=\"transfer\"} 1\n"
            "fasti_process_stopped{process=\"loan\"} 0\n"
            "fasti_process_error_info{process=\"transfer\",code=\"corrupt\","
            "reason=\"process-stopped\"} 1\n"
            "fasti_process_error_info{process=\"loan\",code=\"rejected\",reason=\"full\"} 1\n");
  EXPECT_EQ(lines_with(text, "fasti_outbox_"),
            "fasti_outbox_under_way 12\nfasti_outbox_failing 1\n");
  ASSERT_EQ(troubles_of(s).size(), 1U);
  EXPECT_TRUE(troubles_of(s)[0].starts_with("process managers transfer stand at position 70"));
}

TEST(MetricsText, SinksSayHowFarHowLateAndWhyNot) {
  runtime_stats s;
  s.journal.head = position{100};
  s.sinks = {
      {.name = "mail", .checkpoint = position{100}, .events_taken = 55, .events_per_second = 1.5},
      {.name = "search",
       .checkpoint = position{60},
       .failing = error{errc::unavailable, "refused", "where"},
       .retries = 3},
      {.name = "table",
       .checkpoint = position{7},
       .stopped = error{errc::invalid, "foreign-checkpoint", "where"}}};
  const auto text = metrics_text(s, {{position{60}, 2500ms}});
  EXPECT_EQ(lines_with(text, "fasti_sink_"),
            "fasti_sink_checkpoint_position{sink=\"mail\"} 100\n"
            "fasti_sink_checkpoint_position{sink=\"search\"} 60\n"
            "fasti_sink_checkpoint_position{sink=\"table\"} 7\n"
            "fasti_sink_lag_positions{sink=\"mail\"} 0\n"
            "fasti_sink_lag_positions{sink=\"search\"} 40\n"
            "fasti_sink_lag_positions{sink=\"table\"} 93\n"
            "fasti_sink_lag_seconds{sink=\"mail\"} 0\n"
            "fasti_sink_lag_seconds{sink=\"search\"} 2.5\n"
            "fasti_sink_retries{sink=\"mail\"} 0\n"
            "fasti_sink_retries{sink=\"search\"} 3\n"
            "fasti_sink_retries{sink=\"table\"} 0\n"
            "fasti_sink_events_total{sink=\"mail\"} 55\n"
            "fasti_sink_events_total{sink=\"search\"} 0\n"
            "fasti_sink_events_total{sink=\"table\"} 0\n"
            "fasti_sink_events_per_second{sink=\"mail\"} 1.5\n"
            "fasti_sink_events_per_second{sink=\"search\"} 0\n"
            "fasti_sink_events_per_second{sink=\"table\"} 0\n"
            "fasti_sink_stopped{sink=\"mail\"} 0\n"
            "fasti_sink_stopped{sink=\"search\"} 0\n"
            "fasti_sink_stopped{sink=\"table\"} 1\n"
            "fasti_sink_error_info{sink=\"search\",code=\"unavailable\",reason=\"refused\"} 1\n"
            "fasti_sink_error_info{sink=\"table\",code=\"invalid\","
            "reason=\"foreign-checkpoint\"} 1\n");
  ASSERT_EQ(troubles_of(s).size(), 1U);
  EXPECT_TRUE(troubles_of(s)[0].starts_with("sink table stands at position 7: invalid"));
}

TEST(MetricsText, SubscriptionsOfOneNameAreOneSeries) {
  runtime_stats s;
  s.journal.head = position{100};
  s.subscriptions = {{"feed", position{90}, 2, false, 70, 2},
                     {"desk", position{100}, 0, true},
                     {"feed", position{40}, 1, true, 40, 3}};
  const auto text = metrics_text(s, {{position{40}, 1s}, {position{90}, 250ms}});
  EXPECT_EQ(lines_with(text, "fasti_subscription"),
            "fasti_subscriptions{subscription=\"desk\"} 1\n"
            "fasti_subscriptions{subscription=\"feed\"} 2\n"
            "fasti_subscription_position{subscription=\"desk\"} 100\n"
            "fasti_subscription_position{subscription=\"feed\"} 40\n"
            "fasti_subscription_lag_positions{subscription=\"desk\"} 0\n"
            "fasti_subscription_lag_positions{subscription=\"feed\"} 60\n"
            "fasti_subscription_lag_seconds{subscription=\"desk\"} 0\n"
            "fasti_subscription_lag_seconds{subscription=\"feed\"} 1\n"
            "fasti_subscription_batches_held{subscription=\"desk\"} 0\n"
            "fasti_subscription_batches_held{subscription=\"feed\"} 3\n"
            "fasti_subscription_events_per_second{subscription=\"desk\"} 0\n"
            "fasti_subscription_events_per_second{subscription=\"feed\"} 5\n"
            "fasti_subscription_paused{subscription=\"desk\"} 1\n"
            "fasti_subscription_paused{subscription=\"feed\"} 1\n");
}

/// Every series stands behind its own HELP and TYPE, and none comes twice: what a scraper insists
/// on.
TEST(MetricsText, IsWhatAScraperReads) {
  runtime_stats s;
  s.projections = {{"a", position{1}, error{errc::corrupt, "x", "y"}}, {"b", position{2}, {}}};
  s.subscriptions = {{"feed", position{1}, 0, false}, {"feed", position{2}, 0, false}};
  const auto text = metrics_text(s);
  std::map<std::string, int> metrics;
  std::map<std::string, int> series;
  std::string metric;
  std::size_t samples = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    ASSERT_NE(end, text.npos) << "the last line has an end";
    const auto line = text.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("# HELP ")) {
      metric = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_EQ(++metrics[metric], 1) << metric;
      EXPECT_TRUE(text.substr(at).starts_with("# TYPE " + metric + " ")) << metric;
      continue;
    }
    if (line.starts_with("# TYPE ")) continue;
    ++samples;
    EXPECT_TRUE(line.starts_with(metric)) << line;
    const auto blank = line.rfind(' ');
    EXPECT_EQ(++series[line.substr(0, blank)], 1) << line;
    EXPECT_NO_THROW(static_cast<void>(std::stod(line.substr(blank + 1)))) << line;
  }
  EXPECT_GT(samples, 60U);
}

class Metrics : public ledger_test {
 protected:
  runtime rt = open();
  http_server server = serve_metrics(rt).value();
};

TEST_F(Metrics, AreThoseOfTheRuntimeAtWork) {
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(deposit(rt, "ledger-a", 5));
  ASSERT_EQ(view_balance(rt, "a"), 100);
  const auto a = get(server.port(), "/metrics");
  EXPECT_EQ(a.status, 200);
  EXPECT_EQ(a.headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(value_of(a.body, "fasti_journal_head_position"), 20);
  EXPECT_EQ(value_of(a.body, "fasti_journal_commits_total"), 20);
  EXPECT_EQ(value_of(a.body, "fasti_journal_append_seconds_count"), 20);
  EXPECT_GT(value_of(a.body, "fasti_journal_append_seconds_sum"), 0);
  EXPECT_EQ(value_of(a.body, "fasti_journal_batch_commits_sum"), 20);
  EXPECT_EQ(value_of(a.body, "fasti_journal_batch_events_sum"), 20);
  EXPECT_EQ(value_of(a.body, "fasti_aggregates_active"), 1);
  EXPECT_EQ(value_of(a.body, "fasti_projection_checkpoint_position{projection=\"balances\"}"), 20);
  EXPECT_EQ(value_of(a.body, "fasti_projection_lag_seconds{projection=\"balances\"}"), 0);
  EXPECT_EQ(get(server.port(), "/health").body, "ok\n");
}

TEST_F(Metrics, HowLateASubscriberIsIsTheAgeOfWhatItWasNotGiven) {
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(deposit(rt, "ledger-a", 5));
  std::vector<event_batch> held;
  std::mutex mutex;
  auto keeps = rt.subscribe({.name = "keeps", .batch_events_max = 2, .batches_held_max = 2},
                            [&](result<event_batch> b) {
                              const std::lock_guard lock(mutex);
                              if (b) held.push_back(*std::move(b));
                            })
                   .value();
  ASSERT_TRUE(comes_true([&] { return keeps.status().given_up_to == position{4}; }));
  timestamp fifth;
  ASSERT_TRUE(rt.journal().read({.after = position{4}, .events_max = 1}, [&](const auto& e) {
    fifth = e.time;
    return visit::stop;
  }));
  const auto stats = rt.stats();
  const auto late = lag_times_of(rt, stats, fifth + 90s).value();
  EXPECT_EQ(late.at(position{4}), 90s);
  const auto text = metrics_text(stats, late);
  EXPECT_EQ(value_of(text, "fasti_subscription_lag_positions{subscription=\"keeps\"}"), 2);
  EXPECT_EQ(value_of(text, "fasti_subscription_lag_seconds{subscription=\"keeps\"}"), 90);
  // A clock that was set back makes nobody early.
  EXPECT_EQ(lag_times_of(rt, stats, fifth - 90s).value().at(position{4}), 0s);
  EXPECT_GT(value_of(get(server.port(), "/metrics").body,
                     "fasti_subscription_lag_seconds{subscription=\"keeps\"}"),
            0);
}

TEST_F(Metrics, AProjectionThatStandsStillIsNoHealth) {
  ASSERT_TRUE(deposit(rt, "ledger-a", 5));
  ASSERT_TRUE(withdraw(rt, "ledger-a", 1, "poison"));
  ASSERT_TRUE(comes_true([&] { return rt.stats().projections.at(0).stopped.has_value(); }));
  const auto health = get(server.port(), "/health");
  EXPECT_EQ(health.status, 503);
  EXPECT_TRUE(health.body.starts_with("projection balances stands at position ")) << health.body;
  const auto text = get(server.port(), "/metrics").body;
  EXPECT_EQ(value_of(text, "fasti_projection_stopped{projection=\"balances\"}"), 1);
  EXPECT_NE(lines_with(text, "fasti_projection_error_info{projection=\"balances\""), "");
}

TEST(Troubles, AreTheJournalsToo) {
  runtime_stats s;
  EXPECT_TRUE(troubles_of(s).empty());
  s.journal.failure = error{errc::unavailable, "storage-failed", "no space"};
  ASSERT_EQ(troubles_of(s).size(), 1U);
  EXPECT_TRUE(troubles_of(s)[0].starts_with("the journal takes nothing: unavailable: storage-fa"));
}

}  // namespace
}  // namespace fasti::test
