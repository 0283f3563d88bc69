#pragma once
/// What every snapshot store and every view store must do: include this in one .cpp file and
/// instantiate `SnapshotContract` and `ViewContract` with kinds of your own.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "fasti/stores.hpp"

namespace fasti::test {

/// Makes a store; the directory it needs, if any, goes with the last copy of the pointer.
template <class Store>
struct store_kind {
  std::string name;
  std::function<std::shared_ptr<Store>()> make;

  friend std::ostream& operator<<(std::ostream& out, const store_kind& k) { return out << k.name; }
};

// -- snapshots -----------------------------------------------------------------------------------

class SnapshotContract : public ::testing::TestWithParam<store_kind<snapshot_store>> {
 protected:
  static snapshot snapshot_of(std::string_view name, std::uint64_t v, word content = 1) {
    return {*stream_id::parse(name), version{v},   position{v * 10},
            type_id{0xabc},          {content, v}, schema_fingerprint{0xdef}};
  }
  void save(const snapshot& s) { EXPECT_TRUE(store->save(s)); }
  std::optional<snapshot> load(std::string_view name, version at_most = latest_version) {
    auto loaded = store->load(*stream_id::parse(name), at_most);
    EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().to_string());
    return loaded ? *loaded : std::nullopt;
  }
  static std::uint64_t version_in(const std::optional<snapshot>& s) {
    return s ? count_of(s->version) : 0;
  }

  const std::shared_ptr<snapshot_store> store = GetParam().make();
};

TEST_P(SnapshotContract, GivesBackWhatWasSaved) {
  save(snapshot_of("a-1", 7, 42));
  const auto loaded = load("a-1");
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->stream.text(), "a-1");
  EXPECT_EQ(loaded->version, version{7});
  EXPECT_EQ(loaded->position, position{70});
  EXPECT_EQ(loaded->type, type_id{0xabc});
  EXPECT_EQ(loaded->schema, schema_fingerprint{0xdef});
  EXPECT_EQ(loaded->body, (std::vector<word>{42, 7}));
}

TEST_P(SnapshotContract, NewestAtOrBelow) {
  save(snapshot_of("a-1", 10));
  save(snapshot_of("a-1", 20));
  EXPECT_EQ(version_in(load("a-1")), 20U);
  EXPECT_EQ(version_in(load("a-1", version{20})), 20U);
  EXPECT_LE(version_in(load("a-1", version{19})), 10U) << "an older one may have gone";
  EXPECT_EQ(version_in(load("a-1", version{9})), 0U);
}

TEST_P(SnapshotContract, SavingAVersionAgainReplacesIt) {
  save(snapshot_of("a-1", 10, 1));
  save(snapshot_of("a-1", 10, 2));
  ASSERT_TRUE(load("a-1"));
  EXPECT_EQ(load("a-1")->body.front(), 2U);
}

TEST_P(SnapshotContract, TheNewestStaysHoweverManyThereAre) {
  for (std::uint64_t v = 1; v <= 300; ++v) save(snapshot_of("a-1", v));
  EXPECT_EQ(version_in(load("a-1")), 300U);
  save(snapshot_of("a-1", 5));
  EXPECT_EQ(version_in(load("a-1")), 300U);
}

TEST_P(SnapshotContract, UnknownStream) { EXPECT_FALSE(load("a-1")); }

TEST_P(SnapshotContract, StreamsDoNotMix) {
  for (const auto* name : {"a-1", "a-11", "a-2", "aa-1", "a-1-1"}) {
    EXPECT_FALSE(load(name)) << name;
    save(snapshot_of(name, std::string_view(name).size()));
  }
  for (const auto* name : {"a-1", "a-11", "a-2", "aa-1", "a-1-1"}) {
    const auto loaded = load(name);
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->stream.text(), name);
    EXPECT_EQ(version_in(loaded), std::string_view(name).size());
  }
}

TEST_P(SnapshotContract, RemoveTakesAllOfAStreamAndNothingElse) {
  save(snapshot_of("a-1", 10));
  save(snapshot_of("a-1", 20));
  save(snapshot_of("a-11", 30));
  EXPECT_TRUE(store->remove(*stream_id::parse("a-1")));
  EXPECT_TRUE(store->remove(*stream_id::parse("a-9"))) << "nothing to remove is no error";
  EXPECT_FALSE(load("a-1"));
  EXPECT_EQ(version_in(load("a-11")), 30U);
}

// -- views ---------------------------------------------------------------------------------------

class ViewContract : public ::testing::TestWithParam<store_kind<view_store>> {
 protected:
  using rows = std::vector<std::pair<std::string, std::string>>;

