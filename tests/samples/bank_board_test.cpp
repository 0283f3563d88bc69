// The bank's board without a browser: what it serves is what the bank reports in the end.

#include "samples/bank/board.hpp"

#include "board_kit.hpp"
#include "tests/support/http_client.hpp"

namespace fasti::test {
namespace {

using nlohmann::json;

json figures(http_client& c) {
  c.ask("/figures");
  return json::parse(c.read_answer().body);
}

TEST_F(BankBoard, ShowsWhatTheBankReports) {
  start_bank({"--accounts", "40", "--commands", "2000"});
  wait_for_the_days_end();
  http_client c(port);
  json shown;
  ASSERT_TRUE(comes_true([&] {
    shown = figures(c);
    return shown["views"][0]["events_behind"] == 0 && shown["views"][1]["events_behind"] == 0;
  })) << shown;
  // Answers that were asked for before that may be shown for a moment.
  json fresh;
  ASSERT_TRUE(comes_true([&] {
    fresh = figures(c);
    return fresh["uptime_ms"] > shown["uptime_ms"].get<int>() + 2000 &&
           !fresh["accounts"].is_null();
  })) << fresh;
  end_bank();
  EXPECT_EQ(fresh["position"], report["journal"]["events"]);
  EXPECT_EQ(fresh["commands"].get<int>(),
            report["commands"]["committed"].get<int>() + report["commands"]["rejected"].get<int>());
  EXPECT_EQ(fresh["commands"], fresh["expected"]);
  EXPECT_EQ(fresh["accounts"], report["accounts"]);
  EXPECT_EQ(fresh["money_cents"], report["money_cents"]);
  EXPECT_EQ(fresh["largest"], report["largest_accounts"]);
  EXPECT_EQ(fresh["months"], report["turnover"]["months"]);
}

TEST_F(BankBoard, ItsEventsAddUpToTheBalances) {
  start_bank({"--accounts", "30", "--commands", "1500"});
  http_client c(port);
  c.follow("/events");
  wait_for_the_days_end();
  const auto end = json::parse(get(port, "/figures").body)["position"].get<std::uint64_t>();
  std::map<std::string, std::int64_t> balances;
  std::uint64_t last = 1;  // the first event is the bank's own
  while (last < end) {
    const auto e = c.next_message();
    ASSERT_TRUE(e);
    ASSERT_EQ(e->id, ++last);
    const auto told = json::parse(*e->data);
    auto& balance = balances[told["account"]];
    if (!told["cents"].is_null()) balance += told["cents"].get<std::int64_t>();
  }
  end_bank();
  EXPECT_EQ(balances.size(), 32U);
  for (const auto& a : report["largest_accounts"]) {
    EXPECT_EQ(balances[a["account"]], a["balance_cents"]) << a;
  }
}

TEST_F(BankBoard, ItsPageLoadsNothingFromElsewhere) {
  start_bank({"--accounts", "4", "--commands", "10"});
  const auto page = get(port, "/");
  EXPECT_EQ(page.headers.at("content-type"), "text/html; charset=utf-8");
  EXPECT_TRUE(page.headers.at("content-security-policy").starts_with("default-src 'self';"));
  EXPECT_EQ(page.body.find("//"), std::string::npos) << "an address of somebody else";
  EXPECT_EQ(page.body.find("style="), std::string::npos) << "the policy would not let it";
  for (const auto& [path, type] :
       std::map<std::string, std::string>{{"/board.css", "text/css"},
                                          {"/board.js", "text/javascript"},
                                          {"/board.svg", "image/"}}) {
    EXPECT_NE(page.body.find('"' + path + '"'), std::string::npos) << path;
    const auto part = get(port, path);
    EXPECT_EQ(part.status, 200) << path;
    EXPECT_TRUE(part.headers.at("content-type").starts_with(type)) << path;
  }
  EXPECT_EQ(get(port, "/health").body, "ok\n");
  EXPECT_NE(get(port, "/metrics").body.find("fasti_journal_append_seconds_bucket"),
            std::string::npos);
  end_bank();
}

TEST_F(BankBoard, SaysWhatIsWrongWithWhatItIsAskedFor) {
  const auto alone = run({BANK_PROGRAM, "--stay"});
  EXPECT_EQ(alone.exit_code, 2);
  EXPECT_NE(alone.err.find("add --board"), std::string::npos) << alone.err;
  EXPECT_EQ(run({BANK_PROGRAM, "--board", "--port", "65536"}).exit_code, 2);
  start_bank({"--accounts", "4", "--commands", "10"});
  const auto second = run({BANK_PROGRAM, "--board", "--port", std::to_string(port)});
  EXPECT_EQ(second.exit_code, 2);
  EXPECT_NE(second.err.find("port-taken"), std::string::npos) << second.err;
  end_bank();
}

TEST(BankBoardEvents, ATruncatedEventAndForeignBytesAreToldAllTheSame) {
  recorded_event e;
  e.stream = "account-\xff\"<b>";
  e.truncated_by = position{9};
  const auto told = json::parse(bank::event_json(e));
  EXPECT_EQ(told["what"], "truncated");
  EXPECT_EQ(told["account"], "\xEF\xBF\xBD\"<b>");
  EXPECT_TRUE(told["cents"].is_null());
}

}  // namespace
}  // namespace fasti::test
