// Truncation on a disk that fails, is cut off, or is damaged: no event is lost without its base.

#include "persistence/truncation.hpp"

#include <cerrno>
#include <cstring>
#include <thread>

#include "persistence/backup.hpp"
#include "tests/persistence/disk_kit.hpp"
#include "tests/support/fault_disk.hpp"

namespace fasti::test {
namespace {

constexpr std::uint64_t events_count = 9;
constexpr std::uint64_t truncated_count = 6;

/// Keeps none, some or all of what was not synced.
class keeps_every final : public survival {
 public:
  explicit keeps_every(int nth) : nth_(nth) {}
  bool keeps() override { return nth_ != 0 && ++asked_ % nth_ == 0; }
  std::size_t torn_to(std::size_t bytes) override { return nth_ == 1 ? bytes : bytes / 2; }

 private:
  const int nth_;
  int asked_ = 0;
};

class Truncation : public Disk {
 protected:
  Truncation() { options.path = "/journal"; }

  [[nodiscard]] result<std::unique_ptr<journal>> try_open_on(fault_disk& disk) {
    return persistence::open_leveldb_journal(
        options, disk,
        {.index_events_in_memory = 4, .recovery_pause = std::chrono::milliseconds{1}});
  }
  [[nodiscard]] std::unique_ptr<journal> open_on(fault_disk& disk) {
    auto opened = try_open_on(disk);
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().to_string());
    return opened ? *std::move(opened) : nullptr;
  }
  static truncation of_a(std::uint64_t up_to = truncated_count) {
    truncation t;
    t.stream = stream("a-1");
    t.up_to = version{up_to};
    t.base = {t.stream, version{up_to}, position{up_to}, type_id{0xba5e}, {0, up_to}};
    return t;
  }
  /// A stream of nine events, each in a block of its own.
  std::unique_ptr<journal> open_filled() {
    auto j = open_on(on);
    for (std::uint64_t i = 0; i < events_count; ++i) must_append(*j, commit_to("a-1"));
    before = read_stream(*j, "a-1").events;
    return j;
  }
  /// Every event is as it was, or truncated; if one is truncated the first is, and has the base.
  void expect_nothing_lost(const journal& j, const std::string& when) {
    const auto now = read_stream(j, "a-1");
    ASSERT_FALSE(now.failed) << when << ": " << now.failed->to_string();
    ASSERT_EQ(now.events.size(), events_count) << when;
    bool any = false;
    for (std::size_t i = 0; i < now.events.size(); ++i) {
      const bool gone = now.events[i].truncated_by != no_position;
      any = any || gone;
      EXPECT_TRUE(gone ? i < truncated_count : now.events[i] == before[i]) << when << ", " << i;
    }
    auto t = j.truncation_of(stream("a-1"));
    ASSERT_TRUE(t) << when << ": " << t.error().to_string();
    EXPECT_EQ(t->has_value(), any) << when;
    EXPECT_TRUE(!*t || (*t)->base.body == of_a().base.body) << when;
  }
  [[nodiscard]] static std::size_t truncated_in(const journal& j) {
    std::size_t n = 0;
    for (const auto& e : read_stream(j, "a-1").events) n += e.truncated_by == no_position ? 0 : 1;
    return n;
  }