  void write(std::string_view view, view_batch batch) { EXPECT_TRUE(store->write(view, batch)); }
  std::uint64_t checkpoint(std::string_view view) {
    auto at = store->checkpoint(view);
    EXPECT_TRUE(at) << (at ? "" : at.error().to_string());
    return at ? count_of(*at) : 0;
  }
  std::string row(std::string_view view, std::string_view key) {
    auto r = store->row(view, key);
    EXPECT_TRUE(r);
    return r && *r ? **r : "(none)";
  }
  rows scan(std::string_view view, std::string_view prefix = {}, std::size_t rows_max = 1000) {
    rows all;
    EXPECT_TRUE(
        store->scan(view, {.prefix = prefix}, [&](std::string_view key, std::string_view value) {
          all.emplace_back(key, value);
          return all.size() < rows_max;
        }));
    return all;
  }

  const std::shared_ptr<view_store> store = GetParam().make();
};

TEST_P(ViewContract, NewViewIsEmpty) {
  EXPECT_EQ(checkpoint("v"), 0U);
  EXPECT_EQ(row("v", "k"), "(none)");
  EXPECT_TRUE(scan("v").empty());
  EXPECT_TRUE(store->clear("v"));
}

TEST_P(ViewContract, P9_RowsAndCheckpointInOneStep) {
  write("v", {{{"a", "1"}, {"b", "2"}}, position{5}});
  EXPECT_EQ(checkpoint("v"), 5U);
  EXPECT_EQ(row("v", "a"), "1");
  write("v", {{{"a", std::nullopt}, {"b", "3"}, {"c", ""}}, position{9}});
  EXPECT_EQ(checkpoint("v"), 9U);
  EXPECT_EQ(row("v", "a"), "(none)");
  EXPECT_EQ(row("v", "c"), "");
  EXPECT_EQ(scan("v"), (rows{{"b", "3"}, {"c", ""}}));
  write("v", {{}, position{12}});
  EXPECT_EQ(checkpoint("v"), 12U) << "a checkpoint may come alone";
}

TEST_P(ViewContract, ChangesOfABatchCountInTheirOrder) {
  write("v", {{{"a", "1"}, {"a", std::nullopt}, {"b", std::nullopt}, {"b", "2"}}, position{1}});
  EXPECT_EQ(scan("v"), (rows{{"b", "2"}}));
}

TEST_P(ViewContract, ScanIsInTheOrderOfTheBytes) {
  const std::string zero("k\0z", 3);
  const std::string high("k\xff", 2);
  write("v",
        {{{high, "5"}, {"kb", "4"}, {"k", "1"}, {zero, "2"}, {"ka", "3"}, {"", "0"}}, position{1}});
  EXPECT_EQ(scan("v"),
            (rows{{"", "0"}, {"k", "1"}, {zero, "2"}, {"ka", "3"}, {"kb", "4"}, {high, "5"}}));
}

TEST_P(ViewContract, ScanWithAPrefixAndAnEarlyStop) {
  write("v", {{{"a1", "1"}, {"a2", "2"}, {"b1", "3"}, {"a", "0"}}, position{1}});
  EXPECT_EQ(scan("v", "a"), (rows{{"a", "0"}, {"a1", "1"}, {"a2", "2"}}));
  EXPECT_EQ(scan("v", "a", 2), (rows{{"a", "0"}, {"a1", "1"}}));
  EXPECT_EQ(scan("v", "b"), (rows{{"b1", "3"}}));
  EXPECT_TRUE(scan("v", "c").empty());
}

TEST_P(ViewContract, RangesInBothOrders) {
  const std::string high("b\xff\xff", 3);
  write("u", {{{"b", "not this view"}}, position{1}});
  write("v", {{{"a", "1"}, {"b", "2"}, {"b1", "3"}, {high, "4"}, {"c", "5"}}, position{1}});
  write("w", {{{"b", "nor this one"}}, position{1}});
  const auto read = [this](const key_range& range) {
    std::string all;
    EXPECT_TRUE(store->scan("v", range, [&](std::string_view, std::string_view row) {
      all += row;
      return true;
    }));
    return all;
  };
  constexpr auto back = direction::backwards;
  EXPECT_EQ(read({}), "12345");
  EXPECT_EQ(read({.order = back}), "54321");
  EXPECT_EQ(read({.prefix = "b"}), "234");
  EXPECT_EQ(read({.prefix = "b", .order = back}), "432");
  EXPECT_EQ(read({.prefix = "b", .from = "b1"}), "34");
  EXPECT_EQ(read({.prefix = "b", .from = "a", .before = "b1"}), "2");
  EXPECT_EQ(read({.from = "b", .before = "c"}), "234");
  EXPECT_EQ(read({.from = "b", .before = "c", .order = back}), "432");
  EXPECT_EQ(read({.prefix = high}), "4");
  EXPECT_EQ(read({.from = "c", .before = "b"}), "");
  EXPECT_EQ(read({.from = "c", .before = "b", .order = back}), "");
  EXPECT_EQ(read({.from = "d", .order = back}), "");
}

