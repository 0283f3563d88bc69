// What a kill leaves: the files as they are at some moment, copied while the journal is open.

#include "persistence/stream_index.hpp"
#include "tests/persistence/disk_kit.hpp"

namespace fasti::test {
namespace {

class Crash : public Disk {
 protected:
  /// The directory as a kill at this moment would leave it.
  [[nodiscard]] std::string image() {
    std::string to = directory / ("image-" + std::to_string(++images_));
    fs::copy(options.path, to, fs::copy_options::recursive);
    return to;
  }
  [[nodiscard]] std::unique_ptr<journal> open_image(const std::string& path) const {
    auto opened = try_open(path);
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().to_string());
    return opened ? *std::move(opened) : nullptr;
  }
  static void expect_streams_fit(const journal& j) {
    std::map<std::string, std::vector<kept_event>> streams;
    for (auto& e : read_all(j).events) streams[e.stream].push_back(e);
    for (const auto& [name, events] : streams) {
      EXPECT_EQ(read_stream(j, name).events, events) << name;
    }
  }

 private:
  int images_ = 0;
};

TEST_F(Crash, P1_AKillLosesNothingAcknowledged) {
  auto j = open();
  std::vector<command_id> ids;
  for (int i = 0; i < 30; ++i) {
    commit c = commit_to("a-" + std::to_string(i % 4), 2);
    ids.push_back(c.origin.id);
    must_append(*j, std::move(c));
    if (i % 10 != 9) continue;
    const auto good = read_all(*j).events;
    auto again = open_image(image());
    ASSERT_TRUE(again);
    EXPECT_EQ(read_all(*again).events, good);
    EXPECT_EQ(again->stats().events_reindexed_at_open, good.size());
    for (const auto& id : ids) EXPECT_TRUE(again->find_command(id));
    expect_streams_fit(*again);
    EXPECT_EQ(must_append(*again, commit_to("a-0")).last_position, next(good.back().position));
  }
}

TEST_F(Crash, P5_ACutAnywhereInTheLogLeavesABeginning) {
  auto j = open();
  for (int i = 0; i < 12; ++i) must_append(*j, commit_to("a-1"));
  const auto good = read_all(*j).events;
  const std::string whole = image();
  std::string file;
  for (const auto& f : fs::directory_iterator(whole + "/events")) {
    if (f.path().extension() == ".log") file = f.path().filename().string();
  }
  const std::string bytes = text_of(whole + "/events/" + file);
  std::size_t longest = 0;
  for (std::size_t size = 0; size <= bytes.size(); size += 197) {
    const std::string cut = image();
    write_file(cut + "/events/" + file, bytes.substr(0, size));
    auto again = open_image(cut);
    ASSERT_TRUE(again) << "cut at " << size;
    const auto left = read_all(*again).events;
    ASSERT_LE(left.size(), good.size());
    EXPECT_TRUE(std::equal(left.begin(), left.end(), good.begin()));
    EXPECT_GE(left.size(), longest) << "a longer log never holds less";
    longest = left.size();
    expect_streams_fit(*again);
    again.reset();
    fs::remove_all(cut);
  }
}

TEST_F(Crash, IndexThatIsGoneIsMadeAnew) {
  const auto good = fill(20);
  fs::remove_all(options.path + "/index");
  auto j = open();
  EXPECT_EQ(j->stats().events_reindexed_at_open, 20U);
  EXPECT_EQ(read_all(*j).events, good);
  expect_streams_fit(*j);
  j.reset();
  EXPECT_EQ(open()->stats().events_reindexed_at_open, 0U) << "it was kept";
}

TEST_F(Crash, DamagedIndexIsMadeAnewWithAWarning) {
  fill(20);
  write_file(options.path + "/index/CURRENT", "MANIFEST-999999\n");
  auto j = open();
  ASSERT_TRUE(j);
  expect_streams_fit(*j);
  ASSERT_FALSE(log.lines().empty());
  EXPECT_NE(log.lines().front().find("index is made anew"), std::string::npos);
}

TEST_F(Crash, IndexOfAnotherJournalIsMadeAnewWithAWarning) {
  fill(20);
  const std::string first = options.path;
  options.path = directory / "other";
  fill(30);
  fs::remove_all(options.path + "/index");
  fs::copy(first + "/index", options.path + "/index", fs::copy_options::recursive);
  auto j = open();
  ASSERT_TRUE(j);
  EXPECT_EQ(j->stats().events_reindexed_at_open, 30U);
  expect_streams_fit(*j);
  ASSERT_FALSE(log.lines().empty());
  EXPECT_NE(log.lines().front().find("another journal"), std::string::npos);
}

TEST_F(Crash, IndexAheadOfTheJournalIsMadeAnew) {
  fill(10);
  const std::string shorter = image();
  fill(10);
  fs::remove_all(shorter + "/index");
  fs::copy(options.path + "/index", shorter + "/index", fs::copy_options::recursive);
  auto j = open_image(shorter);
  ASSERT_TRUE(j);
  EXPECT_EQ(j->head(), position{10});
  expect_streams_fit(*j);
  EXPECT_FALSE(log.lines().empty());
}

TEST_F(Crash, FlushOfTheIndexThatWasCutShortIsRepeated) {
  fill(10);
  auto j = open();
  for (int i = 0; i < 6; ++i) must_append(*j, commit_to("a-1"));
  const std::string at = image();
  j.reset();
  // The flush had written the stream's run, but not yet its version and the watermark.
  {
    auto index = persistence::database::open(persistence::posix_disk(), at + "/index",
                                             persistence::create_mode::must_exist, {});
    ASSERT_TRUE(index);
    std::string run_key = "r";
    run_key += '\0';
    run_key += '\3';
    run_key += "a-1" + persistence::big_endian(4);
    const std::string run = std::string("\x0b\1\1\1\1\1", 6);  // 11, and each one behind it
    leveldb::WriteBatch batch;
    batch.Put(run_key, run);
    ASSERT_TRUE((*index)->write_synced(batch));
  }
  auto again = open_image(at);
  ASSERT_TRUE(again);
  expect_streams_fit(*again);
  EXPECT_EQ(read_stream(*again, "a-1").newest, version{9});
  EXPECT_TRUE(log.lines().empty()) << "what is there is used: " << log.lines().front();
}

TEST_F(Crash, FlushThatKnewMoreThanTheJournalDoesNow) {
  fill(9);
  const std::string at = image();
  {
    auto index = persistence::database::open(persistence::posix_disk(), at + "/index",
                                             persistence::create_mode::must_exist, {});
    ASSERT_TRUE(index);
    leveldb::WriteBatch batch;
    batch.Put(std::string("r\0\3a-1", 6) + persistence::big_endian(4), std::string("\x0c\1", 2));
    ASSERT_TRUE((*index)->write_synced(batch));
  }
  for (int round = 0; round < 2; ++round) {
    auto j = open_image(at);
    ASSERT_TRUE(j);
    EXPECT_EQ(read_stream(*j, "a-1").versions().size(), 3U + static_cast<unsigned>(round));
    expect_streams_fit(*j);
    must_append(*j, commit_to("a-1"));
    expect_streams_fit(*j);
  }
}

TEST_F(Crash, DamagedTableOfTheIndexIsMadeAnew) {
  // Enough for tables of the index's own, then a tail that has to look into them.
  {
    auto j = open();
    for (int i = 0; i < 70; ++i) {
      must_append(*j, commit_to("a-" + std::to_string(i), 4096, expected_version::any(), 1));
    }
  }
  { auto settled = open(); }  // a log becomes a table at open
  auto j = open();
  for (int i = 0; i < 70; ++i) must_append(*j, commit_to("a-" + std::to_string(i)));
  const std::string at = image();
  j.reset();
  int tables = 0;
  for (const auto& f : fs::directory_iterator(at + "/index")) {
    if (f.path().extension() != ".ldb") continue;
    ++tables;
    std::string bytes = text_of(f.path().string());
    for (std::size_t i = 100; i < bytes.size() - 100; i += 500) bytes[i] ^= 0x55;
    write_file(f.path().string(), bytes);
  }
  ASSERT_GT(tables, 0);
  auto again = open_image(at);
  ASSERT_TRUE(again);
  EXPECT_EQ(read_stream(*again, "a-7").newest, version{4097});
  EXPECT_FALSE(log.lines().empty());
}

TEST_F(Crash, ReadsSpanWhatIsOnTheDiskAndWhatIsInMemory) {
  // More events than the index keeps in memory: some are flushed, some are not.
  auto j = open();
  for (int i = 0; i < 80; ++i) {
    must_append(*j, commit_to("a-" + std::to_string(i % 2), 4096, expected_version::any(), 1));
  }
  const auto check = [](const journal& in) {
    for (const auto* name : {"a-0", "a-1"}) {
      std::uint64_t v = 0;
      auto newest = in.read_stream(stream(name), {}, [&v](const recorded_event& e) {
        EXPECT_EQ(count_of(e.version), ++v);
        return visit::more;
      });
      ASSERT_TRUE(newest) << newest.error().to_string();
      EXPECT_EQ(v, 40U * 4096);
      auto middle = read_stream(in, name, {.from = version{131'000}, .events_max = 200});
      ASSERT_EQ(middle.events.size(), 200U);
      EXPECT_EQ(middle.events.front().version, version{131'000});
    }
  };
  check(*j);
  const std::string at = image();
  j.reset();
  auto again = open_image(at);
  ASSERT_TRUE(again);
  check(*again);
  EXPECT_EQ(must_append(*again, commit_to("a-0")).version, version{40 * 4096 + 1});
}

}  // namespace
}  // namespace fasti::test