  fault_disk on;
  std::vector<kept_event> before;
};

TEST_F(Truncation, P5_AfterAPowerCutAnywhereEveryEventOrItsBaseIsThere) {
  std::vector<disk_tree> moments;
  std::size_t applied = 0;
  {
    auto j = open_filled();
    const auto from = on.operations();
    ASSERT_TRUE(j->truncate(of_a()));
    disk_tree tree;
    for (const auto& op : on.history()) {
      ASSERT_EQ(tree.apply(op), 0);
      if (++applied > from) moments.push_back(tree);
    }
  }
  std::size_t finished = 0;
  for (std::size_t i = 0; i < moments.size(); ++i) {
    for (const int nth : {0, 1, 2, 3}) {
      keeps_every what(nth);
      fault_disk left(moments[i].after_cut(what));
      auto j = open_on(left);
      ASSERT_TRUE(j);
      expect_nothing_lost(*j, "cut " + std::to_string(i) + ", keeps " + std::to_string(nth));
      const auto gone = truncated_in(*j);
      EXPECT_TRUE(gone == 0 || gone == truncated_count) << "opening finishes what was begun";
      finished += gone == truncated_count ? 1 : 0;
      ASSERT_TRUE(j->truncate(of_a())) << "it can be done again";
      EXPECT_EQ(truncated_in(*j), truncated_count);
    }
  }
  EXPECT_GT(finished, 0U);
  EXPECT_LT(finished, moments.size() * 4);
}

TEST_F(Truncation, P11_AnErrorAnywhereLosesNothingAndItCanBeDoneAgain) {
  std::size_t operations = 0;
  {
    auto j = open_filled();
    const auto from = on.operations();
    ASSERT_TRUE(j->truncate(of_a()));
    operations = on.operations() - from;
  }
  ASSERT_GT(operations, 5U);
  for (std::size_t failing = 0; failing < operations; ++failing) {
    on.put(disk_tree());
    auto j = open_filled();
    const auto from = on.operations();
    on.set_judge([from, failing](const disk_op&, std::size_t number) -> fault_disk::verdict {
      return {.code = number == from + failing ? EIO : 0};
    });
    const auto done = j->truncate(of_a());
    on.set_judge({});
    // The Env of a journal that met an error is closed; its writer finds out when it next writes,
    // and opens it anew, which finishes what was begun.
    while (!append_and_wait(*j, commit_to("b-1"))) std::this_thread::yield();
    expect_nothing_lost(*j, "operation " + std::to_string(failing));
    EXPECT_TRUE(!done || truncated_in(*j) == truncated_count);
    ASSERT_TRUE(j->truncate(of_a())) << "operation " << failing;
    EXPECT_EQ(truncated_in(*j), truncated_count);
    j.reset();
    expect_nothing_lost(*open_on(on), "reopened, operation " + std::to_string(failing));
  }
}

TEST_F(Truncation, TheBytesAreGone) {
  const std::string secret = "a name that must be forgotten";
  {
    auto j = open_on(on);
    commit c = commit_to("a-1", 1, expected_version::any(), 8);
    std::memcpy(c.bodies.data(), secret.data(), secret.size());
    must_append(*j, std::move(c));
    must_append(*j, commit_to("a-1"));
    ASSERT_TRUE(j->truncate(of_a(1)));
    ASSERT_TRUE(persistence::back_up(on, *j, "/archive", no_position));
  }
  const auto archive = persistence::read_file(on, "/archive");
  ASSERT_TRUE(archive);
  EXPECT_EQ(archive->find(secret), std::string::npos);
  ASSERT_TRUE(persistence::restore(on, "/archive", "/again"));
  options.path = "/again";
  auto again = open_on(on);
  EXPECT_EQ(again->truncation_of(stream("a-1"))->value().up_to, version{1});
}

TEST_F(Truncation, TheIndexCanBeMadeAnew) {
  {
    auto j = open_filled();
    ASSERT_TRUE(j->truncate(of_a()));
  }
  ASSERT_TRUE(persistence::remove_tree(on, "/journal/index"));
  auto j = open_on(on);
  expect_nothing_lost(*j, "without its index");
  EXPECT_EQ(truncated_in(*j), truncated_count);
}

TEST_F(Truncation, P10_ADamagedNoteIsToldAndKeepsNobodyFromOpening) {
  {
    auto j = open_filled();
    ASSERT_TRUE(j->truncate(of_a()));
    ASSERT_TRUE(persistence::mark_truncating(on, "/journal", {position{3}}));
  }
  auto j = open_on(on);
  expect_nothing_lost(*j, "with a note that leads nowhere");
  ASSERT_EQ(log.lines().size(), 1U);
  EXPECT_NE(log.lines()[0].find("cannot be finished"), std::string::npos) << log.lines()[0];
  EXPECT_TRUE(j->truncate(of_a(8))) << "it stands in nobody's way";
}

TEST(TruncatedBlock, ABlockGetsShorterAndStaysWhatItWas) {
  persistence::block_writer writer;
  writer.begin(position{1});
  commit c = commit_to("a-1", 3, expected_version::any(), 50);
  add_part(c, "b-1", 2);
  c.origin.correlation = {5, 6};
  c.origin.metadata = "who";
  const std::vector<version> first{version{1}, version{1}};
  writer.add(c, first, timestamp{});
  const auto whole = writer.finish();
  const auto made = whole->without_bodies("a-1", version{2}, position{9});
  ASSERT_TRUE(made);
  ASSERT_TRUE(*made);
  const auto& less = **made;
  EXPECT_EQ(less.bytes().size(), whole->bytes().size() - 2 * 49 * word_bytes);
  EXPECT_EQ(less.header().format, persistence::block_format_truncated);
  EXPECT_EQ(less.header().types, whole->header().types);
  std::vector<kept_event> events;
  ASSERT_TRUE(less.each_commit(no_position, [&events](const persistence::commit_view& v) {
    v.each_event([&events](const recorded_event& e) {
      events.emplace_back(e);
      return true;
    });
    return true;
  }));
  ASSERT_EQ(events.size(), 5U);
  EXPECT_EQ(events[0].truncated_by, position{9});
  EXPECT_EQ(events[1].truncated_by, position{9});
  EXPECT_EQ(events[2].truncated_by, no_position);
  EXPECT_EQ(events[2].body.size(), 50U);
  EXPECT_EQ(events[2].metadata, "who");
  EXPECT_EQ(events[4].stream, "b-1");
  EXPECT_FALSE(less.without_bodies("a-1", version{2}, position{9})->operator bool());
}

}  // namespace
}  // namespace fasti::test
