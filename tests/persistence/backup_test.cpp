// Archives: what goes in comes out, and nothing else does.

#include "persistence/backup.hpp"

#include <cerrno>
#include <thread>

#include "tests/persistence/disk_kit.hpp"
#include "tests/support/fault_disk.hpp"

namespace fasti::test {
namespace {

class Backup : public Disk {
 protected:
  Backup() { options.path = "/journal"; }

  [[nodiscard]] result<std::unique_ptr<journal>> try_open_on(fault_disk& disk,
                                                             const std::string& path) {
    auto there = options;
    there.path = path;
    return persistence::open_leveldb_journal(there, disk);
  }
  [[nodiscard]] std::unique_ptr<journal> open_on(fault_disk& disk, const std::string& path) {
    auto opened = try_open_on(disk, path);
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().to_string());
    return opened ? *std::move(opened) : nullptr;
  }
  static void append_some(journal& j, int count) {
    for (int i = 0; i < count; ++i) {
      commit c = commit_to("a-" + std::to_string(i % 3), 1 + static_cast<std::uint32_t>(i) % 3);
      if (i % 4 == 0) add_part(c, "b-1", 2);
      c.origin.metadata = "m" + std::to_string(i);
      must_append(j, std::move(c));
    }
  }
  static archive_summary must(const result<archive_summary>& r) {
    EXPECT_TRUE(r) << (r ? "" : r.error().to_string());
    return r ? *r : archive_summary{};
  }
  [[nodiscard]] std::string bytes_of(const std::string& path) {
    auto text = persistence::read_file(on, path);
    EXPECT_TRUE(text);
    return text ? *text : "";
  }
  /// Another file with these bytes.
  void put_file(const std::string& path, const std::string& bytes) {
    std::unique_ptr<persistence::disk_file> file;
    ASSERT_EQ(on.create(path, file), 0);
    ASSERT_EQ(persistence::write_all(*file, bytes), 0);
  }
  void expect_damaged(const std::string& bytes, const std::string& what) {
    put_file("/bad", bytes);
    const auto verified = persistence::verify_backup(on, "/bad");
    ASSERT_FALSE(verified) << what;
    EXPECT_TRUE(verified.error().reason == "archive-damaged" ||
                verified.error().reason == "newer-format")
        << what << ": " << verified.error().to_string();
  }

  fault_disk on;
};

TEST_F(Backup, ARestoredJournalIsTheJournal) {
  auto j = open_on(on, "/journal");
  append_some(*j, 30);
  const auto good = read_all(*j).events;
  const auto made = must(persistence::back_up(on, *j, "/whole", no_position));
  EXPECT_EQ(made.journal, j->id());
  EXPECT_EQ(made.last, j->head());
  EXPECT_EQ(made.events, good.size());
  EXPECT_EQ(made.commits, 30U);
  EXPECT_EQ(made.bytes, bytes_of("/whole").size());
  EXPECT_EQ(must(persistence::verify_backup(on, "/whole")).events, good.size());
  EXPECT_EQ(must(persistence::restore(on, "/whole", "/again")).last, made.last);
  auto again = open_on(on, "/again");
  EXPECT_EQ(again->id(), j->id());
  EXPECT_EQ(read_all(*again).events, good);
  EXPECT_EQ(read_stream(*again, "b-1").events, read_stream(*j, "b-1").events);
  EXPECT_TRUE(again->find_command(good.front().command)) << "P8 holds for it, too";
  append_some(*again, 3);
}

TEST_F(Backup, AnEmptyJournalHasAnEmptyBackup) {
  auto j = open_on(on, "/journal");
  EXPECT_EQ(must(persistence::back_up(on, *j, "/whole", no_position)).events, 0U);
  EXPECT_EQ(must(persistence::restore(on, "/whole", "/again")).last, no_position);
  append_some(*open_on(on, "/again"), 2);
}

TEST_F(Backup, LaterOnesAddWhatCameSince) {
  auto j = open_on(on, "/journal");
  append_some(*j, 10);
  const auto first = must(persistence::back_up(on, *j, "/1", no_position));
  append_some(*j, 10);
  const auto second = must(persistence::back_up(on, *j, "/2", first.last));
  EXPECT_EQ(second.after, first.last);
  append_some(*j, 10);
  must(persistence::back_up(on, *j, "/3", second.last));
  must(persistence::restore(on, "/1", "/again"));
  const auto gap = persistence::import_archive(on, "/3", "/again");
  ASSERT_FALSE(gap);
  EXPECT_EQ(gap.error().reason, "archive-gap");
  must(persistence::import_archive(on, "/2", "/again"));
  must(persistence::import_archive(on, "/2", "/again"));  // twice does no harm
  must(persistence::import_archive(on, "/3", "/again"));
  EXPECT_EQ(read_all(*open_on(on, "/again")).events, read_all(*j).events);
  EXPECT_EQ(persistence::restore(on, "/2", "/elsewhere").error().reason, "archive-gap");
}

TEST_F(Backup, IsOfOneMomentWhileCommitsGoOn) {
  auto j = open_on(on, "/journal");
  append_some(*j, 20);
  std::atomic<bool> ended{false};
  std::thread writer([&] {
    while (!ended) must_append(*j, commit_to("a-1"));
  });
  for (int i = 0; i < 5; ++i) {
    const auto name = "/copy-" + std::to_string(i);
    const auto made = must(persistence::back_up(on, *j, name, no_position));
    EXPECT_EQ(made.events, count_of(made.last)) << "no gap, no end beyond its own";
    EXPECT_EQ(must(persistence::verify_backup(on, name)).last, made.last);
  }
  ended = true;
  writer.join();
}

TEST_F(Backup, IntoAnEmptyDirectoryOnly) {
  auto j = open_on(on, "/journal");
  append_some(*j, 3);
  must(persistence::back_up(on, *j, "/whole", no_position));
  EXPECT_EQ(persistence::back_up(on, *j, "/whole", no_position).error().reason, "file-exists");
  EXPECT_EQ(persistence::restore(on, "/whole", "/journal").error().reason, "not-empty");
  EXPECT_TRUE(j->close());
}

TEST_F(Backup, OfAnotherJournalIsNotImported) {
  auto j = open_on(on, "/journal");
  append_some(*j, 3);
  must(persistence::back_up(on, *j, "/whole", no_position));
  auto other = open_on(on, "/other");
  other.reset();
  EXPECT_EQ(persistence::import_archive(on, "/whole", "/other").error().reason, "foreign-archive");
}

TEST_F(Backup, P10_EveryFlippedBitIsSeen) {
  auto j = open_on(on, "/journal");
  append_some(*j, 4);
  must(persistence::back_up(on, *j, "/whole", no_position));
  const auto good = bytes_of("/whole");
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string flipped = good;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    expect_damaged(flipped, "bit " + std::to_string(bit));
  }
}

