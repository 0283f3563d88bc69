// The bank's parts that need no runtime.
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <map>
#include <random>

#include "process.hpp"
#include "samples/bank/histogram.hpp"
#include "samples/bank/lines.hpp"
#include "samples/bank/money.hpp"
#include "samples/bank/replay.hpp"
#include "samples/bank/text.hpp"
#include "samples/bank/views.hpp"
#include "samples/bank/workload.hpp"

namespace bank {
namespace {

using fasti::test::scratch_directory;
using fasti::test::write_text;

TEST(BankHistogram, QuantilesAreAtMostOneStepAboveSortedData) {
  std::mt19937_64 random(20260401);
  for (const double scale : {10.0, 1e4, 1e9}) {
    histogram h;
    std::vector<std::uint64_t> all;
    std::exponential_distribution<double> spread(1 / scale);
    for (int i = 0; i < 20'000; ++i) {
      all.push_back(static_cast<std::uint64_t>(spread(random)));
      h.record(all.back());
    }
    std::sort(all.begin(), all.end());
    for (const double q : {0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
      const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(all.size())));
      const auto truth = all.at(rank - 1);
      EXPECT_GE(h.quantile(q), truth) << q << " of scale " << scale;
      EXPECT_LE(static_cast<double>(h.quantile(q)), static_cast<double>(truth) * 65 / 64 + 1) << q;
    }
    EXPECT_EQ(h.max(), all.back());
    EXPECT_EQ(h.count(), all.size());
  }
}

TEST(BankHistogram, HoldsTheSmallestAndTheLargestValue) {
  histogram h;
  EXPECT_EQ(h.quantile(0.5), 0U);
  h.record(0);
  h.record(std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(h.quantile(0.5), 0U);
  EXPECT_EQ(h.quantile(1), std::numeric_limits<std::uint64_t>::max());
}

TEST(BankMoney, ParsesAmountsAndNothingElse) {
  EXPECT_EQ(parse_cents("700.00"), 70'000);
  EXPECT_EQ(parse_cents("-12.5"), -1'250);
  EXPECT_EQ(parse_cents("3"), 300);
  EXPECT_EQ(parse_cents("0.07"), 7);
  for (const auto* wrong :
       {"", "-", ".5", "1.", "1.234", "1,5", "12x", "1e3", "--1", " 1", "12345678901234", "nan"}) {
    EXPECT_EQ(parse_cents(wrong), std::nullopt) << wrong;
  }
}

TEST(BankMoney, WritesAmountsAndCountsForPeople) {
  EXPECT_EQ(money_text(123'456'789), "1,234,567.89");
  EXPECT_EQ(money_text(-5), "-0.05");
  EXPECT_EQ(money_text(-100'000), "-1,000.00");
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(1'234'567), "1,234,567");
  EXPECT_EQ(bytes_text(512), "512 B");
  EXPECT_EQ(bytes_text(1'234'567), "1.23 MB");
  EXPECT_EQ(duration_text(0.0123), "12.3 ms");
  EXPECT_EQ(duration_text(75), "75.0 s");
  EXPECT_EQ(duration_text(600), "10 min 0 s");
}

TEST(BankText, CountsCharactersNotBytes) {
  EXPECT_EQ(width_of("µs ✓"), 4U);
  EXPECT_EQ(pad_left("µs", 4), "  µs");
  EXPECT_EQ(bar(0.5, 4), "██");
  EXPECT_EQ(bar(1.0 / 32, 4), "▏");
  EXPECT_EQ(bar(7, 2), "██");
}

TEST(BankLines, SplitsQuotedFields) {
  std::vector<std::string> fields;
  EXPECT_TRUE(split_csv("a,\"b,\"\"c\"\"\",,d", fields));
  EXPECT_EQ(fields, (std::vector<std::string>{"a", "b,\"c\"", "", "d"}));
  EXPECT_TRUE(split_csv("", fields));
  EXPECT_EQ(fields, std::vector<std::string>{""});
  EXPECT_FALSE(split_csv("a,\"b", fields));
}

TEST(BankLines, ReadsPlainFilesWithAnyLineEnd) {
  const scratch_directory scratch;
  write_text(scratch / "file", "\xEF\xBB\xBFone\r\ntwo\n\nlast");
  auto lines = line_reader::open(scratch / "file");
  ASSERT_TRUE(lines);
  std::vector<std::string> all;
  for (std::string line; lines->next(line);) all.push_back(line);
  EXPECT_EQ(all, (std::vector<std::string>{"one", "two", "", "last"}));
  EXPECT_EQ(lines->line_number(), 4U);
  EXPECT_EQ(lines->problem(), "");
  EXPECT_FALSE(line_reader::open(scratch / "nothing"));
  EXPECT_FALSE(line_reader::open(scratch / "."));
}

TEST(BankLines, TellsATruncatedGzipAtEveryLength) {
  const scratch_directory scratch;
  std::string text;
  std::mt19937_64 random(7);
  for (int i = 0; i < 400; ++i) text += std::to_string(random()) + '\n';
  const auto path = scratch / "file.gz";
  gzFile gz = gzopen(path.c_str(), "wb");
  gzwrite(gz, text.data(), static_cast<unsigned>(text.size()));
  gzclose(gz);
  const auto whole = fasti::test::read_text(path);
  // Under 10 bytes there is no gzip header to tell it by.
  for (std::size_t length = 10; length <= whole.size(); length += length < 40 ? 1 : 97) {
    write_text(path, whole.substr(0, length));
    auto lines = line_reader::open(path);
    ASSERT_TRUE(lines);
    for (std::string line; lines->next(line);) {
    }
    EXPECT_EQ(lines->problem(), "truncated-gzip") << length << " of " << whole.size();
  }
}

TEST(BankReplay, OpensEachAccountBeforeItsFirstRow) {
  std::vector<bad_row> bad;
  auto source = replay_source::open({BANK_ROWS, 1'000'000}, [&bad](const bad_row& row) {
    bad.push_back(row);
    return true;
  });
  ASSERT_TRUE(source) << source.error().to_string();
  std::map<std::string, int> rows;
  int opened = 0;
  for (auto b = (*source)->next(); b; b = (*source)->next()) {
    if (b->kind == booking_kind::open) {
      ++opened;
      EXPECT_EQ(rows.count(b->account), 0U);
      EXPECT_EQ(b->amount, 1'000'000);
    } else {
      ++rows[b->account];
      EXPECT_TRUE(b->stated_balance);
    }
  }
  EXPECT_EQ(opened, 5);
  EXPECT_EQ(rows.size(), 5U);
  EXPECT_EQ(rows["anna"] + rows["bert"] + rows["cleo"] + rows["dora"] + rows["eve"], 40);
  EXPECT_TRUE(bad.empty());
  EXPECT_EQ((*source)->commands_total(), 45U);
}

TEST(BankWorkload, IsTheSameForTheSameSeed) {
  const workload_options options{.seed = 9, .accounts = 50, .commands = 2'000};
  workload_source one(options);
  workload_source two(options);
  workload_source other({.seed = 10, .accounts = 50, .commands = 2'000});
  std::uint64_t commands = 0;
  bool same_as_other = true;
  for (auto a = one.next(); a; a = one.next()) {
    const auto b = two.next();
    const auto c = other.next();
    ASSERT_TRUE(b);
    EXPECT_EQ(a->id, b->id);
    EXPECT_EQ(a->account, b->account);
    EXPECT_EQ(a->amount, b->amount);
    EXPECT_EQ(a->booked_at_ms, b->booked_at_ms);
    EXPECT_EQ(a->then == nullptr, b->then == nullptr);
    same_as_other = same_as_other && c && c->amount == a->amount;
    commands += a->then ? 2U : 1U;
  }
  EXPECT_FALSE(two.next());
  EXPECT_FALSE(same_as_other);
  EXPECT_EQ(commands, one.commands_total());
}

TEST(BankWorkload, HalvesOfATransferCancelOut) {
  workload_source source({.seed = 3, .accounts = 50, .commands = 5'000});
  int transfers = 0;
  for (auto b = source.next(); b; b = source.next()) {
    if (!b->then) continue;
    ++transfers;
    EXPECT_EQ(b->change() + b->then->change(), 0);
    EXPECT_NE(b->account, b->then->account);
    EXPECT_NE(b->id, b->then->id);
  }
  EXPECT_GT(transfers, 500);
}

TEST(BankMonth, IsThatOfATime) {
  EXPECT_EQ(month_of(0), "1970-01");
  EXPECT_EQ(month_of(-1), "1969-12");
  EXPECT_EQ(month_of(725'846'400'000), "1993-01");
}

}  // namespace
}  // namespace bank
