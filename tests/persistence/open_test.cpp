// Opening: what is made, what is found again, and what is refused without touching anything.

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "persistence/identity.hpp"
#include "tests/persistence/disk_kit.hpp"

namespace fasti::test {
namespace {

class Opening : public Disk {};

TEST_F(Opening, MissingJournalIsRefusedUnlessAskedFor) {
  options.when_missing = when_missing::refuse;
  expect_refused(options.path, errc::invalid, "no-journal", options.path);
  EXPECT_FALSE(fs::exists(options.path));
  options.when_missing = when_missing::create;
  fill(1);
  options.when_missing = when_missing::refuse;
  EXPECT_EQ(open()->head(), position{1});
}

TEST_F(Opening, MakesParentsAndTakesATrailingSlash) {
  options.path = directory / "some/where/journal/";
  fill(2);
  EXPECT_EQ(open()->head(), position{2});
}

TEST_F(Opening, EmptyDirectoryWillDo) {
  fs::create_directory(options.path);
  fill(1);
}

TEST_F(Opening, FilesAreForTheOwnerOnly) {
  fill(5);
  const auto mode_of = [](const fs::path& p) {
    return static_cast<unsigned>(fs::status(p).permissions()) & 0777U;
  };
  EXPECT_EQ(mode_of(options.path), 0700U);
  for (const auto& f : fs::recursive_directory_iterator(options.path)) {
    EXPECT_EQ(mode_of(f.path()), f.is_directory() ? 0700U : 0600U) << f.path();
  }
}

TEST_F(Opening, ForeignFilesAreRefusedAndKept) {
  fs::create_directory(options.path);
  write_file(options.path + "/notes.txt", "mine");
  expect_refused(options.path, errc::invalid, "not-a-journal");
  EXPECT_EQ(text_of(options.path + "/notes.txt"), "mine");
  EXPECT_EQ(files_in(options.path).size(), 1U);
}

TEST_F(Opening, MissingIdentityIsRefusedAndNothingIsDeleted) {
  fill(5);
  fs::remove(options.path + "/identity");
  const auto before = files_in(options.path);
  expect_refused(options.path, errc::invalid, "not-a-journal");
  EXPECT_EQ(files_in(options.path), before);
}

TEST_F(Opening, MissingCurrentIsRefusedAndNothingIsDeleted) {
  fill(5);
  fs::remove(options.path + "/events/CURRENT");
  const auto before = files_in(options.path);
  expect_refused(options.path, errc::corrupt, "database-incomplete", "events/CURRENT");
  EXPECT_EQ(files_in(options.path), before);
}

TEST_F(Opening, MissingEventsAreRefused) {
  fill(5);
  fs::remove_all(options.path + "/events");
  expect_refused(options.path, errc::corrupt, "database-incomplete");
  EXPECT_FALSE(fs::exists(options.path + "/events"));
}

TEST_F(Opening, P10_EveryByteOfTheIdentityCounts) {
  fill(1);
  const std::string file = options.path + "/identity";
  const std::string good = text_of(file);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x01);
    write_file(file, bad);
    auto opened = try_open(options.path);
    ASSERT_FALSE(opened) << "byte " << at;
    EXPECT_TRUE(opened.error().reason == "identity-damaged" ||
                opened.error().reason == "newer-format")
        << opened.error().to_string();
  }
  for (const auto& bad : {std::string(), good.substr(0, 20), good + "x", good + "\n"}) {
    write_file(file, bad);
    expect_refused(options.path, errc::corrupt, "identity-damaged", "identity");
  }
  write_file(file, good);
  EXPECT_EQ(open()->head(), position{1});
}

TEST_F(Opening, NewerJournalFormatIsRefusedByName) {
  fill(1);
  write_file(options.path + "/identity", "fasti journal\nformat 7\nkey of the future\n");
  expect_refused(options.path, errc::invalid, "newer-format", "7");
}

TEST_F(Opening, CreationThatWasCutShortStartsOver) {
  fs::create_directories(options.path + "/events");
  write_file(options.path + "/creating", "");
  write_file(options.path + "/events/000003.log", "half");
  write_file(options.path + "/identity.new", "fasti jour");
  fill(3);
  EXPECT_FALSE(fs::exists(options.path + "/creating"));
  EXPECT_FALSE(fs::exists(options.path + "/identity.new"));
  EXPECT_EQ(open()->head(), position{3});
}

TEST_F(Opening, CreationCutShortAfterTheIdentityIsDone) {
  fill(3);
  write_file(options.path + "/creating", "");
  EXPECT_EQ(open()->head(), position{3});
}

TEST_F(Opening, P7_SecondOpenInTheSameProcessIsRefused) {
  auto held = open();
  fs::create_directory_symlink(options.path, directory / "alias");
  for (const auto& path : {options.path, directory / "alias", options.path + "/../journal"}) {
    auto second = try_open(path);
    ASSERT_FALSE(second) << path;
    EXPECT_EQ(second.error().code, errc::unavailable);
    EXPECT_NE(second.error().detail.find("this process"), std::string::npos)
        << second.error().detail;
  }
  EXPECT_EQ(must_append(*held, commit_to("a-1")).last_position, position{1});
  held.reset();
  EXPECT_EQ(open()->head(), position{1});
}

TEST_F(Opening, P7_OpenInAnotherProcessIsRefusedAndTheHolderNamed) {
  fill(1);
  int ready[2];
  int done[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(done), 0);
  const auto child = ::fork();
  ASSERT_GE(child, 0);
  char byte = 0;
  if (child == 0) {
    ::close(done[1]);
    // Only the lock: a forked child has none of LevelDB's threads.
    auto held = persistence::posix_disk().lock(options.path + "/events/LOCK");
    byte = held ? 'y' : 'n';
    const bool told = ::write(ready[1], &byte, 1) == 1;
    const bool asked = ::read(done[0], &byte, 1) >= 0;
    ::_exit(held && told && asked ? 0 : 1);  // as if killed: nothing is closed
  }
  ::close(ready[1]);
  ::close(done[0]);
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'y');
  auto second = try_open(options.path);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, errc::unavailable);
  EXPECT_NE(second.error().detail.find("process " + std::to_string(child)), std::string::npos)
      << second.error().detail;
  ::close(done[1]);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(open()->head(), position{1}) << "the kernel frees a dead process's lock";
  ::close(ready[0]);
}

TEST_F(Opening, P7_CreationUnderwayElsewhereIsNotSweptAway) {
  auto others =
      persistence::begin_creation(persistence::posix_disk(), options.path, when_missing::create);
  ASSERT_TRUE(others);
  auto events = persistence::database::open(persistence::posix_disk(), options.path + "/events",
                                            persistence::create_mode::create, {});
  ASSERT_TRUE(events);
  const auto before = files_in(options.path);
  expect_refused(options.path, errc::unavailable, "locked", "this process");
  EXPECT_EQ(files_in(options.path), before);
  // It goes on and is done; then this one finds a journal.
  ASSERT_TRUE(persistence::finish_creation(persistence::posix_disk(), options.path));
  *events = nullptr;
  *others = nullptr;
  EXPECT_EQ(open()->head(), no_position);
}

}  // namespace
}  // namespace fasti::test
