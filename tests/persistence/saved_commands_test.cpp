// The window of command ids that lies beside the index: used when it is whole, never trusted else.

#include <map>

#include "tests/persistence/disk_kit.hpp"

namespace fasti::test {
namespace {

class SavedCommands : public Disk {
 protected:
  static command_id id_of(int i) { return command_id::of(std::to_string(i)); }

  /// Commits `from`..`to`, both included, one event each, in one opening of the journal.
  void append(int from, int to) const {
    auto j = open();
    ASSERT_TRUE(j);
    for (int i = from; i <= to; ++i) {
      commit c = commit_to("a-" + std::to_string(i % 3));
      c.origin.id = id_of(i);
      must_append(*j, std::move(c));
    }
    ASSERT_TRUE(j->close());
  }
  /// Which of the ids 1..`to` the journal knows, with the right outcome.
  [[nodiscard]] std::vector<int> known(int to) const {
    auto j = open();
    std::vector<int> found;
    for (int i = 1; j && i <= to; ++i) {
      const auto command = j->find_command(id_of(i));
      if (!command) continue;
      found.push_back(i);
      EXPECT_EQ(command->fingerprint, 7U);
      EXPECT_EQ(command->outcome.first_position, position{static_cast<std::uint64_t>(i)});
      EXPECT_EQ(command->outcome.last_position, position{static_cast<std::uint64_t>(i)});
      EXPECT_EQ(command->outcome.version, version{static_cast<std::uint64_t>((i - 1) / 3 + 1)});
    }
    return found;
  }
  static std::vector<int> numbers(int from, int to) {
    std::vector<int> all;
    for (int i = from; i <= to; ++i) all.push_back(i);
    return all;
  }
  /// The files, by name.
  [[nodiscard]] std::map<std::string, std::string> saved() const {
    std::map<std::string, std::string> all;
    for (const auto& f : fs::directory_iterator(options.path + "/index")) {
      const auto name = f.path().filename().string();
      if (name.starts_with("commands-")) all[name] = text_of(f.path().string());
    }
    return all;
  }
  void put(const std::map<std::string, std::string>& files) const {
    for (const auto& [name, content] : files) write_file(path_of(name), content);
  }
  [[nodiscard]] std::string path_of(const std::string& name) const {
    return options.path + "/index/" + name;
  }
};

TEST_F(SavedCommands, SpareTheBlocks) {
  append(1, 4);
  append(5, 9);
  put_block(5, std::string(16, 'x'));
  EXPECT_EQ(known(9), numbers(1, 9));
  auto j = open();
  EXPECT_TRUE(read_all(*j, {.after = position{4}, .to = position{5}}).failed);
}

TEST_F(SavedCommands, GoOnBehindTheWatermark) {
  append(1, 4);
  auto j = open();
  for (int i = 5; i <= 9; ++i) {
    commit c = commit_to("a-" + std::to_string(i % 3));
    c.origin.id = id_of(i);
    must_append(*j, std::move(c));
  }
  const std::string killed = directory / "killed";
  fs::copy(options.path, killed, fs::copy_options::recursive);
  j.reset();
  options.path = killed;
  put_block(2, std::string(16, 'x'));
  EXPECT_EQ(known(9), numbers(1, 9));
  EXPECT_EQ(saved().size(), 2U) << "closing saved the rest";
  EXPECT_EQ(known(9), numbers(1, 9));
}

TEST_F(SavedCommands, DamagedOnesAreReadFromTheBlocksAndReplaced) {
  append(1, 4);
  append(5, 9);
  const auto good = saved();
  ASSERT_EQ(good.size(), 2U);
  for (const auto& [name, content] : good) {
    std::vector<std::string> bad;
    for (std::size_t at = 3; at < content.size(); at += 29) {
      bad.push_back(content);
      bad.back()[at] = static_cast<char>(bad.back()[at] ^ (1 << (at % 8)));
    }
    for (const auto size : {std::size_t{0}, std::size_t{48}, content.size() - 1}) {
      bad.push_back(content.substr(0, size));
    }
    for (const auto& b : bad) {
      auto now = good;
      now[name] = b;
      put(now);
      EXPECT_EQ(known(9), numbers(1, 9));
    }
    EXPECT_EQ(saved().size(), 1U) << "closing has saved the whole window";
  }
  EXPECT_TRUE(log.lines().empty()) << log.lines().front();
}

TEST_F(SavedCommands, MissingOnesAreReadFromTheBlocks) {
  for (int i = 1; i <= 9; i += 3) append(i, i + 2);
  const auto good = saved();
  ASSERT_EQ(good.size(), 3U);
  for (const auto& [name, content] : good) {
    ASSERT_TRUE(fs::remove(path_of(name)));
    EXPECT_EQ(known(9), numbers(1, 9));
    EXPECT_EQ(saved().size(), 1U) << "closing has saved the whole window";
    fs::remove(path_of("commands-1"));
    put(good);
  }
}

TEST_F(SavedCommands, ThatCannotBeReadAreReadFromTheBlocks) {
  append(1, 4);
  append(5, 9);
  ASSERT_TRUE(fs::remove(path_of("commands-5")));
  fs::create_directory(path_of("commands-5"));  // whoever reads it gets an error
  EXPECT_EQ(known(9), numbers(1, 9));
}

TEST_F(SavedCommands, OfAFlushThatWasCutShortDoNotCount) {
  append(1, 4);
  append(5, 9);
  const auto good = saved();
  append(10, 12);
  // The file was written, the watermark had not risen yet.
  fs::copy(options.path, directory / "later", fs::copy_options::recursive);
  fs::remove_all(options.path);
  options.path = directory / "earlier";
  append(1, 4);
  append(5, 9);
  const auto ahead = text_of(directory / "later/index/commands-10");
  write_file(path_of("commands-10"), ahead);
  put_block(5, std::string(16, 'x'));
  EXPECT_EQ(known(9), numbers(1, 9)) << "the others are used";
  EXPECT_EQ(saved().size(), 3U);
  append(10, 10);
  EXPECT_EQ(saved().size(), 3U);
  EXPECT_NE(saved().at("commands-10"), ahead);
  EXPECT_EQ(known(10), numbers(1, 10));
}

TEST_F(SavedCommands, AreRemovedWhenTheWindowHasPassed) {
  options.journal.command_ids_max = 5;
  for (int i = 1; i <= 30; i += 2) append(i, i + 1);
  EXPECT_EQ(saved().size(), 3U);
  EXPECT_EQ(known(30), numbers(26, 30));
  options.journal.command_ids_max = 12;
  EXPECT_EQ(known(30), numbers(19, 30)) << "a window that was made longer is read from the blocks";
  EXPECT_EQ(saved().size(), 1U);
  EXPECT_EQ(known(30), numbers(19, 30));
}

TEST_F(SavedCommands, AreRemovedWhenTheyAreTooOld) {
  options.journal.command_ids_age_max = std::chrono::hours{3};
  for (int i = 1; i <= 10; ++i) {
    append(i, i);
    clock.advance(std::chrono::hours{1});
  }
  EXPECT_EQ(saved().size(), 4U);
  EXPECT_EQ(known(10), numbers(7, 10));
}

TEST_F(SavedCommands, AreNotNeededForAJournalWithoutAWindow) {
  options.journal.command_ids_max = 0;
  append(1, 6);
  EXPECT_TRUE(known(6).empty());
}

}  // namespace
}  // namespace fasti::test
