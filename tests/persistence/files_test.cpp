// The door to the disk: the latch, what is synced when, who may read, who may open.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <leveldb/env.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <thread>

#include "persistence/durable_env.hpp"
#include "persistence/file_lock.hpp"
#include "tests/persistence/disk_kit.hpp"
#include "tests/support/fault_disk.hpp"

namespace {

/// The calls of sync_file_range that this thread made.
struct sent_range {
  off64_t from = 0;
  off64_t bytes = 0;
  unsigned how = 0;
};
thread_local std::vector<sent_range> sent;
thread_local int next_send_fails_with = 0;

}  // namespace

/// Stands in for the system's, in this program.
extern "C" int sync_file_range(int fd, off64_t from, off64_t bytes, unsigned how) {
  sent.push_back({from, bytes, how});
  if (const int why = std::exchange(next_send_fails_with, 0); why != 0) return errno = why, -1;
  return static_cast<int>(::syscall(SYS_sync_file_range, fd, from, bytes, how));
}

namespace fasti::test {
namespace {

using persistence::file_lock;

// -- file_lock -----------------------------------------------------------------------------------

TEST(FileLock, OneHolderInAProcessByWhateverName) {
  temp_dir directory;
  fs::create_directory_symlink(directory.path(), directory / "alias");
  auto held = file_lock::acquire(directory / "LOCK");
  ASSERT_TRUE(held);
  for (const auto& path : {directory / "LOCK", directory / "alias/LOCK", directory / "./LOCK"}) {
    auto second = file_lock::acquire(path);
    ASSERT_FALSE(second) << path;
    EXPECT_EQ(second.error().code, errc::unavailable);
    EXPECT_EQ(second.error().reason, "locked");
  }
  fs::create_hard_link(directory / "LOCK", directory / "twin");
  EXPECT_FALSE(file_lock::acquire(directory / "twin"));
  EXPECT_TRUE(file_lock::acquire(directory / "another"));
  *held = nullptr;
  EXPECT_TRUE(file_lock::acquire(directory / "LOCK"));
}

TEST(FileLock, ARefusedSecondOpenDoesNotFreeTheFirst) {
  temp_dir directory;
  auto held = file_lock::acquire(directory / "LOCK");
  ASSERT_TRUE(held);
  EXPECT_FALSE(file_lock::acquire(directory / "LOCK"));
  EXPECT_FALSE(file_lock::acquire(directory / "LOCK"));
  struct stat s {};
  ASSERT_EQ(::stat((directory / "LOCK").c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 0777U, 0600U);
}

TEST(FileLock, AFileThatCannotBeMadeIsAnError) {
  auto refused = file_lock::acquire("/proc/no-such-place/LOCK");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "lock-failed");
}

TEST(FileLock, P7_AForkedChildNeitherKeepsItNorFreesIt) {
  temp_dir directory;
  auto held = file_lock::acquire(directory / "LOCK");
  ASSERT_TRUE(held);
  // A child that lets go of its copy frees nothing.
  const auto first = ::fork();
  ASSERT_GE(first, 0);
  if (first == 0) {
    *held = nullptr;
    ::_exit(0);
  }
  ::waitpid(first, nullptr, 0);
  const auto stranger = ::fork();
  ASSERT_GE(stranger, 0);
  if (stranger == 0) {
    const int fd = ::open((directory / "LOCK").c_str(), O_RDWR | O_CLOEXEC);
    ::_exit(::flock(fd, LOCK_EX | LOCK_NB) == 0 ? 1 : 0);
  }
  int status = 0;
  ::waitpid(stranger, &status, 0);
  EXPECT_EQ(status, 0) << "it is still held";
  // One that lives on with its copy keeps nothing.
  std::array<int, 2> wait{};
  ASSERT_EQ(::pipe(wait.data()), 0);
  const auto second = ::fork();
  ASSERT_GE(second, 0);
  if (second == 0) {
    ::close(wait[1]);
    char byte = 0;
    ::_exit(::read(wait[0], &byte, 1) == 0 ? 0 : 1);
  }
  ::close(wait[0]);
  *held = nullptr;
  EXPECT_TRUE(file_lock::acquire(directory / "LOCK"));
  ::close(wait[1]);
  ::waitpid(second, nullptr, 0);
}

// -- durable_env ---------------------------------------------------------------------------------

class DurableEnv : public ::testing::Test {
 protected:
  using file = std::unique_ptr<leveldb::WritableFile>;

  file make(const std::string& path) {
    leveldb::WritableFile* made = nullptr;
    const auto s = env->NewWritableFile(path, &made);
    EXPECT_TRUE(s.ok()) << s.ToString();
    return file(made);
  }

  bool can_make(const std::string& path) {
    leveldb::WritableFile* made = nullptr;
    const auto s = env->NewWritableFile(path, &made);
    delete made;
    return s.ok();
  }