TEST_P(ViewContract, ManyRowsInBothOrders) {
  view_batch batch{{}, position{7}};
  for (int i = 0; i < 1000; ++i) batch.changes.push_back({std::to_string(10'000 + i), "row"});
  write("v", batch);
  for (const auto order : {direction::forwards, direction::backwards}) {
    std::vector<std::string> keys;
    EXPECT_TRUE(store->scan("v", {.order = order}, [&](std::string_view key, std::string_view) {
      keys.emplace_back(key);
      return true;
    }));
    if (order == direction::backwards) std::reverse(keys.begin(), keys.end());
    EXPECT_EQ(keys.size(), 1000U);
    EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
  }
}

TEST_P(ViewContract, ASnapshotStaysAsItWas) {
  write("v", {{{"a", "1"}, {"b", "2"}}, position{5}});
  const auto before = store->snapshot();
  write("v", {{{"a", "changed"}, {"b", std::nullopt}, {"c", "new"}}, position{6}});
  const auto between = store->snapshot();
  write("v", {{{"a", "again"}, {"b", "back"}}, position{7}});
  EXPECT_TRUE(store->clear("v"));
  const auto read = [](const view_reader& in) {
    rows all;
    EXPECT_TRUE(in.scan("v", {}, [&](std::string_view key, std::string_view row) {
      all.emplace_back(key, row);
      return true;
    }));
    return all;
  };
  EXPECT_EQ(read(*before), (rows{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(**before->row("v", "a"), "1");
  EXPECT_EQ(*before->checkpoint("v"), position{5});
  EXPECT_EQ(before->checkpoints()->at("v"), position{5});
  EXPECT_EQ(read(*between), (rows{{"a", "changed"}, {"c", "new"}}));
  EXPECT_FALSE(*between->row("v", "b"));
  EXPECT_EQ(*between->checkpoint("v"), position{6});
  EXPECT_TRUE(scan("v").empty());
  EXPECT_FALSE(store->checkpoints()->contains("v"));
}

TEST_P(ViewContract, SnapshotsComeAndGoInAnyOrder) {
  std::map<std::uint64_t, std::shared_ptr<const view_reader>> held;
  for (std::uint64_t i = 1; i <= 200; ++i) {
    write("v", {{{"k" + std::to_string(i % 7), std::to_string(i)}}, position{i}});
    if (i % 3 == 0) held[i] = store->snapshot();
    if (i % 5 == 0 && !held.empty()) held.erase(i % 2 == 0 ? held.begin() : --held.end());
    for (const auto& [at, snapshot] : held) {
      ASSERT_EQ(*snapshot->checkpoint("v"), position{at});
      ASSERT_EQ(**snapshot->row("v", "k" + std::to_string(at % 7)), std::to_string(at));
    }
  }
  held.clear();
  EXPECT_EQ(row("v", "k4"), "200");
  EXPECT_EQ(scan("v").size(), 7U);
}

TEST_P(ViewContract, ViewsDoNotMix) {
  for (const auto* view : {"v", "vv", "v1", "1v"}) {
    write(view, {{{"k", view}, {"1k", view}}, position{std::string_view(view).size()}});
  }
  for (const auto* view : {"v", "vv", "v1", "1v"}) {
    EXPECT_EQ(checkpoint(view), std::string_view(view).size());
    EXPECT_EQ(scan(view), (rows{{"1k", view}, {"k", view}}));
    EXPECT_EQ(scan(view, "1"), (rows{{"1k", view}}));
  }
  EXPECT_TRUE(store->clear("v"));
  EXPECT_EQ(checkpoint("v"), 0U);
  EXPECT_TRUE(scan("v").empty());
  EXPECT_EQ(checkpoint("vv"), 2U);
  EXPECT_EQ(scan("vv").size(), 2U);
  EXPECT_EQ(scan("v1").size(), 2U);
}

TEST_P(ViewContract, ClearOfManyRowsThenNewOnes) {
  view_batch batch{{}, position{7}};
  for (int i = 0; i < 10'000; ++i) batch.changes.push_back({"k" + std::to_string(i), "row"});
  write("v", batch);
  EXPECT_TRUE(store->clear("v"));
  EXPECT_EQ(checkpoint("v"), 0U);
  EXPECT_TRUE(scan("v").empty());
  write("v", {{{"k", "new"}}, position{1}});
  EXPECT_EQ(scan("v"), (rows{{"k", "new"}}));
}

TEST_P(ViewContract, MalformedNamesAreRefused) {
  EXPECT_TRUE(store->checkpoint(std::string(255, 'v')));
  for (const auto& name : {std::string(), std::string(256, 'v')}) {
    const auto refused = [](const auto& r) { return !r && r.error().code == errc::invalid; };
    EXPECT_TRUE(refused(store->checkpoint(name)));
    EXPECT_TRUE(refused(store->write(name, {{{"k", "v"}}, position{1}})));
    EXPECT_TRUE(refused(store->row(name, "k")));
    EXPECT_TRUE(refused(store->scan(name, {}, [](auto, auto) { return true; })));
    EXPECT_TRUE(refused(store->clear(name)));
  }
}

}  // namespace fasti::test