TEST_F(Backup, P10_CutLengthenedAndShuffledIsSeen) {
  auto j = open_on(on, "/journal");
  append_some(*j, 4);
  must(persistence::back_up(on, *j, "/whole", no_position));
  const auto good = bytes_of("/whole");
  for (std::size_t size = 0; size < good.size(); size += 7) {
    expect_damaged(good.substr(0, size), "cut to " + std::to_string(size));
  }
  expect_damaged(good + "x", "a byte more");
  expect_damaged(good + good, "twice");
  // Frames of one size, two of them exchanged.
  const auto frames = good.substr(56, good.size() - 56 - 40);
  const auto first = 24 + persistence::detail::read_as<std::uint64_t>(frames, 8);
  if (first < frames.size()) {
    expect_damaged(good.substr(0, 56) + frames.substr(first) + frames.substr(0, first) +
                       good.substr(good.size() - 40),
                   "another order");
  }
}

/// Half of what is not synced survives, by chance.
class by_chance final : public survival {
 public:
  bool keeps() override { return (++calls_ * 0x9e3779b9U >> 16U) % 2 == 0; }
  std::size_t torn_to(std::size_t bytes) override { return bytes / 2; }

 private:
  unsigned calls_ = 0;
};

TEST_F(Backup, ARestoreThatWasCutShortDoesNotOpen) {
  auto j = open_on(on, "/journal");
  append_some(*j, 8);
  const auto events = read_all(*j).events.size();
  must(persistence::back_up(on, *j, "/whole", no_position));
  disk_tree at = on.tree();
  const auto before = on.operations();
  must(persistence::restore(on, "/whole", "/again"));
  const auto history = on.history();
  bool opened_empty = false;
  for (std::size_t k = before; k <= history.size(); ++k) {
    if (k > before) {
      ASSERT_EQ(at.apply(history[k - 1]), 0);
    }
    by_chance chance;
    fault_disk left(at.after_cut(chance));
    auto opened = try_open_on(left, "/again");
    if (!opened) {
      EXPECT_TRUE(opened.error().reason == "restore-incomplete" ||
                  opened.error().reason == "not-a-journal")
          << opened.error().to_string();
      continue;
    }
    const auto there = read_all(**opened).events.size();
    if (there == 0) opened_empty = true;  // nothing of it was there yet: a new journal
    EXPECT_TRUE(there == 0 || there == events) << "cut after " << k - before;
    if (there == 0) {
      EXPECT_LT(k - before, 8U) << "only before it had begun";
    }
  }
  EXPECT_TRUE(opened_empty);
}

TEST_F(Backup, AFullDiskLeavesNoFile) {
  auto j = open_on(on, "/journal");
  append_some(*j, 8);
  on.set_judge([](const disk_op& op, std::size_t) -> fault_disk::verdict {
    const bool is_backup = op.path.starts_with("/whole") && op.what == disk_op::kind::write;
    return {.code = is_backup ? ENOSPC : 0};
  });
  const auto made = persistence::back_up(on, *j, "/whole", no_position);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().reason, "storage-failed");
  on.set_judge({});
  EXPECT_FALSE(on.exists("/whole"));
  EXPECT_FALSE(on.exists("/whole.new"));
  must_append(*j, commit_to("a-1"));
}

}  // namespace
}  // namespace fasti::test
