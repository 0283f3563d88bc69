// Bytes that were shipped stay readable for ever: never change the files in tests/golden/, add new
// ones. Each is hexadecimal text; blanks and line breaks do not count.

#include <gtest/gtest.h>

#include <fstream>

#include "persistence/identity.hpp"
#include "persistence/packed_block.hpp"
#include "tests/persistence/disk_kit.hpp"

namespace fasti::test {
namespace {

std::string golden(const std::string& name) {
  std::ifstream in(std::string(FASTI_GOLDEN_DIR) + "/" + name);
  EXPECT_TRUE(in) << name;
  std::string digits;
  for (char c = 0; in >> c;) digits += c;
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

std::string as_hex(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    text += digits[c >> 4U];
    text += digits[c & 15U];
    if (i % 8 == 7) text += i % 32 == 31 ? '\n' : ' ';
  }
  return text;
}

const timestamp first_time{std::chrono::nanoseconds{1'700'000'000'123'456'789}};

/// One commit with everything, one with nothing that can be left out.
std::vector<commit> golden_commits() {
  commit full;
  full.origin.id = command_id{{0x0102030405060708, 0x1112131415161718}};
  full.origin.correlation = {0x2122232425262728, 0x3132333435363738};
  full.origin.causation = {0x4142434445464748, 0x5152535455565758};
  full.origin.metadata = "teller=7";
  full.fingerprint = 0xfedcba9876543210;
  full.parts.push_back({stream("account-4711"), expected_version::any(), 2});
  full.parts.push_back({stream("audit-1"), expected_version::any(), 1});
  full.events = {{type_id{0xa1b2c3d4e5f60718}, 2},
                 {type_id{0xa1b2c3d4e5f60719}, 1},
                 {type_id{0xa1b2c3d4e5f6071a}, 3}};
  full.bodies = {0x0000000100000000, 100, 0x0000000000000000, 1, 2, 3};
  commit bare;
  bare.origin.id = command_id{{1, 2}};
  bare.fingerprint = 3;
  bare.parts.push_back({stream("b-1"), expected_version::any(), 1});
  bare.events = {{type_id{0xb0}, 1}};
  bare.bodies = {0x77};
  return {full, bare};
}

std::shared_ptr<const persistence::block> golden_block() {
  const auto commits = golden_commits();
  persistence::block_writer writer;
  writer.begin(position{1000});
  const std::vector<version> firsts{version{5}, version{1}};
  writer.add(commits[0], firsts, first_time);
  writer.add(commits[1], firsts, first_time + std::chrono::seconds{1});
  return writer.finish();
}

TEST(Golden, BlockFormat1) {
  const std::string bytes = golden("block-1.hex");
  const auto commits = golden_commits();
  const auto made = golden_block();
  ASSERT_EQ(as_hex(made->bytes()), as_hex(bytes)) << "the same events must give the same bytes";

  auto opened = persistence::block::open(bytes, position{1003});
  ASSERT_TRUE(opened) << opened.error().to_string();
  std::vector<kept_event> events;
  ASSERT_TRUE((*opened)->each_commit(no_position, [&](const persistence::commit_view& c) {
    c.each_event([&](const recorded_event& e) {
      events.emplace_back(e);
      return true;
    });
    return true;
  }));
  ASSERT_EQ(events.size(), 4U);
  const char* streams[] = {"account-4711", "account-4711", "audit-1", "b-1"};
  const std::uint64_t versions[] = {5, 6, 1, 5};
  // Event ids are derived, and just as much for ever as the bytes are.
  const char* ids[] = {"de04095bd6f67dd11a346972000bd70b", "de04095bd6f67dd11a346972000bd70c",
                       "de04095bd6f67dd11a346972000bd70d", "589722369b5d4296132317fdbcf67645"};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(events[i].stream, streams[i]);
    EXPECT_EQ(events[i].version, version{versions[i]});
    EXPECT_EQ(events[i].position, position{1000 + i});
    EXPECT_EQ(events[i].id.to_string(), ids[i]);
    const auto& from = i < 3 ? commits[0] : commits[1];
    EXPECT_EQ(events[i].type, from.events[i % 3].type);
    EXPECT_EQ(events[i].command, from.origin.id);
    EXPECT_EQ(events[i].metadata, from.origin.metadata);
  }
  EXPECT_EQ(events[0].correlation, commits[0].origin.correlation);
  EXPECT_EQ(events[0].causation, commits[0].origin.causation);
  EXPECT_EQ(events[3].correlation, commits[1].origin.id);
  EXPECT_EQ(events[0].body, (std::vector<word>{0x0000000100000000, 100}));
  EXPECT_EQ(events[2].body, (std::vector<word>{1, 2, 3}));
  EXPECT_EQ(events[2].time, first_time);
  EXPECT_EQ(events[3].time, first_time + std::chrono::seconds{1});
}

TEST(Golden, BlockFormat1HasRepliesTracesAndTags) {
  const std::string bytes = golden("block-1-full.hex");
  auto commits = golden_commits();
  commits[0].reply = {type_id{0xc1c2c3c4c5c6c7c8}, {0x0000000200000000, 300, 0}};
  commits[0].origin.trace = {{0x6162636465666768, 0x7172737475767778}, 0x8182838485868788, 1};
  commits[0].tags = std::string("red\0round\0blue\0", 15);
  commits[0].events[0].tag_bytes = 10;
  commits[0].events[2].tag_bytes = 5;
  persistence::block_writer writer;
  writer.begin(position{1000});
  writer.add(commits[0], std::vector<version>{version{5}, version{1}}, first_time);
  writer.add(commits[1], std::vector<version>{version{9}}, first_time);
  ASSERT_EQ(as_hex(writer.finish()->bytes()), as_hex(bytes));
  auto opened = persistence::block::open(bytes, position{1003});
  ASSERT_TRUE(opened) << opened.error().to_string();
  std::vector<command_reply> replies;
  std::vector<kept_event> events;
  ASSERT_TRUE((*opened)->each_commit(no_position, [&](const persistence::commit_view& c) {
    replies.push_back({c.reply_type, {c.reply.begin(), c.reply.end()}});
    c.each_event([&events](const recorded_event& e) { return events.emplace_back(e), true; });
    return true;
  }));
  EXPECT_EQ(replies, (std::vector<command_reply>{commits[0].reply, {}}));
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(events[2].trace, commits[0].origin.trace);
  EXPECT_TRUE(events[3].trace.is_none());
  EXPECT_EQ(events[0].tags, (std::vector<std::string>{"red", "round"}));
  EXPECT_TRUE(events[1].tags.empty());
  EXPECT_EQ(events[2].tags, std::vector<std::string>{"blue"});
}

TEST(Golden, BlockFormat2HasTruncatedEvents) {
  const std::string bytes = golden("block-2.hex");
  const auto made = golden_block()->without_bodies("account-4711", version{5}, position{2000});
  ASSERT_TRUE(made);
  ASSERT_EQ(as_hex((*made)->bytes()), as_hex(bytes)) << "the same events must give the same bytes";
  auto opened = persistence::block::open(bytes, position{1003});
  ASSERT_TRUE(opened) << opened.error().to_string();
  std::vector<kept_event> events;
  ASSERT_TRUE((*opened)->each_commit(no_position, [&](const persistence::commit_view& c) {
    c.each_event([&](const recorded_event& e) {
      events.emplace_back(e);
      return true;
    });
    return true;
  }));
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(events[0].truncated_by, position{2000});
  EXPECT_TRUE(events[0].body.empty());
  EXPECT_EQ(events[1].truncated_by, no_position);
  EXPECT_EQ(events[1].body, (std::vector<word>{0}));
  EXPECT_EQ(events[2].body, (std::vector<word>{1, 2, 3}));
}

/// Another release of LZ4 may pack otherwise, so what counts is what comes out.
TEST(Golden, PackedFormat1) {
  const auto commits = golden_commits();
  persistence::block_writer writer;
  writer.begin(position{1000});
  const std::vector<version> firsts{version{5}, version{1}};
  for (int i = 0; i < 12; ++i) writer.add(commits[0], firsts, first_time);
  const auto made = writer.finish();
  auto opened = persistence::unpacked(golden("packed-1.hex"), position{1035});
  ASSERT_TRUE(opened) << opened.error().to_string();
  EXPECT_EQ(as_hex((*opened)->bytes()), as_hex(made->bytes()));
}

TEST(Golden, IdentityFormat1) {
  temp_dir directory;
  const std::string bytes = golden("identity-1.hex");
  std::ofstream(directory / "identity", std::ios::binary) << bytes;
  auto found = persistence::find_identity(persistence::posix_disk(), directory.path());
  ASSERT_TRUE(found) << found.error().to_string();
  ASSERT_TRUE(*found);
  const std::string id = (*found)->to_string();
  EXPECT_EQ(id, "0193a1b2c3d4e5f60718293a4b5c6d7e");
  EXPECT_TRUE(bytes.starts_with("fasti journal\nformat 1\nid " + id + "\nchecksum "));

  // What is written today has this form too.
  auto made = persistence::finish_creation(persistence::posix_disk(), directory.path());
  ASSERT_TRUE(made);
  std::ostringstream text;
  text << std::ifstream(directory / "identity", std::ios::binary).rdbuf();
  EXPECT_TRUE(
      text.str().starts_with("fasti journal\nformat 1\nid " + made->to_string() + "\nchecksum "));
  EXPECT_EQ(text.str().size(), bytes.size());
}

}  // namespace
}  // namespace fasti::test
