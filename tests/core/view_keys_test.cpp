// Keys of several parts, ranges of rows, secondary keys.

#include <algorithm>
#include <random>

#include "fasti/keys.hpp"
#include "tests/core/fold_kit.hpp"

namespace fasti::test {
namespace {

TEST(Keys, SortAsTheirPartsDo) {
  const auto far_past = timestamp(-5s);
  const std::vector<std::string> rising{
      key_of("", 5),
      key_of("a", std::int64_t{-7}),
      key_of("a", -1),
      key_of("a", 0),
      key_of("a", 300),
      key_of(std::string("a\0", 2), -9),
      key_of(std::string("a\0b", 3), -9),
      key_of("a\x01", -9),
      key_of("ab", -9),
      key_of("b", far_past),
      key_of("b", timestamp(0s)),
      key_of("\xff", 1),
  };
  EXPECT_TRUE(std::is_sorted(rising.begin(), rising.end()));
  EXPECT_EQ(std::adjacent_find(rising.begin(), rising.end()), rising.end());
}

TEST(Keys, GiveTheirPartsBack) {
  const std::string odd("x\0\xff\x01", 4);
  const auto key = key_of(odd, std::int64_t{-3}, version{9}, timestamp(7s), 2U) + "rest";
  const auto parts = parts_of<std::string, std::int64_t, version, timestamp, unsigned>(key);
  ASSERT_TRUE(parts);
  EXPECT_EQ(*parts, std::tuple(odd, std::int64_t{-3}, version{9}, timestamp(7s), 2U));
  EXPECT_FALSE((parts_of<std::string>("no end")));
  EXPECT_FALSE((parts_of<std::uint64_t>("short")));
}

/// Found by how many entries a row has, too.
struct indexed_balances : balances {
  static void keys_of(Balance::Reader row, std::string_view, secondary_keys& out) {
    out.add("by-entries", key_of(row.getEntries()));
    if (row.getCents() < 0) out.add("in-debt", "");
  }
};

class SecondaryKeys : public FoldTest {
 protected:
  SecondaryKeys() {
    port = fasti::detail::port_of_projection<indexed_balances>();
    start();
  }
  using keys = std::vector<std::string>;
  [[nodiscard]] keys found(std::string_view index, const key_range& range = {}) const {
    keys all;
    view<Balance>(machine->serving().rows())
        .scan_by(index, range,
                 [&](std::string_view key, Balance::Reader) { all.emplace_back(key); });
    return all;
  }
};

TEST_F(SecondaryKeys, FollowTheirRows) {
  deposited("ledger-a", 5);
  deposited("ledger-b", 5);
  deposited("ledger-b", 5);
  withdrawn("ledger-c", 5);
  fold();
  EXPECT_EQ(found("by-entries"), (keys{"a", "c", "b"}));
  EXPECT_EQ(found("in-debt"), keys{"c"});
  deposited("ledger-a", 5);
  deposited("ledger-a", 5);
  deposited("ledger-c", 50);
  fold();
  EXPECT_EQ(found("by-entries"), (keys{"b", "c", "a"}));
  EXPECT_TRUE(found("in-debt").empty());
  withdrawn("ledger-b", 1, "close");
  fold();
  EXPECT_EQ(found("by-entries"), (keys{"c", "a"}));
}

TEST_F(SecondaryKeys, AreReadInRanges) {
  for (int i = 1; i <= 9; ++i) {
    for (int n = 0; n < i; ++n) deposited("ledger-" + std::to_string(i), 1);
  }
  fold();
  const auto three = key_of(std::uint64_t{3});
  const auto six = key_of(std::uint64_t{6});
  EXPECT_EQ(found("by-entries", {.prefix = three}), keys{"3"});
  EXPECT_EQ(found("by-entries", {.from = three, .before = six}), (keys{"3", "4", "5"}));
  EXPECT_EQ(found("by-entries", {.from = six, .order = direction::backwards}),
            (keys{"9", "8", "7", "6"}));
  EXPECT_TRUE(found("by-entr").empty());
  EXPECT_TRUE(found("in-debt").empty());
}

TEST_F(SecondaryKeys, AreNotSeenAmongTheRows) {
  deposited("ledger-a", 5);
  fold();
  EXPECT_EQ(rows().size(), 1U);
  keys backwards;
  view<Balance>(machine->serving().rows())
      .scan({.order = direction::backwards},
            [&](std::string_view key, Balance::Reader) { backwards.emplace_back(key); });
  EXPECT_EQ(backwards, keys{"a"});
}

TEST_F(SecondaryKeys, EqualThoseOfAFoldFromTheBeginning) {
  std::mt19937 chance(7);
  for (int i = 0; i < 500; ++i) {
    const auto stream = "ledger-" + std::to_string(chance() % 20);
    chance() % 5 == 0 ? withdrawn(stream, 3, chance() % 3 == 0 ? "close" : "")
                      : deposited(stream, 1);
    if (chance() % 20 == 0) fold();
    if (chance() % 50 == 0) start();
  }
  fold();
  const auto whole = [](const view_reader& in, const std::string& name) {
    std::map<std::string, std::string> all;
    EXPECT_TRUE(in.scan(name, {}, [&](std::string_view key, std::string_view row) {
      all.emplace(key, row);
      return true;
    }));
    return all;
  };
  const auto grown = whole(*kept, "balances");
  EXPECT_TRUE(machine->start_rebuild(no_position, when_caught_up::switch_over));
  fold();
  EXPECT_EQ(machine->rebuild()->phase, rebuild_phase::switched_over);
  EXPECT_GT(grown.size(), 30U);
  EXPECT_EQ(grown, whole(*kept, machine->serving().name())) << "own rows included, byte by byte";
}

}  // namespace
}  // namespace fasti::test
