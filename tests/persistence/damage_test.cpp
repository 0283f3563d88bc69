// Damage behind the journal's back: a typed error that names the place, or the right data.

#include <xxhash.h>

#include <cstring>
#include <random>

#include "tests/persistence/disk_kit.hpp"

namespace fasti::test {
namespace {

class Damage : public Disk {
 protected:
  Damage() {
    options.journal.command_ids_max = 1;   // opening looks at the newest block only
    options.journal.recent_bytes_max = 1;  // … and everything is read from the disk
  }

  /// Position `at` answers `corrupt` and names itself; all others are still what they were.
  void expect_only(const std::vector<kept_event>& good, std::uint64_t at,
                   std::string_view reason) const {
    auto j = open();
    ASSERT_TRUE(j);
    for (const auto& e : good) {
      const auto p = count_of(e.position);
      auto by_position = read_all(*j, {.after = position{p - 1}, .to = e.position});
      auto by_stream = read_stream(*j, e.stream, {.from = e.version, .to = e.version});
      if (p == at) {
        for (const auto& failed : {by_position, by_stream}) {
          ASSERT_TRUE(failed.failed);
          EXPECT_TRUE(failed.events.empty());
          EXPECT_EQ(failed.failed->code, errc::corrupt) << failed.failed->to_string();
          EXPECT_EQ(failed.failed->reason, reason) << failed.failed->to_string();
          EXPECT_NE(failed.failed->detail.find("position " + std::to_string(at)), std::string::npos)
              << failed.failed->detail;
        }
        continue;
      }
      EXPECT_FALSE(by_position.failed) << by_position.failed->to_string();
      EXPECT_EQ(by_position.events, std::vector<kept_event>{e});
      EXPECT_EQ(by_stream.events, std::vector<kept_event>{e});
    }
    auto all = read_all(*j);
    ASSERT_TRUE(all.failed) << "a read over the damage ends there";
    EXPECT_EQ(all.events, (std::vector<kept_event>{
                              good.begin(), good.begin() + static_cast<std::ptrdiff_t>(at - 1)}));
  }
};

TEST_F(Damage, P10_AFlippedByteIsNamedAndTheRestIsReadable) {
  const auto good = fill(9);
  std::string bytes = block_at(5);
  bytes[bytes.size() - 3] = static_cast<char>(bytes[bytes.size() - 3] ^ 4);
  put_block(5, bytes);
  expect_only(good, 5, "record-damaged");
}

TEST_F(Damage, P10_NoFlippedByteGivesOtherData) {
  const auto good = fill(3);
  const std::string right = block_at(2);
  auto db = raw("events");
  for (std::size_t at = 0; at < right.size(); ++at) {
    std::string bad = right;
    bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
    auto opened = persistence::block::open(bad, position{2});
    if (!opened) continue;
    auto walked = (*opened)->each_commit(no_position, [](const auto&) { return true; });
    EXPECT_FALSE(walked) << "byte " << at;
  }
  EXPECT_EQ(good.size(), 3U);
}

TEST_F(Damage, P10_AllZeroBlock) {
  const auto good = fill(9);
  put_block(5, std::string(block_at(5).size(), '\0'));
  expect_only(good, 5, "record-damaged");
}

TEST_F(Damage, P10_TruncatedBlock) {
  const auto good = fill(9);
  const std::string bytes = block_at(5);
  for (const auto size : {std::size_t{0}, std::size_t{40}, std::size_t{64}, bytes.size() - 8}) {
    put_block(5, bytes.substr(0, size));
    expect_only(good, 5, "record-damaged");
  }
}

TEST_F(Damage, P10_ABlockUnderAnotherKey) {
  const auto good = fill(9);
  put_block(5, block_at(6));
  expect_only(good, 5, "record-damaged");
}

TEST_F(Damage, P10_AMissingBlock) {
  const auto good = fill(9);
  remove_block(5);
  expect_only(good, 5, "record-missing");
}

TEST_F(Damage, P10_OtherCommitsOfADamagedBlockAreReadable) {
  std::vector<kept_event> good;
  {
    auto j = open();
    outcome_log outcomes;
    clock.hold();
    for (const auto* name : {"a-1", "b-1", "a-1", "a-1"}) {
      ASSERT_TRUE(j->append(commit_to(name, 2), nullptr, outcomes.observer()));
    }
    clock.wait_for_waiter();
    clock.release();
    outcomes.wait_for(4);
    good = read_stream(*j, "a-1").events;
    must_append(*j, commit_to("x-1"));
  }
  std::string bytes = block_at(8);
  const auto second = sizeof(persistence::block_header) + 56 + 24 + 2 * 32;
  bytes[second + 60] = static_cast<char>(bytes[second + 60] ^ 1);
  put_block(8, bytes);
  auto j = open();
  EXPECT_TRUE(read_stream(*j, "b-1").failed);
  EXPECT_EQ(read_stream(*j, "a-1").events, good);
  auto backwards = read_stream(*j, "a-1", {.order = direction::backwards}).events;
  std::reverse(backwards.begin(), backwards.end());
  EXPECT_EQ(backwards, good);
  for (std::uint64_t from = 1; from <= 6; ++from) {
    for (std::uint64_t max = 1; max <= 6; ++max) {
      const auto some = read_stream(*j, "a-1", {.from = version{from}, .events_max = max}).events;
      const auto count = std::min(max, 7 - from);
      ASSERT_EQ(some.size(), count);
      for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(some[i], good[from - 1 + i]);
    }
  }
}

/// Its blocks lie so far apart that the disk is told of them before they are read.
TEST_F(Damage, P10_AScatteredStreamIsReadAndCheckedAsAnyOther) {
  constexpr std::uint32_t between = 1500;
  {
    auto j = open();
    for (int i = 0; i < 6; ++i) {
      must_append(*j, commit_to("a-far"));
      must_append(*j, commit_to("b-between", between));
    }
  }
  constexpr auto place = [](std::uint64_t i) { return 1 + i * (1 + between); };
  const std::string right = block_at(place(4));  // what was in the log goes to a table
  EXPECT_EQ(read_stream(*open(), "a-far").positions(),
            (std::vector{place(0), place(1), place(2), place(3), place(4), place(5)}));
  EXPECT_EQ(read_stream(*open(), "a-far", {.order = direction::backwards}).positions(),
            (std::vector{place(5), place(4), place(3), place(2), place(1), place(0)}));
  std::string bad = right;
  bad[bad.size() - 3] = static_cast<char>(bad[bad.size() - 3] ^ 4);
  put_block(place(4), bad);
  const auto cut = read_stream(*open(), "a-far");
  EXPECT_EQ(cut.positions(), (std::vector{place(0), place(1), place(2), place(3)}));
  ASSERT_TRUE(cut.failed);
  EXPECT_EQ(cut.failed->reason, "record-damaged");
}

TEST_F(Damage, P10_TheNewestBlockIsLookedAtWhenOpening) {
  fill(9);
  std::string bytes = block_at(9);
  bytes[70] = static_cast<char>(bytes[70] ^ 1);
  put_block(9, bytes);
  expect_refused(options.path, errc::corrupt, "record-damaged", "position 9");
}

TEST_F(Damage, P10_DamageInTheWindowOfCommandIdsIsToldWhenOpening) {
  fill(9);
  put_block(5, std::string(16, 'x'));
  options.journal.command_ids_max = 100;
  fs::remove_all(options.path + "/index");  // and with it the window that was saved
  expect_refused(options.path, errc::corrupt, "record-damaged", "position 5");
}

TEST_F(Damage, NewerBlockFormatIsRefusedByName) {
  fill(3);
  persistence::block_writer writer;
  writer.begin(position{3});
  const std::vector<version> firsts{version{1}};
  writer.add(commit_to("a-2"), firsts, timestamp{});
  std::string bytes(writer.finish()->bytes());
  bytes[12] = 9;  // the format
  const auto sum = XXH3_64bits(bytes.data() + 8, sizeof(persistence::block_header) - 8);
  std::memcpy(bytes.data(), &sum, sizeof sum);
  put_block(3, bytes);
  expect_refused(options.path, errc::invalid, "newer-format", "block format 9");
}

TEST_F(Damage, AKeyThatIsNoPositionIsRefused) {
  fill(3);
  leveldb::WriteBatch batch;
  batch.Put("zzz", "what is this");
  ASSERT_TRUE(raw("events")->write_synced(batch));
  EXPECT_FALSE(try_open(options.path));
}

TEST_F(Damage, P10_RandomBytesInTheEventsFilesAreNeverReadAsGood) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto good = fill(40);
  const std::string whole = directory / "whole";
  fs::copy(options.path, whole, fs::copy_options::recursive);
  for (int round = 0; round < 40; ++round) {
    fs::remove_all(options.path);
    fs::copy(whole, options.path, fs::copy_options::recursive);
    std::vector<std::string> files;
    for (const auto& f : fs::directory_iterator(options.path + "/events")) {
      if (f.is_regular_file() && f.file_size() > 0) files.push_back(f.path().string());
    }
    std::sort(files.begin(), files.end());
    const auto& file = files[random() % files.size()];
    std::string bytes = text_of(file);
    bytes[random() % bytes.size()] = static_cast<char>(random());
    write_file(file, bytes);
    auto opened = try_open(options.path);
    if (!opened) continue;
    const auto all = read_all(**opened);
    for (std::size_t i = 0; i < all.events.size(); ++i) {
      ASSERT_LT(i, good.size());
      ASSERT_EQ(all.events[i], good[i]) << file;
    }
  }
}

}  // namespace
}  // namespace fasti::test
