// What is damaged is refused before LevelDB sees it, with the place; what a cut tore is not.

#include "persistence/log_lint.hpp"

#include "tests/persistence/disk_kit.hpp"
#include "tests/support/fault_disk.hpp"

namespace fasti::test {
namespace {

class Lint : public Disk {
 protected:
  Lint() { options.path = "/journal"; }

  [[nodiscard]] result<std::unique_ptr<journal>> try_open_on(fault_disk& disk) const {
    return persistence::open_leveldb_journal(options, disk);
  }
  /// As a kill leaves it: five commits, all of them in the log.
  [[nodiscard]] disk_tree killed() {
    fault_disk on;
    auto j = try_open_on(on);
    EXPECT_TRUE(j);
    for (int i = 0; i < 5; ++i) must_append(**j, commit_to("a-1"));
    return on.tree();
  }
  [[nodiscard]] static std::string newest_log(const disk_tree& tree) {
    std::string newest;
    for (const auto& [path, id] : tree.files()) {
      if (path.starts_with("/journal/events/") && path.ends_with(".log")) newest = path;
    }
    return newest;
  }
  static std::string bytes_of(const disk_tree& tree, const std::string& path) {
    return *tree.at(tree.find(path)).now;
  }
  void expect_refused(const disk_tree& tree, std::string_view reason, std::string_view says) const {
    fault_disk on(tree);
    auto opened = try_open_on(on);
    ASSERT_FALSE(opened) << "expected " << reason;
    EXPECT_EQ(opened.error().code, errc::corrupt);
    EXPECT_EQ(opened.error().reason, reason) << opened.error().to_string();
    EXPECT_NE(opened.error().detail.find(says), std::string::npos) << opened.error().to_string();
    EXPECT_EQ(bytes_of(on.tree(), newest_log(tree)), bytes_of(tree, newest_log(tree)))
        << "what is refused is not touched";
  }
};

TEST_F(Lint, P10_ADamagedLogIsRefusedWithFileOffsetAndLastGoodPosition) {
  auto tree = killed();
  const auto file = newest_log(tree);
  std::string bytes = bytes_of(tree, file);
  // The third record: its length is what LevelDB would take for the end of the log.
  std::size_t at = 0;
  for (int record = 0; record < 2; ++record) {
    at += 7 + static_cast<unsigned char>(bytes[at + 4]) +
          256U * static_cast<unsigned char>(bytes[at + 5]);
  }
  bytes[at + 5] = static_cast<char>(bytes[at + 5] ^ 0x40);
  tree.replace(tree.find(file), bytes);
  expect_refused(tree, "log-damaged", file + ", offset " + std::to_string(at));
  expect_refused(tree, "log-damaged", "last good position 2");
}

TEST_F(Lint, P10_AVanishedLogIsRefused) {
  auto tree = killed();
  const auto file = newest_log(tree);
  const auto bytes = bytes_of(tree, file);
  ASSERT_EQ(tree.apply({disk_op::kind::rename, 0, file, file + ".kept", "", 0}), 0);
  fault_disk on(tree);
  auto opened = try_open_on(on);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().reason, "log-missing");
  EXPECT_NE(opened.error().detail.find(file), std::string::npos);
  ASSERT_EQ(on.rename(file + ".kept", file), 0);
  opened = try_open_on(on);
  ASSERT_TRUE(opened) << "put back, it is all there";
  EXPECT_EQ((*opened)->head(), position{5});
}

TEST_F(Lint, P10_RotAtTheEndOfAClosedJournalIsRefused) {
  fault_disk on;
  {
    auto j = try_open_on(on);
    for (int i = 0; i < 5; ++i) must_append(**j, commit_to("a-1"));
    ASSERT_TRUE((*j)->close());
  }
  auto tree = on.tree();
  const auto file = newest_log(tree);
  std::string bytes = bytes_of(tree, file);
  bytes[bytes.size() - 20] = static_cast<char>(bytes[bytes.size() - 20] ^ 1);
  tree.replace(tree.find(file), bytes);
  expect_refused(tree, "log-damaged", "whole when the journal was closed");
  tree.replace(tree.find(file), std::string());
  fault_disk gone(tree);
  auto opened = try_open_on(gone);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().reason, "tail-missing") << opened.error().to_string();
}

TEST_F(Lint, P10_AManifestThatForgotItsNewestTableIsRefused) {
  fault_disk on;
  for (int round = 0; round < 3; ++round) {  // each opening makes a table of the log before it
    auto j = try_open_on(on);
    ASSERT_TRUE(j);
    must_append(**j, commit_to("a-1"));
  }
  auto tree = on.tree();
  std::string manifest;
  for (const auto& [path, id] : tree.files()) {
    if (path.find("/events/MANIFEST") != std::string::npos) manifest = path;
  }
  std::vector<std::size_t> records;
  const auto bytes = bytes_of(tree, manifest);
  for (std::size_t at = 0; at + 7 <= bytes.size();) {
    records.push_back(at);
    at += 7 + static_cast<unsigned char>(bytes[at + 4]) +
          256U * static_cast<unsigned char>(bytes[at + 5]);
  }
  ASSERT_GE(records.size(), 2U);
  tree.replace(tree.find(manifest), bytes.substr(0, records.back()));
  fault_disk left(tree);
  auto opened = try_open_on(left);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, errc::corrupt) << opened.error().to_string();
}

TEST_F(Lint, P10_ATableThatIsGoneOrCutIsRefused) {
  fault_disk on;
  for (int round = 0; round < 3; ++round) must_append(**try_open_on(on), commit_to("a-1"));
  const auto good = on.tree();
  int tables = 0;
  for (const auto& [path, id] : good.files()) {
    if (!path.starts_with("/journal/events/") || !path.ends_with(".ldb")) continue;
    ++tables;
    auto tree = good;
    tree.replace(id, bytes_of(tree, path).substr(0, 100));
    expect_refused(tree, "table-damaged", path);
    tree = good;
    ASSERT_EQ(tree.apply({disk_op::kind::remove, 0, path, "", "", 0}), 0);
    expect_refused(tree, "table-missing", path.substr(path.rfind('/')));
  }
  EXPECT_GT(tables, 0);
}

}  // namespace
}  // namespace fasti::test