  temp_dir directory;
  const std::unique_ptr<persistence::expected_logs> logs = begin_logs();
  const std::unique_ptr<leveldb::Env> env =
      persistence::make_durable_env(persistence::posix_disk(), *logs);

 private:
  [[nodiscard]] std::unique_ptr<persistence::expected_logs> begin_logs() const {
    auto read = persistence::expected_logs::read(persistence::posix_disk(), directory.path());
    EXPECT_TRUE(read);
    EXPECT_EQ((*read)->begin(), 0);
    return *std::move(read);
  }
};

TEST_F(DurableEnv, FilesAndDirectoriesAreForTheOwnerOnly) {
  ASSERT_TRUE(env->CreateDir(directory / "db").ok());
  const auto made = make(directory / "db/000001.log");
  EXPECT_EQ(static_cast<unsigned>(fs::status(directory / "db").permissions()), 0700U);
  EXPECT_EQ(static_cast<unsigned>(fs::status(directory / "db/000001.log").permissions()), 0600U);
}

TEST_F(DurableEnv, WhatIsAppendedIsThere) {
  std::string all;
  {
    auto f = make(directory / "000001.log");
    for (const std::size_t size : {1U, 100U, 65535U, 65536U, 65537U, 200'000U, 3U}) {
      const std::string piece(size, static_cast<char>('a' + size % 26));
      ASSERT_TRUE(f->Append(piece).ok());
      all += piece;
    }
    ASSERT_TRUE(f->Sync().ok());
    ASSERT_TRUE(f->Close().ok());
  }
  leveldb::RandomAccessFile* opened = nullptr;
  ASSERT_TRUE(env->NewRandomAccessFile(directory / "000001.log", &opened).ok());
  const std::unique_ptr<leveldb::RandomAccessFile> reader(opened);
  std::string scratch(all.size() + 10, '\0');
  leveldb::Slice read;
  ASSERT_TRUE(reader->Read(0, scratch.size(), &read, scratch.data()).ok());
  EXPECT_EQ(read.ToString(), all);
  ASSERT_TRUE(reader->Read(all.size() + 5, 10, &read, scratch.data()).ok());
  EXPECT_EQ(read.size(), 0U) << "behind the end there is nothing, and no SIGBUS";
}

TEST_F(DurableEnv, LogsAreNeverReused) {
  leveldb::WritableFile* made = nullptr;
  EXPECT_TRUE(env->NewAppendableFile(directory / "000001.log", &made).IsNotSupportedError());
  EXPECT_EQ(made, nullptr);
}

TEST_F(DurableEnv, TheOldLogReachesTheDiskBeforeThereIsANewOne) {
  auto old = make(directory / "000001.log");
  ASSERT_TRUE(old->Append("unsynced").ok());
  EXPECT_EQ(fs::file_size(directory / "000001.log"), 0U) << "still in the buffer";
  auto made = make(directory / "000002.log");
  EXPECT_EQ(fs::file_size(directory / "000001.log"), 8U);
  old.reset();
  auto third = make(directory / "000003.log");
}

/// What happened to a file to which 4 MiB were appended, as LevelDB does that with a table's
/// blocks.
std::vector<disk_op> filled(const std::string& name) {
  fault_disk disk;
  EXPECT_EQ(disk.make_directory("/db"), 0);
  auto logs = persistence::expected_logs::read(disk, "/db");
  EXPECT_TRUE(logs);
  EXPECT_EQ((*logs)->begin(), 0);
  const auto env = persistence::make_durable_env(disk, **logs);
  leveldb::WritableFile* made = nullptr;
  EXPECT_TRUE(env->NewWritableFile("/db/" + name, &made).ok());
  const std::unique_ptr<leveldb::WritableFile> file(made);
  const std::string piece(10'000, 'x');
  for (std::size_t size = 0; size < 4U << 20; size += piece.size()) {
    EXPECT_TRUE(file->Append(piece).ok());
    EXPECT_TRUE(file->Flush().ok());
  }
  EXPECT_TRUE(file->Sync().ok());
  std::vector<disk_op> all;
  for (const auto& op : disk.history()) {
    if (op.path == "/db/" + name) all.push_back(op);
  }
  return all;
}

/// The most that it had unsynced at any time.
std::size_t most_unsynced(const std::string& name) {
  std::size_t unsynced = 0;
  std::size_t most = 0;
  for (const auto& op : filled(name)) {
    if (op.what == disk_op::kind::write) most = std::max(most, unsynced += op.data.size());
    if (op.what == disk_op::kind::sync) unsynced = 0;
  }
  EXPECT_EQ(unsynced, 0U);
  return most;
}

TEST(DurableEnvTables, AreSyncedAsTheyGrowSoThatNoCommitWaitsForAllOfOne) {
  constexpr std::size_t step = 1U << 20;
  const auto most = most_unsynced("000007.ldb");
  EXPECT_GE(most, step) << "a sync costs something, too";
  EXPECT_LE(most, step + (128U << 10));
  EXPECT_GE(most_unsynced("000008.log"), 4U << 20) << "when a log is synced is for who writes it";
}

TEST(DurableEnvTables, AreWrittenInWholePagesAndLogsAsSoonAsLevelDbWantsIt) {
  const auto sizes = [](const std::string& name) {
    std::vector<std::size_t> all;
    for (const auto& op : filled(name)) {
      if (op.what == disk_op::kind::write) all.push_back(op.data.size());
    }
    return all;
  };
  auto of_table = sizes("000007.ldb");
  std::size_t bytes = 0;
  for (const auto n : of_table) bytes += n;
  EXPECT_EQ(bytes, 4'200'000U) << "all of it";
  of_table.pop_back();  // its end
  for (const auto n : of_table) EXPECT_EQ(n % 4096, 0U);
  EXPECT_EQ(sizes("000008.log"), std::vector<std::size_t>(420, 10'000))
      << "a commit that is not synced outlives its process";
}

// -- the files of the system ---------------------------------------------------------------------

struct PosixFile : testing::Test {
  void SetUp() override {
    sent.clear();
    ASSERT_EQ(persistence::posix_disk().create(directory / "file", file), 0);
  }

  temp_dir directory;
  std::unique_ptr<persistence::disk_file> file;
  static constexpr std::size_t piece = 256U << 10;
};

TEST_F(PosixFile, GoesToTheDiskPieceByPieceAndNoneIsBegunBeforeTheLastOneIsThere) {
  const std::string much(4 * piece + 100, 'x');
  ASSERT_EQ(write_all(*file, much), 0);
  ASSERT_EQ(sent.size(), 4U) << "however much is given at once";
  off64_t begun = 0;  // where the piece before begins
  off64_t end = 0;
  for (const auto& s : sent) {
    EXPECT_EQ(s.how, static_cast<unsigned>(SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE));
    EXPECT_EQ(s.from, begun) << "waits for that";
    EXPECT_EQ(s.from + s.bytes - end, static_cast<off64_t>(piece)) << "begins one more";
    begun = std::exchange(end, s.from + s.bytes);
  }
  EXPECT_EQ(file->sync(), 0);
  EXPECT_EQ(file->close(), 0);
  EXPECT_EQ(fs::file_size(directory / "file"), much.size());
}

TEST_F(PosixFile, ALittleThatIsSyncedIsNotSentBefore) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(write_all(*file, std::string(piece / 2, 'x')), 0);
    ASSERT_EQ(file->sync(), 0);
  }
  EXPECT_TRUE(sent.empty());
}

TEST_F(PosixFile, P11_WhatGoesWrongOnTheWayIsSaidOnceSoItIsTheWritesError) {
  next_send_fails_with = EIO;
  EXPECT_EQ(write_all(*file, std::string(piece, 'x')), EIO);
}

TEST_F(PosixFile, ASystemThatKnowsNoPiecesIsNoError) {
  for (const int why : {ENOSYS, EINVAL, ESPIPE}) {
    next_send_fails_with = why;
    EXPECT_EQ(write_all(*file, std::string(piece, 'x')), 0) << why;
    EXPECT_EQ(next_send_fails_with, 0) << "it was asked";
  }
}

TEST_F(DurableEnv, MissingFilesAreNotFound) {
  leveldb::RandomAccessFile* none = nullptr;
  EXPECT_TRUE(env->NewRandomAccessFile(directory / "none", &none).IsNotFound());
  EXPECT_EQ(none, nullptr);
  EXPECT_FALSE(env->RemoveFile(directory / "none").ok());
}

TEST_F(DurableEnv, WhichLogsThereAreIsKept) {
  { const auto made = make(directory / "000007.log"); }
  { const auto table = make(directory / "000008.ldb"); }
  auto read = persistence::expected_logs::read(persistence::posix_disk(), directory.path());
  ASSERT_TRUE(read);
  EXPECT_TRUE((*read)->check(1));
  fs::rename(directory / "000007.log", directory / "elsewhere");
  EXPECT_EQ((*read)->check(1).error().reason, "log-missing");
  EXPECT_TRUE((*read)->check(8)) << "all of it is in tables";
  fs::rename(directory / "elsewhere", directory / "000007.log");
  ASSERT_TRUE(env->RemoveFile(directory / "000007.log").ok());
  read = persistence::expected_logs::read(persistence::posix_disk(), directory.path());
  EXPECT_EQ((*read)->check(7).error().reason, "log-missing") << "MANIFEST should not want it";
  EXPECT_TRUE((*read)->check(8));
}

// -- the latch, on a disk that fills up ----------------------------------------------------------

/// A file system of four megabytes, if this process may mount one.
class small_disk {
 public:
  explicit small_disk(const std::string& path) : path_(path) {
    fs::create_directory(path_);
    mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=4m") == 0;
  }
  ~small_disk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  small_disk(const small_disk&) = delete;
  small_disk& operator=(const small_disk&) = delete;
  [[nodiscard]] bool is_there() const noexcept { return mounted_; }

 private:
  const std::string path_;
  bool mounted_ = false;
};

TEST_F(DurableEnv, P11_TheFirstErrorOfALogLatches) {
  const small_disk disk(directory / "disk");
  if (!disk.is_there()) GTEST_SKIP() << "may not mount a small file system here";
  auto log = make(directory / "disk/000001.log");
  auto table = make(directory / "disk/000002.ldb");
  const std::string filler(256 << 10, 'x');
  leveldb::Status s;
  for (int i = 0; i < 20 && s.ok(); ++i) s = log->Append(filler);
  ASSERT_FALSE(s.ok()) << "the disk is full";
  fs::resize_file(directory / "disk/000001.log", 0);  // now there is room again
  EXPECT_FALSE(log->Append("x").ok());
  EXPECT_FALSE(log->Flush().ok());
  EXPECT_FALSE(log->Sync().ok());
  EXPECT_FALSE(can_make(directory / "disk/000003.log"));
  EXPECT_FALSE(table->Append("x").ok()) << "whoever opens it next has it alone";
  EXPECT_FALSE(env->RemoveFile(directory / "disk/000002.ldb").ok());
  EXPECT_FALSE(log->Close().ok());
}

class FullDisk : public Disk {};

TEST_F(FullDisk, P11_NothingIsAcknowledgedUntilThereIsRoomAgain) {
  const small_disk disk(directory / "disk");
  if (!disk.is_there()) GTEST_SKIP() << "may not mount a small file system here";
  options.path = directory / "disk/journal";
  const std::string ballast = directory / "disk/ballast";
  auto j = open();
  ASSERT_TRUE(j);
  write_file(directory / "disk/filler", std::string(3200 << 10, 'x'));
  write_file(ballast, std::string(100 << 10, 'x'));
  outcome_log outcomes;
  auto session = std::make_shared<commit_session>();
  int handed = 0;
  std::uint64_t good = 0;
  bool failed = false;
  for (; handed < 200 && !failed; ++handed) {
    auto c = commit_to("a-1", 1, expected_version::any(), 4096);
    if (!j->append(std::move(c), session, outcomes.observer(handed))) break;
    outcomes.wait_for(static_cast<std::size_t>(handed) + 1);
    failed = !outcomes.of(handed);
    if (!failed) ++good;
  }
  ASSERT_TRUE(failed);
  EXPECT_EQ(outcomes.of(handed - 1).error().code, errc::unknown);
  EXPECT_TRUE(session->is_broken());
  EXPECT_EQ(read_stream(*j, "a-1").events.size(), good) << "what is durable is readable";
  EXPECT_EQ(j->head(), position{good});
  // To recover, LevelDB needs room for a table: as soon as there is some, the journal goes on.
  fs::remove(ballast);
  fs::resize_file(directory / "disk/filler", 0);
  while (j->failure()) std::this_thread::yield();
  const auto left = count_of(j->head());
  EXPECT_GE(left, good) << "nothing acknowledged is lost";
  EXPECT_LE(left, good + 1) << "the unknown one may be there";
  EXPECT_EQ(must_append(*j, commit_to("a-1")).last_position, position{left + 1});
  EXPECT_EQ(read_stream(*j, "a-1").events.size(), left + 1);
  EXPECT_TRUE(j->close());
  j.reset();
  EXPECT_EQ(open()->head(), position{left + 1});
}

TEST_F(FullDisk, ADiskThatBecomesReadOnlyStopsTheJournalAndNoMore) {
  const small_disk disk(directory / "disk");
  if (!disk.is_there()) GTEST_SKIP() << "may not mount a small file system here";
  options.path = directory / "disk/journal";
  auto j = open();
  must_append(*j, commit_to("a-1"));
  j.reset();
  const std::string at = directory / "disk";
  ASSERT_EQ(::mount("tmpfs", at.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr), 0);
  const auto before = files_in(options.path);
  auto refused = try_open(options.path);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::unavailable) << refused.error().to_string();
  EXPECT_NE(refused.error().detail.find("Read-only"), std::string::npos);
  EXPECT_EQ(files_in(options.path), before);
  ASSERT_EQ(::mount("tmpfs", at.c_str(), "tmpfs", MS_REMOUNT, nullptr), 0);
  EXPECT_EQ(open()->head(), position{1});
}

}  // namespace
}  // namespace fasti::test
