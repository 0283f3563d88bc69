// The bank's board in a browser: what a person sees is what the bank reports, and of what happened
// nothing is left out when the connection is cut.

#include "board_kit.hpp"
#include "browser.hpp"
#include "relay.hpp"
#include "samples/bank/money.hpp"

namespace fasti::test {
namespace {

using nlohmann::json;

std::string text_of(browser& b, const std::string& id) {
  return b.evaluate("document.getElementById('" + id + "').textContent");
}
/// The rows of a table's body, a list of cells each.
json rows_of(browser& b, const std::string& id) {
  return b.evaluate("[...document.getElementById('" + id +
                    "').rows].map((row) => [...row.cells].map((cell) => cell.textContent))");
}
std::uint64_t told(browser& b, const std::string& what) {
  return std::stoull(
      b.evaluate("document.getElementById('tail').dataset." + what).get<std::string>());
}
std::string count(const json& n) { return bank::count_text(n.get<std::uint64_t>()); }
std::string money(const json& cents) { return bank::money_text(cents.get<std::int64_t>()); }

const auto state_is = [](const char* state) {
  return "document.getElementById('status').dataset.state === '" + std::string(state) + "'";
};
const std::string all_is_shown =
    "before && before.commands === before.expected && before.accounts !== null &&"
    "before.views.every((v) => v.events_behind === 0) && last === before.position &&"
    "Number(document.getElementById('tail').dataset.last) === last";

TEST_F(BankBoard, InABrowserItShowsTheBanksOwnFiguresAndMissesNothingWhenItIsCutOff) {
  const auto program = browser::program();
  if (!program) GTEST_SKIP() << "no chromium here: the page is not seen (apt install chromium)";
  browser b(*program);
  start_bank({"--accounts", "60", "--commands", "15000", "--rate", "1500"});
  relay between(port);
  b.open("http://localhost:" + std::to_string(between.port()) + "/");
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(b.comes_true(state_is("live")));
    const auto more = std::to_string(b.evaluate("last").get<std::uint64_t>() + 50);
    ASSERT_TRUE(b.comes_true("last >= " + more));
    between.cut();
    ASSERT_TRUE(b.comes_true(state_is("lost"))) << "a person is told";
  }
  ASSERT_TRUE(b.comes_true(state_is("live")));
  EXPECT_GE(between.cuts(), 3);
  EXPECT_GT(b.evaluate("Number(document.getElementById('rate').textContent.replace(',', ''))"), 0);
  wait_for_the_days_end();
  ASSERT_TRUE(b.comes_true(all_is_shown)) << b.evaluate("JSON.stringify([before, last])");
  // Once more: the answers may have been asked for before the views had caught up.
  const auto later = b.evaluate("before.uptime_ms").get<std::uint64_t>() + 2000;
  ASSERT_TRUE(b.comes_true("before.uptime_ms > " + std::to_string(later)));

  EXPECT_EQ(told(b, "missing"), 0U);
  EXPECT_EQ(told(b, "repeats"), 0U);
  EXPECT_EQ(told(b, "seen"), told(b, "last") - told(b, "first") + 1);
  const auto position = text_of(b, "position"), commands = text_of(b, "commands");
  const auto accounts = text_of(b, "accounts"), on_them = text_of(b, "money");
  const auto largest = rows_of(b, "largest"), months = rows_of(b, "turnover");
  EXPECT_EQ(text_of(b, "lag"), "0 events, 0 ms");
  EXPECT_EQ(rows_of(b, "tail")[0][0], position);

  end_bank();
  EXPECT_TRUE(b.comes_true(state_is("lost")));
  EXPECT_EQ(position, count(report["journal"]["events"]));
  EXPECT_EQ(commands, bank::count_text(report["commands"]["committed"].get<std::uint64_t>() +
                                       report["commands"]["rejected"].get<std::uint64_t>()));
  EXPECT_EQ(accounts, count(report["accounts"]));
  EXPECT_EQ(on_them, money(report["money_cents"]));
  json expected = json::array();
  for (const auto& a : report["largest_accounts"]) {
    expected.push_back({a["account"], money(a["balance_cents"]), count(a["movements"])});
  }
  EXPECT_EQ(largest, expected);
  expected = json::array();
  for (const auto& m : report["turnover"]["months"]) {
    expected.push_back(
        {m["month"], money(m["paid_in_cents"]), money(m["paid_out_cents"]), count(m["movements"])});
  }
  EXPECT_EQ(months, expected);
  EXPECT_EQ(b.complaints(), std::vector<std::string>());
}

}  // namespace
}  // namespace fasti::test
