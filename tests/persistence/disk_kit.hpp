#pragma once
/// A journal on the disk, and hands that damage it behind its back.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

#include "persistence/blocks.hpp"
#include "persistence/database.hpp"
#include "persistence/leveldb_journal.hpp"
#include "tests/support/journal_kit.hpp"
#include "tests/support/temp_dir.hpp"

namespace fasti::test {

namespace fs = std::filesystem;

/// Collects log lines; must outlive the journal.
class warnings {
 public:
  [[nodiscard]] log_sink sink() {
    return [this](log_level, std::string_view line) {
      const std::lock_guard lock(mutex_);
      lines_.emplace_back(line);
    };
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;  // protected by mutex_
};

class Disk : public ::testing::Test {
 protected:
  Disk() {
    options.path = directory / "journal";
    options.when_missing = when_missing::create;
    options.clock = clock.source();
    options.log = log.sink();
  }

  [[nodiscard]] result<std::unique_ptr<journal>> try_open(const std::string& path) const {
    auto there = options;
    there.path = path;
    return persistence::open_leveldb_journal(there);
  }
  [[nodiscard]] std::unique_ptr<journal> open() const {
    auto opened = try_open(options.path);
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().to_string());
    return opened ? *std::move(opened) : nullptr;
  }
  static committed must_append(journal& j, commit c) {
    auto outcome = append_and_wait(j, std::move(c));
    EXPECT_TRUE(outcome) << (outcome ? "" : outcome.error().to_string());
    return outcome ? *outcome : committed{};
  }
  /// `count` commits of one event, each in a block of its own, over three streams.
  std::vector<kept_event> fill(int count) const {
    auto j = open();
    for (int i = 0; i < count; ++i) must_append(*j, commit_to("a-" + std::to_string(i % 3)));
    return read_all(*j).events;
  }
  void expect_refused(std::string_view path, errc code, std::string_view reason,
                      std::string_view says = {}) const {
    auto opened = try_open(std::string(path));
    ASSERT_FALSE(opened) << "expected " << reason;
    EXPECT_EQ(opened.error().code, code) << opened.error().to_string();
    EXPECT_EQ(opened.error().reason, reason) << opened.error().to_string();
    EXPECT_NE(opened.error().detail.find(says), std::string::npos) << opened.error().to_string();
  }

  // -- behind the journal's back; it must be closed ----------------------------------------------
  [[nodiscard]] std::unique_ptr<persistence::database> raw(const std::string& name) const {
    auto db = persistence::database::open(persistence::posix_disk(), options.path + "/" + name,
                                          persistence::create_mode::must_exist, {});
    EXPECT_TRUE(db) << (db ? "" : db.error().to_string());
    return *std::move(db);
  }
  [[nodiscard]] std::string block_at(std::uint64_t key) const {
    std::string value;
    EXPECT_TRUE(*raw("events")->get(persistence::big_endian(key), value));
    return value;
  }
  void put_block(std::uint64_t key, const std::string& value) const {
    leveldb::WriteBatch batch;
    batch.Put(persistence::big_endian(key), value);
    EXPECT_TRUE(raw("events")->write_synced(batch));
  }
  void remove_block(std::uint64_t key) const {
    leveldb::WriteBatch batch;
    batch.Delete(persistence::big_endian(key));
    EXPECT_TRUE(raw("events")->write_synced(batch));
  }
  static std::string text_of(const std::string& file) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return text.str();
  }
  static void write_file(const std::string& file, const std::string& text) {
    std::ofstream(file, std::ios::binary) << text;
  }
  /// Every file below a directory with its size: to see that nothing was touched.
  static std::vector<std::string> files_in(const std::string& path) {
    std::vector<std::string> all;
    for (const auto& f : fs::recursive_directory_iterator(path)) {
      all.push_back(f.path().string() +
                    (f.is_regular_file() ? " " + std::to_string(f.file_size()) : ""));
    }
    std::sort(all.begin(), all.end());
    return all;
  }

  temp_dir directory;
  test_clock clock;
  warnings log;
  runtime_options options;
};

}  // namespace fasti::test
